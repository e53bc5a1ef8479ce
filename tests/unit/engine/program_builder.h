// Programs written node by node, for tests of the engine alone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compiler/ir/program.h"
#include "runtime/value/value.h"

namespace weir::engine {

// One event `post { author: string  n: int  opt: string? }` (slots 2, 3, 4; score 5; each 6), one entity, one label.
class ProgramBuilder {
 public:
  static constexpr uint32_t kAuthor = 2, kN = 3, kOpt = 4, kScore = 5, kEach = 6, kSlots = 7;
  using B = types::BuiltinId;

  ProgramBuilder() {
    p.types = std::make_shared<types::TypeTable>();
    types::TypeTable& t = *p.types;
    p.entities.push_back({"Account", types::Kind::kString});
    ir::Event& e = p.events.emplace_back();
    e.schema.name = "post";
    e.schema.fields = {{"time", t.timestamp()},
                       {"id", t.string()},
                       {"author", t.string()},
                       {"n", t.integer()},
                       {"opt", t.string(), true}};
    e.score_slot = kScore;
    e.each_slot = kEach;
    e.slot_count = kSlots;
    p.labels.push_back({"suspect", 0, 0});
  }

  ir::NodeId slot(uint32_t s) {
    const types::Type* type = s == kScore  ? p.types->dbl()
                              : s == kEach ? p.types->dyn()
                                           : p.events[0].schema.fields[s].type;
    const uint8_t flags = s == kOpt ? ir::kMayMissing : s == kEach ? ir::kUsesEach : 0;
    return p.module.add(ir::Op::kSlot, type, {}, static_cast<int32_t>(s), B::kCount, flags);
  }
  ir::NodeId integer(int64_t i) {
    ir::Constant c;
    c.kind = ir::ConstantKind::kInt;
    c.i = i;
    return constant(c, p.types->integer());
  }
  ir::NodeId dbl(double d) {
    ir::Constant c;
    c.kind = ir::ConstantKind::kDouble;
    c.d = d;
    return constant(c, p.types->dbl());
  }
  ir::NodeId text(std::string s) {
    ir::Constant c;
    c.kind = ir::ConstantKind::kString;
    c.s = std::move(s);
    return constant(c, p.types->string());
  }
  ir::NodeId call(B id, const types::Type* type, std::vector<ir::NodeId> args) {
    return p.module.add(ir::Op::kCall, type, args, -1, id);
  }
  ir::NodeId boolean(B id, ir::NodeId a, ir::NodeId b) { return call(id, p.types->boolean(), {a, b}); }
  ir::NodeId feature(uint32_t f) {
    return p.module.add(ir::Op::kFeature, p.types->integer(), {}, static_cast<int32_t>(f));
  }
  ir::NodeId has_label(uint32_t l, ir::NodeId key) {
    const ir::NodeId args[] = {key};
    return p.module.add(ir::Op::kHasLabel, p.types->boolean(), args, static_cast<int32_t>(l));
  }

  uint32_t add_feature(ir::Aggregation a, int64_t window_s, ir::NodeId key, ir::NodeId arg = ir::kNoNode) {
    ir::Feature f;
    f.name = "f" + std::to_string(p.features.size());
    f.aggregation = a;
    f.keys = {key};
    f.arg = arg;
    f.window.nanos = window_s * 1'000'000'000;
    f.window.pane_nanos = f.window.nanos / 60;
    p.events[0].features.push_back(static_cast<uint32_t>(p.features.size()));
    p.features.push_back(f);
    return static_cast<uint32_t>(p.features.size() - 1);
  }
  ir::Rule& add_rule(std::string name, ir::NodeId when, ir::Mode mode = ir::Mode::kLive) {
    p.events[0].rules.push_back(static_cast<uint32_t>(p.rules.size()));
    ir::Rule& r = p.rules.emplace_back();
    r.name = r.id = std::move(name);
    r.when = when;
    r.mode = mode;
    return r;
  }
  std::shared_ptr<const ir::Program> build() {
    const std::vector<ir::NodeId> roots = p.roots();
    p.module.plan_memos(roots);
    return std::make_shared<ir::Program>(std::move(p));
  }

  ir::Program p;

 private:
  ir::NodeId constant(const ir::Constant& c, const types::Type* type) {
    return p.module.add(ir::Op::kConst, type, {}, static_cast<int32_t>(p.module.intern(c)));
  }
};

// A post at `second`.
struct Post {
  Post(int64_t second, std::string_view author, int64_t n = 0, const char* opt = nullptr) {
    row[0] = value::Value::timestamp(second, 0);
    row[1] = value::Value::string("id");
    row[2] = value::Value::string(author);
    row[3] = value::Value::integer(n);
    if (opt != nullptr) row[4] = value::Value::string(opt);
  }
  value::Value row[ProgramBuilder::kSlots];
};

}  // namespace weir::engine
