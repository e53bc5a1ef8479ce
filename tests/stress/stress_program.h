// A program with every kind of state in it, and streams for it.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "runtime/engine/engine.h"
#include "runtime/engine/state.h"
#include "runtime/value/operations.h"
#include "tests/unit/engine/program_builder.h"

namespace weir::engine {

inline constexpr int64_t kSecond = 1'000'000'000;
using B = types::BuiltinId;

struct StressProgram {
  std::shared_ptr<const Rules> rules;
  std::vector<ir::NodeId> reads;  // by feature: its value at the event's key
};

inline StressProgram stress_program() {
  ProgramBuilder b;
  StressProgram out;
  const auto add = [&](ir::Aggregation a, types::Kind kind, ir::Window window, ir::NodeId arg, double param = 0) {
    const uint32_t f = b.add_feature(a, 60, b.slot(ProgramBuilder::kAuthor), arg);
    b.p.features[f].value_kind = kind;
    b.p.features[f].window = window;
    b.p.features[f].param = param;
    out.reads.push_back(b.feature(f));
    return f;
  };
  const ir::Window panes{ir::WindowKind::kDuration, 60 * kSecond, kSecond, 0, false};
  const ir::Window exact{ir::WindowKind::kDuration, 60 * kSecond, 0, 0, true};
  const ir::Window last{ir::WindowKind::kLast, 0, 0, 20, false};
  const ir::Window session{ir::WindowKind::kSession, 5 * kSecond, 0, 0, false};
  const ir::Window all{ir::WindowKind::kAll, 0, 0, 0, false};
  const ir::NodeId n = b.slot(ProgramBuilder::kN), opt = b.slot(ProgramBuilder::kOpt);
  using A = ir::Aggregation;
  using K = types::Kind;
  const uint32_t count = add(A::kCount, K::kInt, panes, ir::kNoNode);
  add(A::kSum, K::kInt, panes, n);
  add(A::kDistinct, K::kInt, panes, n);
  add(A::kMax, K::kInt, panes, n);
  add(A::kLast, K::kString, panes, opt);
  add(A::kTopK, K::kList, panes, opt, 3);
  add(A::kEntropy, K::kDouble, panes, n);
  add(A::kQuantile, K::kDouble, panes, n, 0.9);
  add(A::kStddev, K::kDouble, panes, n);
  add(A::kCount, K::kInt, exact, ir::kNoNode);
  add(A::kMin, K::kString, exact, opt);
  add(A::kMean, K::kDouble, last, n);
  add(A::kCount, K::kInt, session, ir::kNoNode);
  add(A::kSum, K::kInt, all, n);
  add(A::kFirst, K::kString, all, opt);

  ir::Effect label;
  label.kind = ir::EffectKind::kLabel;
  label.key = b.slot(ProgramBuilder::kAuthor);
  label.duration_nanos = 30 * kSecond;
  ir::Rule& busy = b.add_rule("busy", b.boolean(B::greater_equals_int, b.feature(count), b.integer(20)));
  busy.once_key = b.slot(ProgramBuilder::kAuthor);
  busy.once_nanos = 10 * kSecond;
  busy.effects.push_back(label);
  b.add_rule("known", b.has_label(0, b.slot(ProgramBuilder::kAuthor)));
  ir::Rule& rare = b.add_rule("rare", b.boolean(B::equals, n, b.integer(7)));
  rare.limit_count = 100;
  rare.limit_nanos = 3600 * kSecond;

  auto rules = Rules::create(b.build(), {.tier = Tier::kInterpreter});
  if (rules.ok()) out.rules = *rules;
  return out;
}

// What is kept of one event.
struct StressEvent {
  int64_t nanos;
  std::string author, opt;
  int64_t n;
  Post post() const {
    Post p(0, author, n, opt.c_str());
    p.row[0] = value::Value::timestamp(nanos / kSecond, static_cast<uint32_t>(nanos % kSecond));
    return p;
  }
};

// Out of order by up to 20 s, and now and then by more than a window.
inline std::vector<StressEvent> stress_stream(size_t events, uint64_t authors, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<StressEvent> out;
  int64_t now = 1'700'000'000 * kSecond;
  for (size_t i = 0; i < events; ++i) {
    now += static_cast<int64_t>(random() % 40'000'000);
    const int64_t behind = random() % 200 == 0 ? 100 * kSecond : random() % 4 == 0 ? random() % 20 * kSecond : 0;
    out.push_back({now - behind, "u" + std::to_string(random() % authors), "w" + std::to_string(random() % 9),
                   static_cast<int64_t>(random() % 50)});
  }
  return out;
}

// Verdict, hits and every feature of the event last evaluated, as text.
inline std::string outcome_of(Session& session, const EventResult& result, const StressProgram& program) {
  std::string out = std::to_string(static_cast<int>(result.verdict));
  for (const Hit& hit : result.hits) {
    if (program.rules->program().rules[hit.rule].name == "rare") continue;  // a limit is common to all keys
    out += ' ' + std::to_string(hit.rule) + ':' + std::string(outcome_name(hit.outcome));
  }
  for (ir::NodeId read : program.reads) {
    const value::Value v = session.eval(read);
    out += v.ok() ? ' ' + value::to_literal(v) : " missing";
  }
  return out;
}

}  // namespace weir::engine
