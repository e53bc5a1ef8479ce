// Sessions over rules written as text, with events whose fields are set by name.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "compiler/driver/compile.h"
#include "runtime/engine/engine.h"
#include "runtime/state/time.h"

namespace weir::engine {

inline constexpr int64_t kSecond = 1'000'000'000;

inline std::shared_ptr<const Rules> rules_of(const std::string& text, Tier tier = Tier::kInterpreter) {
  driver::CompileOptions options;
  options.lint = false;
  driver::Compilation c = driver::compile({{"rules.weir", text}}, options);
  for (const base::Diagnostic& d : c.diagnostics) {
    if (d.severity == base::Severity::kError) ADD_FAILURE() << d.message;
  }
  if (c.program == nullptr) return nullptr;
  RulesOptions rules_options;
  rules_options.tier = tier;
  auto rules = Rules::create(c.program, rules_options);
  EXPECT_TRUE(rules.ok()) << rules.status();
  return rules.ok() ? *rules : nullptr;
}

// One event at a time, its fields texts and ints.
class Sender {
 public:
  explicit Sender(Session& session) : session_(session) {}

  struct Fields {
    int64_t seconds = 0;
    std::string id;
    std::map<std::string, std::string> texts;
    std::map<std::string, int64_t> ints;
  };
  const EventResult& send(const std::string& event, const Fields& fields) {
    fields_ = fields;
    const ir::Program& program = session_.rules().program();
    const auto type = static_cast<uint32_t>(program.find_event(event));
    const ir::Event& e = program.events[type];
    row_.assign(e.slot_count, value::Value::missing());
    row_[0] = value::Value::timestamp(fields_.seconds, 0);
    row_[1] = value::Value::string(fields_.id);
    for (const auto& [name, text] : fields_.texts)
      row_[static_cast<size_t>(e.schema.find(name))] = value::Value::string(text);
    for (const auto& [name, i] : fields_.ints)
      row_[static_cast<size_t>(e.schema.find(name))] = value::Value::integer(i);
    return session_.evaluate(type, row_.data());
  }
  // Names and outcomes of the hits: "r:fired s:suppressed".
  std::string hits(const std::string& event, const Fields& fields) {
    std::string out;
    for (const Hit& h : send(event, fields).hits) {
      out += (out.empty() ? "" : " ") + session_.rules().program().rules[h.rule].name + ":" +
             std::string(outcome_name(h.outcome));
    }
    return out;
  }

 private:
  Session& session_;
  Fields fields_;
  std::vector<value::Value> row_;
};

}  // namespace weir::engine
