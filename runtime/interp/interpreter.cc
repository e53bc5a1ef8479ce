#include "runtime/interp/interpreter.h"

#include <array>
#include <vector>

#include "runtime/value/builtins.h"
#include "runtime/value/operations.h"

namespace weir::interp {

using ir::Op;
using value::ErrorCode;
using value::EvalContext;
using value::Value;

namespace {

Value not_a_bool() { return Value::fail(ErrorCode::kNoSuchOverload); }

// Arguments of one strict operation. Few have more than four.
class Arguments {
 public:
  explicit Arguments(size_t count) {
    if (count > inline_.size()) heap_.resize(count);
    data_ = count > inline_.size() ? heap_.data() : inline_.data();
  }
  Value* data() { return data_; }
  Value& operator[](size_t i) { return data_[i]; }

 private:
  std::array<Value, 4> inline_;
  std::vector<Value> heap_;
  Value* data_;
};

class Walker {
 public:
  Walker(const ir::Module& module, EvalContext& ctx) : m_(module), ctx_(ctx) {}

  Value eval(ir::NodeId id) {
    const ir::Node& n = m_.node(id);
    if (n.memo == ir::kNoMemo) return compute(id, n);
    value::Memo& memo = ctx_.memo[n.memo];
    if (memo.stamp != ctx_.epoch) {
      Value v = compute(id, n);
      memo.value = v;
      memo.stamp = ctx_.epoch;
    }
    return memo.value;
  }

  value::Truth truth(ir::NodeId id) {
    ++ctx_.counters[1];
    const Value v = eval(id);
    if (v.is_true()) return value::Truth::kTrue;
    if (v.is_false()) return value::Truth::kFalse;
    return v.is_missing() ? value::Truth::kMissing : value::Truth::kError;
  }

 private:
  Value compute(ir::NodeId id, const ir::Node& n) {
    ++ctx_.counters[0];
    switch (n.op) {
      case Op::kConst:
        return ctx_.constants[n.index];
      case Op::kSlot: {
        const Value& v = ctx_.row[n.index];
        return v.is_missing() ? Value::missing(Value::missing_slot(static_cast<uint32_t>(n.index))) : v;
      }
      case Op::kHasSlot:
        return Value::boolean(!ctx_.row[n.index].is_missing());
      case Op::kOptSlot:
        return ctx_.row[n.index].is_missing() ? Value::none() : Value::some(&ctx_.row[n.index]);
      case Op::kLocal:
        return ctx_.locals[n.index];
      case Op::kNot: {
        Value v = eval(m_.arg(id, 0));
        if (!v.ok()) return v;
        return v.is(value::Kind::kBool) ? Value::boolean(v.i == 0) : not_a_bool();
      }
      case Op::kAnd:
        return logic(id, false);
      case Op::kOr:
        return logic(id, true);
      case Op::kCond: {
        Value c = eval(m_.arg(id, 0));
        if (!c.ok()) return c;
        if (!c.is(value::Kind::kBool)) return not_a_bool();
        return eval(m_.arg(id, c.i ? 1 : 2));
      }
      case Op::kNotStrictlyFalse:
        return Value::boolean(!eval(m_.arg(id, 0)).is_false());
      case Op::kOptOr:
      case Op::kOptOrValue:
        return optional_or(id, n.op == Op::kOptOrValue);
      case Op::kFold:
        return fold(id, m_.folds[static_cast<size_t>(n.index)]);
      case Op::kListAppend:
      case Op::kMapInsert:
      default:
        return strict(id, n);
    }
  }

  // && with absorbing = false, || with absorbing = true.
  Value logic(ir::NodeId id, bool absorbing) {
    Value a = boolean_operand(m_.arg(id, 0));
    if (a.ok() && (a.i != 0) == absorbing) return a;
    Value b = boolean_operand(m_.arg(id, 1));
    if (b.ok() && (b.i != 0) == absorbing) return b;
    if (a.is_missing()) return a;
    if (b.is_missing()) return b;
    if (a.is_error()) return a;
    return b;
  }

  Value boolean_operand(ir::NodeId id) {
    Value v = eval(id);
    return v.ok() && !v.is(value::Kind::kBool) ? not_a_bool() : v;
  }

  Value optional_or(ir::NodeId id, bool unwrap) {
    Value a = eval(m_.arg(id, 0));
    if (!a.ok()) return a;
    if (!a.is(value::Kind::kOptional)) return Value::fail(ErrorCode::kNoSuchOverload);
    if (a.optional != nullptr) return unwrap ? *a.optional : a;
    Value b = eval(m_.arg(id, 1));
    if (!unwrap && b.ok() && !b.is(value::Kind::kOptional)) return Value::fail(ErrorCode::kNoSuchOverload);
    return b;
  }

