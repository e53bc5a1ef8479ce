// Equality, membership and searching of text.
//
// In the rules of a group a string slot compared with constants has a view (abi::SlotView): equality and `in` look at
// the text's code in the slot's dictionary, short prefixes and suffixes at one word. Elsewhere the text itself is
// compared.
#include <algorithm>
#include <array>

#include "compiler/codegen/abi.h"
#include "compiler/codegen/emitter.h"
#include "compiler/codegen/text_filter.h"

namespace weir::codegen {

using abi::SlotView;
using ir::NodeId;
using ir::Op;
using value::Kind;

namespace {

constexpr size_t kMaxInlineItems = 8;

bool is_scalar(Rep rep) { return rep != Rep::kBoxed; }

// What sets of codes stand for: a constant that a view's text is compared with; or, with kSearch, a search by its node.
uint64_t compared(int view, NodeId constant) { return static_cast<uint64_t>(view) << 32 | constant; }
constexpr uint64_t kSearch = uint64_t{1} << 63;

// The text's bytes as a little-endian word, as SlotView holds them.
uint64_t prefix_word(const std::string& text) {
  uint64_t w = 0;
  for (size_t i = 0; i < text.size() && i < 8; ++i) w |= uint64_t{static_cast<uint8_t>(text[i])} << (8 * i);
  return w;
}

}  // namespace

const ir::Constant* Emitter::constant_of(NodeId id) const {
  const ir::Node& n = node(id);
  return n.op == Op::kConst ? &unit_.ir.constants[static_cast<size_t>(n.index)] : nullptr;
}

// Whether the slot is missing or in error, its text left alone.
Status Emitter::slot_status(NodeId id, Detail detail) {
  if (!may_fail(node(id))) return {};
  return slot(node(id), detail).status;
}

llvm::Value* Emitter::view_field(int view, uint64_t at) {
  if (views_ == nullptr) {
    llvm::Value* address = entry_.CreateConstInBoundsGEP1_64(entry_.getInt8Ty(), frame_, offsetof(abi::Frame, views));
    views_ = entry_.CreateLoad(entry_.getPtrTy(), address);
  }
  return b_.CreateLoad(b_.getInt64Ty(), offset(views_, static_cast<uint64_t>(view) * sizeof(SlotView) + at));
}

llvm::Value* Emitter::bits() {
  if (bits_ == nullptr) {
    llvm::Value* address = entry_.CreateConstInBoundsGEP1_64(entry_.getInt8Ty(), frame_, offsetof(abi::Frame, bits));
    bits_ = entry_.CreateLoad(entry_.getPtrTy(), address);
  }
  return bits_;
}

llvm::Value* Emitter::filter_passes(NodeId id, const Filter& filter) {
  const auto place = [&](uint32_t p) { return b_.CreateLoad(b_.getInt8Ty(), offset(bits(), filter.word * 8 + p)); };
  llvm::Value* any = b_.getInt8(filter.alternatives.empty() ? 1 : 0);
  for (const std::vector<uint32_t>& alternative : filter.alternatives) {
    llvm::Value* all = b_.getInt8(1);
    for (uint32_t p : alternative) all = b_.CreateAnd(all, place(p));
    any = b_.CreateOr(any, all);
  }
  if (filter.ascii_only && !filter.alternatives.empty()) any = b_.CreateOr(any, place(kFilterSize));
  llvm::Value* passes = b_.CreateICmpNE(any, b_.getInt8(0));
  if (filter.view < 0) return passes;
  llvm::Value* known = code_in(filter.view, filter.codes, kSearch | id);
  return b_.CreateOr(known, b_.CreateAnd(b_.CreateNot(has_code(filter)), passes));
}

llvm::Value* Emitter::has_code(const Filter& filter) {
  return b_.CreateICmpNE(view_field(filter.view, offsetof(SlotView, code)), i64(0));
}

// Where its filter has passed.
Val Emitter::emit_filtered(NodeId id, const Filter& filter, Detail detail) {
  if (filter.view < 0) return emit_unfiltered(id, detail);
  return branch(
      has_code(filter), Rep::kBool, detail,
      [&] {
        return Val{Rep::kBool, b_.getTrue(), nullptr, {}};
      },
      [&] { return emit_unfiltered(id, detail); });
}

Val Emitter::membership(NodeId id, const Membership& m) {
  llvm::Value* address = offset(row(), uint64_t{m.slot} * abi::kValueSize);
  llvm::Value* kind = b_.CreateLoad(b_.getInt8Ty(), address);
  auto is = [&](Kind k) { return b_.CreateICmpEQ(kind, b_.getInt8(static_cast<uint8_t>(k))); };
  // Anything but a list is missing, in error, or cannot be iterated over.
  Status status =
      error_if(b_.CreateNot(is(Kind::kList)), abi::error_word(value::ErrorCode::kNoSuchOverload), Detail::kOutcome);
  if (node(unit_.ir.arg(id, 0)).flags & ir::kMayMissing) status.missing = is(Kind::kMissing);
  llvm::Value* bit = number(Unit::Number::kBit, m.bit, m.bit);
  llvm::Value* word = b_.CreateLoad(b_.getInt64Ty(), b_.CreateGEP(b_.getInt64Ty(), bits(), b_.CreateLShr(bit, i64(6))));
  llvm::Value* shifted = b_.CreateLShr(word, b_.CreateAnd(bit, i64(63)));
  return {Rep::kBool, b_.CreateTrunc(shifted, b_.getInt1Ty()), nullptr, status};
}

// Whether the slot's code is one of these (none is 0), the codes that `id` stands for: a bit in a table.
llvm::Value* Emitter::code_in(int view, const std::vector<uint32_t>& codes, uint64_t id) {
  llvm::Value* code = view_field(view, offsetof(SlotView, code));
  if (codes.empty()) return b_.getFalse();
  if (codes.size() == 1) return b_.CreateICmpEQ(code, number(Unit::Number::kCode, id, codes[0]));
  size_t words = unit_.analysis.preparation().texts[static_cast<size_t>(view)].strings().size() / 64 + 1;
  std::vector<uint64_t> bits(words, 0);
  for (uint32_t c : codes) bits[c / 64] |= uint64_t{1} << (c % 64);
  const size_t known = unit_.numbers.values.size();
  llvm::Value* table = b_.CreateIntToPtr(number(Unit::Number::kCodes, id, 0), b_.getPtrTy());
  if (unit_.numbers.values.size() > known) unit_.numbers.sets.push_back({known, std::move(bits)});
  llvm::Value* mask = b_.CreateLoad(b_.getInt64Ty(), b_.CreateGEP(b_.getInt64Ty(), table, b_.CreateLShr(code, i64(6))));
  return b_.CreateTrunc(b_.CreateLShr(mask, b_.CreateAnd(code, i64(63))), b_.getInt1Ty());
}

// As the bodies do (value/bodies.h): neither tier checks the budget here.
void Emitter::charge_read(llvm::Value* size) {
  llvm::Value* steps = offset(ctx_, abi::kCtxSteps);
  b_.CreateStore(b_.CreateSub(b_.CreateLoad(b_.getInt64Ty(), steps), b_.CreateLShr(size, i64(4))), steps);
}

llvm::Value* Emitter::string_equals(const Val& x, const Val& y) {
  // Lengths first, then the bytes. The words' low halves differ where a constant carries more than its text.
  Val differs{Rep::kBool, b_.getFalse(), nullptr, {}};
  return branch(
             b_.CreateICmpEQ(b_.CreateLShr(x.a, i64(32)), b_.CreateLShr(y.a, i64(32))), Rep::kBool, Detail::kOutcome,
             [&] {
               charge_read(b_.CreateLShr(x.a, i64(32)));
               llvm::FunctionCallee compare =
                   unit_.declare("memcmp", b_.getInt32Ty(), {b_.getPtrTy(), b_.getPtrTy(), b_.getInt64Ty()});
               llvm::Value* order =
                   b_.CreateCall(compare, {b_.CreateIntToPtr(x.b, b_.getPtrTy()), b_.CreateIntToPtr(y.b, b_.getPtrTy()),
                                           b_.CreateLShr(x.a, i64(32))});
               return Val{Rep::kBool, b_.CreateICmpEQ(order, b_.getInt32(0)), nullptr, {}};
             },
             [&] { return differs; })
      .a;
}

std::optional<Val> Emitter::equality(NodeId id, bool negated, Detail detail) {
  NodeId left = unit_.ir.arg(id, 0), right = unit_.ir.arg(id, 1);
  const types::Type* type = node(left).type;
  bool both_strings = type->is(types::Kind::kString) && node(right).type->is(types::Kind::kString);
  if (both_strings) {
    if (unit_.analysis.text_of(right) >= 0) std::swap(left, right);
    int view = unit_.analysis.text_of(left);
    const ir::Constant* text = constant_of(right);
    if (view >= 0 && text != nullptr) {
      Val out{Rep::kBool,
              code_in(view, {unit_.analysis.preparation().texts[static_cast<size_t>(view)].code(text->s)},
                      compared(view, right)),
              nullptr, slot_status(left, detail)};
      if (negated) out.a = b_.CreateNot(out.a);
      return out;
    }
  } else if (!is_scalar(rep_of(type)) || type != node(right).type) {
    return std::nullopt;
  }
  std::array args = {emit(unit_.ir.arg(id, 0), detail), emit(unit_.ir.arg(id, 1), detail)};
  Status status = combine(args, detail);
  auto result = [&](llvm::Value* equal) { return Val{Rep::kBool, negated ? b_.CreateNot(equal) : equal, nullptr, {}}; };
  if (both_strings) return guarded(status, Rep::kBool, detail, [&] { return result(string_equals(args[0], args[1])); });
  Val out = result(args[0].rep == Rep::kDouble ? b_.CreateFCmpOEQ(args[0].a, args[1].a)
                                               : b_.CreateICmpEQ(args[0].a, args[1].a));
  out.status = status;
  return out;
}

std::optional<Val> Emitter::in_list(NodeId id, Detail detail) {
  NodeId item = unit_.ir.arg(id, 0);
  const ir::Constant* list = constant_of(unit_.ir.arg(id, 1));
  if (list == nullptr || list->kind != ir::ConstantKind::kList) return std::nullopt;
  auto element = [&](uint32_t i) -> const ir::Constant& { return unit_.ir.constants[i]; };
  if (int view = unit_.analysis.text_of(item); view >= 0) {
    std::vector<uint32_t> codes;
    for (uint32_t i : list->items)
      if (element(i).kind == ir::ConstantKind::kString)
        codes.push_back(unit_.analysis.preparation().texts[static_cast<size_t>(view)].code(element(i).s));
    std::ranges::sort(codes);
    codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
    return Val{Rep::kBool, code_in(view, codes, compared(view, unit_.ir.arg(id, 1))), nullptr,
               slot_status(item, detail)};
  }
  bool all_ints =
      std::ranges::all_of(list->items, [&](uint32_t i) { return element(i).kind == ir::ConstantKind::kInt; });
  if (!node(item).type->is(types::Kind::kInt) || !all_ints || list->items.size() > kMaxInlineItems) return std::nullopt;
  Val v = emit(item, detail);
  llvm::Value* found = b_.getFalse();
  for (uint32_t i : list->items)
    found = b_.CreateOr(found, b_.CreateICmpEQ(v.a, i64(static_cast<uint64_t>(element(i).i))));
  return Val{Rep::kBool, found, nullptr, v.status};
}

// startsWith and endsWith.
Val Emitter::affix(NodeId id, bool prefix, Detail detail) {
  NodeId text = unit_.ir.arg(id, 0);
  const ir::Constant* part = constant_of(unit_.ir.arg(id, 1));
  int view = unit_.analysis.text_of(text);
  if (view >= 0 && part != nullptr && part->s.size() <= 8) {
    uint64_t size = part->s.size();
    Val out{Rep::kBool, b_.getTrue(), nullptr, slot_status(text, detail)};
    if (size == 0) return out;
    uint64_t unused = 8 * (8 - size);
    llvm::Value* word = view_field(view, prefix ? offsetof(SlotView, prefix) : offsetof(SlotView, suffix));
    llvm::Value* bytes = prefix ? b_.CreateAnd(word, i64(~uint64_t{0} >> unused)) : b_.CreateLShr(word, i64(unused));
    // Bytes past a short text's end read as 0: only a part with a NUL of its own could be fooled by them.
    out.a = b_.CreateICmpEQ(bytes, i64(prefix_word(part->s)));
    if (part->s.find('\0') != std::string::npos)
      out.a = b_.CreateAnd(out.a, b_.CreateICmpUGE(view_field(view, offsetof(SlotView, length)), i64(size)));
    return out;
  }
  std::array args = {emit(text, detail), emit(unit_.ir.arg(id, 1), detail)};
  return guarded(combine(args, detail), Rep::kBool, detail, [&] {
    llvm::Value* size = b_.CreateLShr(args[0].a, i64(32));
    llvm::Value* part_size = b_.CreateLShr(args[1].a, i64(32));
    return branch(
        b_.CreateICmpUGE(size, part_size), Rep::kBool, detail,
        [&] {
          charge_read(part_size);
          llvm::FunctionCallee compare =
              unit_.declare("memcmp", b_.getInt32Ty(), {b_.getPtrTy(), b_.getPtrTy(), b_.getInt64Ty()});
          llvm::Value* start = prefix ? args[0].b : b_.CreateAdd(args[0].b, b_.CreateSub(size, part_size));
          llvm::Value* order = b_.CreateCall(compare, {b_.CreateIntToPtr(start, b_.getPtrTy()),
                                                       b_.CreateIntToPtr(args[1].b, b_.getPtrTy()), part_size});
          return Val{Rep::kBool, b_.CreateICmpEQ(order, b_.getInt32(0)), nullptr, {}};
        },
        [&] {
          return Val{Rep::kBool, b_.getFalse(), nullptr, {}};
        });
  });
}

Val Emitter::contains(NodeId id, Detail detail) {
  std::array args = {emit(unit_.ir.arg(id, 0), detail), emit(unit_.ir.arg(id, 1), detail)};
  return guarded(combine(args, detail), Rep::kBool, detail, [&] {
    llvm::FunctionCallee search =
        unit_.declare("weir_rt_contains", b_.getInt8Ty(),
                      {b_.getPtrTy(), b_.getInt64Ty(), b_.getInt64Ty(), b_.getInt64Ty(), b_.getInt64Ty()});
    llvm::Value* found = b_.CreateCall(search, {ctx_, args[0].a, args[0].b, args[1].a, args[1].b});
    return Val{Rep::kBool, b_.CreateICmpNE(found, b_.getInt8(0)), nullptr, {}};
  });
}

}  // namespace weir::codegen
