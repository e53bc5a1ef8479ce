// Rules with every aggregation over every kind of window, a random stream of events for them, and what each event shows
// of the state.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "compiler/driver/compile.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/state_copy.h"
#include "runtime/engine/state_image.h"

namespace weir::engine {

inline constexpr int64_t kSecond = 1'000'000'000;

inline std::shared_ptr<const Rules> load(const std::string& text) {
  driver::CompileOptions options;
  options.lint = false;
  driver::Compilation c = driver::compile({{"rules.weir", text}}, options);
  EXPECT_NE(c.program, nullptr) << base::render_all(c.diagnostics, *c.sources);
  if (c.program == nullptr) return nullptr;
  auto rules = Rules::create(c.program, {Tier::kInterpreter});
  EXPECT_TRUE(rules.ok()) << rules.status();
  return rules.ok() ? *rules : nullptr;
}

inline std::string all_features() {
  const char* aggregations[] = {"count()",       "sum(e.n)",    "sum(e.d)",           "min(e.s)",     "max(e.n)",
                                "mean(e.d)",     "stddev(e.d)", "distinct(e.s)",      "last(e.time)", "first(e.s)",
                                "last(e.n > 9)", "top(e.s, 3)", "quantile(e.d, 0.9)", "entropy(e.s)"};
  const char* windows[] = {"1m every 1s", "1h every 1h", "30s exact", "last 7", "session 20s", "all"};
  std::string out = R"(
entity Account: string
event e { k: Account n: int d: double s: string tags: list<string> m: map<string, int>? }
label seen, rare on Account max 1m
rule labels on e { when e.n > 40 then { label e.k as seen for 20s } mode live }
rule reads on e { when "seen" in labels(e.k) && e.n < 30 then { unlabel e.k as seen label e.k as rare } mode live }
rule once on e { when e.n > 10 score 3 once per e.k every 15s mode live }
rule limited on e { when e.n > 25 score 2 limit 5 per 1m mode live }
decide e { review when score >= 3 block when score >= 5 }
)";
  std::string reads;
  int n = 0;
  for (const char* aggregation : aggregations) {
    for (const char* window : windows) {
      out += fmt::format("feature f{} = {} from e by e.k over {}\n", n, aggregation, window);
      reads += fmt::format("{{f{}}} ", n++);
    }
  }
  return out + "rule tells on e { when true because \"" + reads + "\" }\n";
}

struct Event {
  int64_t time = 0;
  std::string id, key, text;
  int64_t n = 0;
  double d = 0;
};

inline std::vector<Event> random_stream(size_t size, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<Event> out;
  int64_t now = 1'700'000'000 * kSecond;
  for (size_t i = 0; i < size; ++i) {
    now += random() % 60 == 0 ? 90 * kSecond : static_cast<int64_t>(random() % 2000) * 1'000'000;
    Event e;
    e.time = now - (random() % 8 == 0 ? static_cast<int64_t>(random() % 40) * kSecond : 0);
    e.id = std::to_string(random() % 20 == 0 ? i - random() % std::min<size_t>(i + 1, 30) : i);  // some come twice
    e.key = fmt::format("k{}", std::min(random() % 60, random() % 60));
    e.text = fmt::format("text {}", std::min(random() % 300, random() % 300));
    e.n = static_cast<int64_t>(random() % 50);
    e.d = static_cast<double>(random() % 1000) / 7 - 20;
    out.push_back(std::move(e));
  }
  return out;
}

// An event as a row; borrows from the event.
class Row {
 public:
  Row(const ir::Program& program, const Event& e) : type_(static_cast<uint32_t>(program.find_event("e"))) {
    const types::EventSchema& schema = program.events[type_].schema;
    slots_.resize(program.events[type_].slot_count);
    for (int64_t i = 0; i < e.n % 4; ++i) tags_.push_back(value::Value::string(e.text));
    list_.size = list_.capacity = static_cast<uint32_t>(tags_.size());
    list_.items = tags_.data();
    entry_ = {value::Value::string(e.key), value::Value::integer(e.n)};
    map_.size = map_.capacity = 1;
    map_.entries = &entry_;
    const auto set = [&](const char* field, const value::Value& v) {
      if (const int slot = schema.find(field); slot >= 0) slots_[static_cast<size_t>(slot)] = v;
    };
    set("time", value::Value::timestamp(e.time / kSecond, static_cast<uint32_t>(e.time % kSecond)));
    set("id", value::Value::string(e.id));
    set("k", value::Value::string(e.key));
    set("n", value::Value::integer(e.n));
    set("d", value::Value::dbl(e.d));
    set("s", value::Value::string(e.text));
    set("tags", value::Value::of(&list_));
    if (e.n % 3 != 0) set("m", value::Value::of(&map_));
  }
  Row(const Row&) = delete;
  Row& operator=(const Row&) = delete;
  uint32_t type() const { return type_; }
  value::Value* slots() { return slots_.data(); }

 private:
  uint32_t type_;
  std::vector<value::Value> slots_, tags_;
  value::ListRep list_;
  value::MapRep map_;
  value::MapEntry entry_;
};

// What one event shows of the state.
inline std::string evaluate(Session& session, const Event& e) {
  const ir::Program& program = session.rules().program();
  Row row(program, e);
  const EventResult& result = session.evaluate(row.type(), row.slots());
  std::string out = fmt::format("{} {} |", static_cast<int>(result.verdict), result.score);
  for (const Hit& hit : result.hits) {
    out += fmt::format(" {}:{}", hit.rule, outcome_name(hit.outcome));
    if (!program.rules[hit.rule].because.empty()) out += " " + session.because(hit.rule);
  }
  return out;
}

inline std::string all_bytes(const std::vector<StateSection>& sections) {
  std::string out;
  for (const StateSection& s : sections) out += fmt::format("{} {} ", s.kind, s.payload.size()) + s.payload;
  return out;
}

}  // namespace weir::engine
