#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "compiler/driver/compile.h"
#include "runtime/io/csv_decoder.h"
#include "runtime/io/json_decoder.h"
#include "runtime/io/lines.h"
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

// A file of records, whatever it is: JSON lines or CSV, compressed or not, with records that are too long.
void read_records(std::string_view text) {
  static const int memory = memfd_create("records", MFD_CLOEXEC);
  if (ftruncate(memory, 0) != 0 || pwrite(memory, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    std::abort();
  io::SplitOptions options;
  options.max_record_bytes = 1000;
  io::RecordSplitter splitter({fmt::format("/proc/self/fd/{}", memory)}, plan(), options);
  io::JsonDecoder json(plan());
  io::CsvDecoder csv(plan());
  value::Arena arena(size_t{8} << 20);
  std::vector<value::Value> slots;
  io::RawBatch batch;
  size_t records = 0;
  while (splitter.next(&batch) && batch.status.ok() && records < 10'000) {
    for (const io::Slice& slice : batch.slices) {
      ++records;
      if (slice.end < slice.begin || slice.end + io::kPadding > batch.text.size()) std::abort();
      if (slice.rejected) continue;
      arena.reset();
      slots.clear();
      io::RowTarget target;
      target.arena = &arena;
      target.slots = &slots;
      target.file = "f";
      target.line = slice.line;
      io::Reject reject;
      const std::string_view record(batch.text.data() + slice.begin, slice.end - slice.begin);
      const bool taken = batch.csv != nullptr ? csv.decode(record, *batch.csv, &target, &reject)
                                              : json.decode(record, &target, &reject);
      if (taken && slots.size() < target.row + plan().events[target.event].fields.size()) std::abort();
      if (!taken && reject.message.empty()) std::abort();
    }
  }
}

}  // namespace weir::fuzz
