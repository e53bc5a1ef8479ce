#include <string>
#include <vector>

#include "compiler/driver/compile.h"
#include "runtime/io/json_decoder.h"
#include "tests/fuzz/targets.h"

namespace weir::fuzz {

namespace {

// One event with a field of every type a record can fill.
const io::DecodePlan& plan() {
  static const driver::Compilation compilation =
      driver::compile({{"fuzz.weir",
                        "entity Account: string\nevent e { a: Account b: bool i: int u: uint d: double s: string? t: "
                        "timestamp? l: list<string>? "
                        "m: map<string, int>? n: list<list<int>>? }"}},
                      {});
  static const io::DecodePlan made = *io::make_plan(*compilation.program, {}, {});
  return made;
}

}  // namespace

void decode_json(std::string_view text) {
  static io::JsonDecoder decoder(plan());
  value::Arena arena;
  std::vector<value::Value> slots;
  io::RowTarget target;
  target.arena = &arena;
  target.slots = &slots;
  std::string padded(text);
  padded.append(io::kPadding, '\0');
  io::Reject reject;
  decoder.decode({padded.data(), text.size()}, &target, &reject);
}

}  // namespace weir::fuzz
