// Rules through every stage: no text may end the process, in LLVM neither, and no tier may see another verdict.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "compiler/driver/compile.h"
#include "runtime/engine/engine.h"
#include "tests/fuzz/targets.h"

namespace weir::fuzz {

namespace {

using types::EventSchema;
using value::Value;

// Some value of each type that one is easily made for; what is left is absent.
Value sample(const types::Type* type) {
  switch (type->base()->kind()) {
    case types::Kind::kBool:
      return Value::boolean(true);
    case types::Kind::kInt:
    case types::Kind::kDyn:
      return Value::integer(4);
    case types::Kind::kUint:
      return Value::uint(4);
    case types::Kind::kDouble:
      return Value::dbl(0.5);
    case types::Kind::kString:
      return Value::string("some text");
    case types::Kind::kTimestamp:
      return Value::timestamp(1'700'000'000, 0);
    default:
      return Value::missing();
  }
}

std::string verdicts(const ir::Program& program, std::shared_ptr<const engine::Rules> rules) {
  engine::SessionOptions options;
  options.max_steps = 100'000;
  engine::Session session(std::move(rules), options);
  std::string out;
  for (uint32_t event = 0; event < program.events.size(); ++event) {
    for (int time = 0; time < 3; ++time) {
      std::vector<Value> row(program.events[event].slot_count);
      bool whole = true;
      const auto& fields = program.events[event].schema.fields;
      for (size_t f = 0; f < fields.size(); ++f) {
        row[f] = sample(fields[f].type);
        whole = whole && (fields[f].optional || !row[f].is_missing());
      }
      if (!whole) break;
      row[EventSchema::kTimeSlot] = Value::timestamp(1'700'000'000 + time, 0);
      row[EventSchema::kIdSlot] = Value::string("");
      const engine::EventResult& result = session.evaluate(event, row.data());
      out += fmt::format("{}: {} {} {}:", event, ir::verdict_name(result.verdict), result.score, result.effects.size());
      for (const engine::Hit& hit : result.hits)
        out += fmt::format(" {}={}", hit.rule, engine::outcome_name(hit.outcome));
      out += '\n';
    }
  }
  return out;
}

}  // namespace

void compile_native(std::string_view text) {
  driver::CompileOptions options;
  options.lint = false;
  options.max_rules = 200;
  options.read_file = [](base::FileId, const std::string&) { return std::optional<std::string>("a\nb\n10.0.0.0/8\n"); };
  const driver::Compilation out = driver::compile({{"fuzz.weir", std::string(text)}}, options);
  if (out.program == nullptr) return;
  const auto interpreted = engine::Rules::create(out.program, {engine::Tier::kInterpreter});
  if (!interpreted.ok()) {
    if (interpreted.status().message().empty()) std::abort();
    return;
  }
  const std::string expected = verdicts(*out.program, *interpreted);
#ifdef WEIR_HAVE_JIT
  const auto native = engine::Rules::create(out.program, {engine::Tier::kNative});
  if (!native.ok()) {
    fmt::print(stderr, "no native code: {}\n{}\n", native.status().ToString(), text);
    std::abort();
  }
  // An exhausted budget may end rules of a group at another place (docs/architecture.md, "Steps").
  if (expected.find("error") == std::string::npos && verdicts(*out.program, *native) != expected) {
    fmt::print(stderr, "the tiers disagree:\n{}\n{}\n{}\n", expected, verdicts(*out.program, *native), text);
    std::abort();
  }
#endif
}

}  // namespace weir::fuzz
