#include "runtime/batch/columns.h"

#include <algorithm>

namespace weir::batch {
namespace {

using index::Domain;
using ir::NodeId;
using ir::Op;
using types::BuiltinId;
using value::Kind;
using value::Value;

constexpr uint64_t kSign = uint64_t{1} << 63;

// For each operand that is computed by its text.
constexpr int64_t kStepsPerRow = 100'000;

bool is_number_slot(const ir::Node& n) {
  return n.op == Op::kSlot &&
         (n.type->is(types::Kind::kInt) || n.type->is(types::Kind::kUint) || n.type->is(types::Kind::kDouble));
}

}  // namespace

bool is_columnar(const ir::Module& module, NodeId id) {
  const ir::Node& n = module.node(id);
  if (n.op == Op::kConst) return module.constants[static_cast<size_t>(n.index)].kind == ir::ConstantKind::kDouble;
  if (n.op == Op::kSlot) return n.type->is(types::Kind::kDouble);
  if (n.op != Op::kCall) return false;
  switch (n.builtin) {
    case BuiltinId::add_double:
    case BuiltinId::sub_double:
    case BuiltinId::mul_double:
    case BuiltinId::div_double:
      return is_columnar(module, module.arg(id, 0)) && is_columnar(module, module.arg(id, 1));
    case BuiltinId::double_of_int:
    case BuiltinId::double_of_uint:
      return is_number_slot(module.node(module.arg(id, 0)));
    default:
      return false;
  }
}

void ColumnReader::begin(const Value* const* rows, size_t count, const value::Evaluator& evaluator,
                         value::EvalContext& ctx) {
  rows_ = rows;
  count_ = count;
  evaluator_ = &evaluator;
  ctx_ = &ctx;
  // Columns go through all rows again and again: they should be near from the first time on.
  const size_t bytes = (last_slot_ + 1) * sizeof(Value);
  for (size_t r = 0; r < count; ++r)
    for (size_t at = 0; at < bytes; at += 64) __builtin_prefetch(reinterpret_cast<const char*>(rows[r]) + at);
}

// The rows that pass, a word at a time.
template <typename Test>
void ColumnReader::collect(Test test) {
  for (size_t w = 0; w * 64 < count_; ++w) {
    uint64_t bits = 0;
    const size_t end = std::min<size_t>(64, count_ - w * 64);
    for (size_t b = 0; b < end; ++b) bits |= uint64_t{test(w * 64 + b)} << b;
    fit_.words[w] = bits;
  }
}

const RowSet& ColumnReader::read(const index::Operand& operand) {
  const ir::Node& node = module_.node(operand.node);
  if (!operand.computed) last_slot_ = std::max(last_slot_, static_cast<size_t>(node.index));
  fit_ = RowSet();
  if (node.op == Op::kHasSlot) {
    const auto slot = static_cast<size_t>(node.index);
    collect([&](size_t r) { return !rows_[r][slot].is_missing(); });
    truths = fit_;
    fit_ = RowSet::first(count_);
    return fit_;
  }
  if (operand.computed && operand.domain == Domain::kDouble && is_columnar(module_, operand.node)) {
    compute_doubles(operand.node, doubles, fit_, 0);
    return fit_;
  }
  if (operand.computed) {
    compute(operand.node);
    slot_ = kComputed;
  } else {
    slot_ = static_cast<size_t>(node.index);
  }
  const auto read = [&](Kind kind, auto store) {
    const auto test = [&](const Value& v, size_t r) {
      store(r, v);
      return v.is(kind);
    };
    if (slot_ == kComputed) {
      collect([&](size_t r) { return test(computed_[r], r); });
    } else {
      collect([&, slot = slot_](size_t r) { return test(rows_[r][slot], r); });
    }
  };
  switch (operand.domain) {
    case Domain::kBool: {
      read(Kind::kBool, [](size_t, const Value&) {});
      const RowSet fit = fit_;
      collect([&](size_t r) { return value_at(r).is_true(); });
      truths = fit_;
      fit_ = fit;
      break;
    }
    case Domain::kInt:
      read(Kind::kInt, [&](size_t r, const Value& v) { ints[r] = v.i; });
      break;
    case Domain::kUint:
      read(Kind::kUint, [&](size_t r, const Value& v) { ints[r] = static_cast<int64_t>(v.u ^ kSign); });
      break;
    case Domain::kDouble:
      read(Kind::kDouble, [&](size_t r, const Value& v) { doubles[r] = v.d; });
      break;
    case Domain::kText:
    case Domain::kSearch:
      read(Kind::kString, [](size_t, const Value&) {});
      break;
    case Domain::kMember:
      read(Kind::kList, [](size_t, const Value&) {});
      break;
  }
  return fit_;
}

void ColumnReader::compute(NodeId node) {
  computed_.resize(kRows);
  const Value* const row = ctx_->row;
  for (size_t r = 0; r < count_; ++r) {
    ctx_->row = rows_[r];
    ctx_->steps = kStepsPerRow;
    ++ctx_->epoch;
    computed_[r] = evaluator_->eval(node, *ctx_);
  }
  ctx_->row = row;
}

// Right operands at one depth are done with before the next one comes.
void ColumnReader::compute_doubles(NodeId id, double* out, RowSet& fit, size_t depth) {
  const ir::Node& n = module_.node(id);
  if (n.op == Op::kConst) {
    std::fill_n(out, count_, module_.constants[static_cast<size_t>(n.index)].d);
    fit = RowSet::first(count_);
    return;
  }
  if (n.op == Op::kSlot || n.builtin == BuiltinId::double_of_int || n.builtin == BuiltinId::double_of_uint) {
    const ir::Node& slot_node = n.op == Op::kSlot ? n : module_.node(module_.arg(id, 0));
    const auto slot = static_cast<size_t>(slot_node.index);
    if (slot_node.type->is(types::Kind::kDouble)) {
      collect([&](size_t r) {
        out[r] = rows_[r][slot].d;
        return rows_[r][slot].is(Kind::kDouble);
      });
    } else if (slot_node.type->is(types::Kind::kInt)) {
      collect([&](size_t r) {
        out[r] = static_cast<double>(rows_[r][slot].i);
        return rows_[r][slot].is(Kind::kInt);
      });
    } else {
      collect([&](size_t r) {
        out[r] = static_cast<double>(rows_[r][slot].u);
        return rows_[r][slot].is(Kind::kUint);
      });
    }
    if (&fit != &fit_) fit = fit_;
    return;
  }
  if (depth == right_.size()) right_.push_back(std::make_unique<Doubles>());
  double* const b = right_[depth]->values;
  RowSet left_fit, right_fit;
  compute_doubles(module_.arg(id, 0), out, left_fit, depth + 1);
  compute_doubles(module_.arg(id, 1), b, right_fit, depth + 1);
  switch (n.builtin) {
    case BuiltinId::add_double:
      for (size_t r = 0; r < count_; ++r) out[r] += b[r];
      break;
    case BuiltinId::sub_double:
      for (size_t r = 0; r < count_; ++r) out[r] -= b[r];
      break;
    case BuiltinId::mul_double:
      for (size_t r = 0; r < count_; ++r) out[r] *= b[r];
      break;
    default:
      for (size_t r = 0; r < count_; ++r) out[r] /= b[r];
  }
  left_fit &= right_fit;
  fit = left_fit;
}

}  // namespace weir::batch