  Value fold(ir::NodeId id, const ir::Fold& f) {
    Value operand = eval(m_.arg(id, 0));
    if (!operand.ok()) return operand;
    value::Range range = value::make_range(ctx_, operand);
    if (!range.error.ok()) return range.error;
    Value accu = eval(m_.arg(id, 1));
    bool two = f.iter2_local != UINT32_MAX;
    for (uint32_t i = 0; i < range.size; ++i) {
      if (!value::charge(ctx_, 1)) return value::budget_error();
      for (uint32_t memo : f.memos) ctx_.memo[memo].stamp = 0;
      ctx_.locals[f.iter_local] = two ? value::range_first(range, i) : value::range_item(range, i);
      if (two) ctx_.locals[f.iter2_local] = value::range_second(range, i);
      ctx_.locals[f.accu_local] = accu;
      if (!eval(m_.arg(id, 2)).is_true()) break;
      accu = eval(m_.arg(id, 3));
    }
    // The result may read the accumulator through memos of the last round.
    for (uint32_t memo : f.memos) ctx_.memo[memo].stamp = 0;
    ctx_.locals[f.accu_local] = accu;
    return eval(m_.arg(id, 4));
  }

  Value strict(ir::NodeId id, const ir::Node& n) {
    size_t count = n.arg_count;
    Arguments args(count);
    const Value* missing = nullptr;
    const Value* failure = nullptr;
    // All of them, whatever the first one yields: native code does so, and both must spend the same steps.
    for (size_t i = 0; i < count; ++i) {
      args[i] = eval(m_.arg(id, i));
      if (args[i].is_missing() && missing == nullptr) missing = &args[i];
      if (args[i].is_error() && failure == nullptr) failure = &args[i];
    }
    if (missing != nullptr) return *missing;
    if (failure != nullptr) return *failure;
    return apply(n, args.data(), static_cast<uint32_t>(count));
  }

  Value apply(const ir::Node& n, Value* args, uint32_t count) {
    auto index = static_cast<uint32_t>(n.index);
    auto mask = [&]() { return n.index < 0 ? nullptr : m_.masks[index].data(); };
    switch (n.op) {
      case Op::kCall: {
        Value out;
        value::builtin_body(n.builtin)(ctx_, args, &out);
        return out;
      }
      case Op::kCallDyn:
        return value::call_dynamic(ctx_, m_.dyn_callees[index].function, m_.dyn_callees[index].style, args, count);
      case Op::kIndexDyn:
        return value::index(ctx_, args[0], args[1]);
      case Op::kSelect:
        return value::select(ctx_, args[0], m_.strings[index]);
      case Op::kHasField:
        return value::has_field(ctx_, args[0], m_.strings[index]);
      case Op::kOptSelect:
        return value::optional_select(ctx_, args[0], m_.strings[index]);
      case Op::kOptIndex:
        return value::optional_index(ctx_, args[0], args[1]);
      case Op::kMakeList:
        return value::make_list(ctx_, args, count, mask());
      case Op::kMakeMap:
        return value::make_map(ctx_, args, count / 2, mask());
      case Op::kListAppend:
        return value::list_append(ctx_, args[0], args[1]);
      case Op::kMapInsert:
        return value::map_insert(ctx_, args[0], args[1], args[2]);
      case Op::kFeature:
        return ctx_.state->feature(index);
      case Op::kFeatureAt:
        return ctx_.state->feature_at(index, args, count);
      case Op::kListContains:
        return ctx_.state->list_contains(index, args[0]);
      case Op::kHasLabel:
        return Value::boolean(ctx_.state->has_label(index, args[0]));
      case Op::kHasLabelNamed:
        return args[0].is(value::Kind::kString)
                   ? Value::boolean(ctx_.state->has_label_named(index, args[0].str(), args[1]))
                   : Value::boolean(false);
      case Op::kLabels:
        return ctx_.state->labels(index, args[0], *ctx_.arena);
      case Op::kFail: {
        const ir::Failure& f = m_.failures[index];
        return value::make_error(ctx_, static_cast<ErrorCode>(f.code), f.message);
      }
      default:
        return Value::fail(ErrorCode::kNoSuchOverload);  // the lazy operations never get here
    }
  }

  const ir::Module& m_;
  EvalContext& ctx_;
};

}  // namespace

Value Interpreter::eval(ir::NodeId node, EvalContext& ctx) const { return Walker(module_, ctx).eval(node); }

void Interpreter::eval_rules(uint32_t group, EvalContext& ctx, value::Truth* out) const {
  Walker walker(module_, ctx);
  for (ir::NodeId node : groups_[group]) *out++ = walker.truth(node);
}

void Interpreter::eval_rules(uint32_t group, EvalContext& ctx, std::span<const uint32_t> which,
                             value::Truth* out) const {
  Walker walker(module_, ctx);
  for (uint32_t i : which) *out++ = walker.truth(groups_[group][i]);
}

}  // namespace weir::interp
