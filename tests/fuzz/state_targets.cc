#include <cstdlib>
#include <string>
#include <vector>

#include "compiler/driver/compile.h"
#include "runtime/durable/event_record.h"
#include "runtime/durable/log_file.h"
#include "runtime/durable/snapshot_file.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/state_copy.h"
#include "runtime/engine/state_image.h"
#include "tests/fuzz/targets.h"

namespace weir::fuzz {

namespace {

using engine::StateSection;
using value::Value;

constexpr size_t kMaxBytes = 1 << 20;

std::shared_ptr<const engine::Rules> make_rules() {
  std::string text =
      "event e { k: A n: int d: double s: string }\nentity A: string\nlabel seen on A max 1h\n"
      "rule r on e { id \"R\" when e.n > 3 then { label e.k as seen } once per e.s every 1m limit 5 per 1h mode live "
      "}\n";
  std::string tells;
  int n = 0;
  for (const char* aggregation :
       {"count()", "sum(e.n)", "sum(e.d)", "min(e.s)", "max(e.n)", "mean(e.d)", "stddev(e.d)", "distinct(e.s)",
        "last(e.s)", "first(e.n)", "top(e.s, 2)", "quantile(e.d, 0.5)", "entropy(e.s)"}) {
    for (const char* window : {"1m every 1s", "1m exact", "last 3", "session 10s", "all"}) {
      tells += "{f" + std::to_string(n) + "}";
      text += "feature f" + std::to_string(n++) + " = " + aggregation + " from e by e.k over " + window + "\n";
    }
  }
  text += "rule tells on e { id \"T\" when true because \"" + tells + "\" }\n";
  driver::CompileOptions options;
  options.lint = false;
  const auto compilation = driver::compile({{"fuzz.weir", text}}, options);
  if (compilation.program == nullptr) std::abort();
  auto rules = engine::Rules::create(compilation.program, {engine::Tier::kInterpreter});
  if (!rules.ok()) std::abort();
  return *rules;
}

const std::shared_ptr<const engine::Rules>& shared_rules() {
  static const std::shared_ptr<const engine::Rules> made = make_rules();
  return made;
}
const engine::Rules& rules() { return *shared_rules(); }

// Every feature, by name.
const std::vector<ir::NodeId>& reads() {
  static const std::vector<ir::NodeId> made = [] {
    std::vector<ir::NodeId> out;
    for (const ir::TemplatePiece& piece : rules().program().rules.back().because) {
      if (piece.node != ir::kNoNode) out.push_back(piece.node);
    }
    return out;
  }();
  return made;
}

void evaluate(engine::Session& session, int from, int to) {
  const ir::Program& program = rules().program();
  for (int i = from; i < to; ++i) {
    const std::string key = "k" + std::to_string(i % 7), text = "text " + std::to_string(i % 13);
    std::vector<Value> row(program.events[0].slot_count);
    const Value fields[] = {Value::timestamp(1'700'000'000 + i, 0),
                            Value::string(""),
                            Value::string(key),
                            Value::integer(i % 9),
                            Value::dbl(i * 0.5),
                            Value::string(text)};
    std::copy(std::begin(fields), std::end(fields), row.begin());
    session.evaluate(0, row.data());
    for (const ir::NodeId read : reads()) session.eval(read);
  }
}

const std::vector<StateSection>& valid_sections() {
  static const std::vector<StateSection> made = [] {
    engine::SessionOptions options;
    options.max_state_bytes = kMaxBytes;
    const auto program = rules().program_ptr();
    auto state = std::make_shared<engine::State>(program, engine::state_options(options));
    engine::Session session(shared_rules(), state, options);
    evaluate(session, 0, 120);
    return engine::save_state(state);
  }();
  return made;
}

}  // namespace

// The first byte says how the rest is meant: as the payload of a section, or as edits (where, what) of a valid one.
void restore_state(std::string_view text) {
  if (text.size() < 2) return;
  const std::vector<StateSection>& valid = valid_sections();
  std::vector<StateSection> sections = {valid[0], valid[static_cast<uint8_t>(text[1]) % valid.size()]};
  std::string& payload = sections[1].payload;
  if (text[0] % 2 == 0) {
    payload = text.substr(2);
  } else {
    for (size_t i = 2; i + 2 < text.size() && !payload.empty(); i += 3) {
      const size_t at = static_cast<uint8_t>(text[i]) << 8 | static_cast<uint8_t>(text[i + 1]);
      payload[at % payload.size()] = text[i + 2];
    }
  }
  if (sections[1].kind == static_cast<uint32_t>(engine::SectionKind::kClock)) sections.erase(sections.begin());
  const std::shared_ptr<const engine::Rules>& shared = shared_rules();
  engine::SessionOptions options;
  options.max_state_bytes = kMaxBytes;
  engine::RestoreReport report;
  const auto state = engine::restore_state(shared->program_ptr(), engine::state_options(options), sections, &report);
  if (!state.ok()) return;
  // What was taken can be gone on with, and comes back.
  {
    engine::Session session(shared, *state, options);
    evaluate(session, 100, 130);
  }
  if (!engine::restore_state(shared->program_ptr(), engine::state_options(options), engine::save_state(*state), &report)
           .ok()) {
    std::abort();
  }
}

void read_state_files(std::string_view text) {
  const auto snapshot = durable::snapshot_from_bytes(text);
  if (snapshot.ok() && durable::snapshot_to_bytes(*snapshot) != text) std::abort();
  const auto segment = durable::parse_segment(text);
  const std::string schema = durable::event_schema(rules().program());
  const auto decoder = durable::EventDecoder::create(text.substr(0, text.size() / 2), rules().program());
  const auto known = durable::EventDecoder::create(schema, rules().program());
  if (!known.ok()) std::abort();
  value::Arena arena;
  std::vector<Value> row;
  uint32_t event = 0;
  const absl::Status status = known->decode(text, arena, &event, &row);
  if (status.ok()) {
    std::string again;
    durable::append_event(rules().program(), event, row.data(), &again);
    if (!known->decode(again, arena, &event, &row).ok()) std::abort();
  }
  if (decoder.ok()) (void)decoder->decode(text.substr(text.size() / 2), arena, &event, &row);
}

}  // namespace weir::fuzz
