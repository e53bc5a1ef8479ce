#include "compiler/codegen/inline_ops.h"

#include <array>
#include <string_view>

namespace weir::codegen {

namespace {

struct Row {
  std::string_view function;
  std::string_view signature;
  InlineOp op;
  Operands operands = Operands::kNone;
};

constexpr Row kRows[] = {
    {"_+_", "(int, int) -> int", InlineOp::kAddInt},
    {"_-_", "(int, int) -> int", InlineOp::kSubInt},
    {"_*_", "(int, int) -> int", InlineOp::kMulInt},
    {"_/_", "(int, int) -> int", InlineOp::kDivInt},
    {"_%_", "(int, int) -> int", InlineOp::kModInt},
    {"-_", "(int) -> int", InlineOp::kNegInt},
    {"_+_", "(uint, uint) -> uint", InlineOp::kAddUint},
    {"_-_", "(uint, uint) -> uint", InlineOp::kSubUint},
    {"_*_", "(uint, uint) -> uint", InlineOp::kMulUint},
    {"_/_", "(uint, uint) -> uint", InlineOp::kDivUint},
    {"_%_", "(uint, uint) -> uint", InlineOp::kModUint},
    {"_+_", "(double, double) -> double", InlineOp::kAddDouble},
    {"_-_", "(double, double) -> double", InlineOp::kSubDouble},
    {"_*_", "(double, double) -> double", InlineOp::kMulDouble},
    {"_/_", "(double, double) -> double", InlineOp::kDivDouble},
    {"-_", "(double) -> double", InlineOp::kNegDouble},
    {"_==_", "(A, A) -> bool", InlineOp::kEquals},
    {"_!=_", "(A, A) -> bool", InlineOp::kNotEquals},
    {"@in", "(T, list<T>) -> bool", InlineOp::kInList},
    {"contains", "(string, string) -> bool", InlineOp::kContains},
    {"matches", "(string, string) -> bool", InlineOp::kMatches},
    {"startsWith", "(string, string) -> bool", InlineOp::kStartsWith},
    {"endsWith", "(string, string) -> bool", InlineOp::kEndsWith},
    {"double", "(int) -> double", InlineOp::kDoubleFromInt},
    {"double", "(uint) -> double", InlineOp::kDoubleFromUint},
    {"dyn", "(A) -> dyn", InlineOp::kIdentity},
    {"bool", "(bool) -> bool", InlineOp::kIdentity},
    {"int", "(int) -> int", InlineOp::kIdentity},
    {"uint", "(uint) -> uint", InlineOp::kIdentity},
    {"double", "(double) -> double", InlineOp::kIdentity},
    {"string", "(string) -> string", InlineOp::kIdentity},
};

struct Ordering {
  std::string_view function;
  InlineOp op;
};
constexpr Ordering kOrderings[] = {{"_<_", InlineOp::kLess},
                                   {"_<=_", InlineOp::kLessEquals},
                                   {"_>_", InlineOp::kGreater},
                                   {"_>=_", InlineOp::kGreaterEquals}};

struct Signature {
  std::string_view text;
  Operands operands;
};
constexpr Signature kSignatures[] = {
    {"(bool, bool) -> bool", Operands::kBool},           {"(int, int) -> bool", Operands::kInt},
    {"(uint, uint) -> bool", Operands::kUint},           {"(double, double) -> bool", Operands::kDouble},
    {"(timestamp, timestamp) -> bool", Operands::kTime}, {"(duration, duration) -> bool", Operands::kTime}};

InlineInfo classify(const types::BuiltinInfo& info) {
  for (const Row& row : kRows)
    if (row.function == info.function && row.signature == info.signature) return {row.op, row.operands};
  for (const Ordering& ordering : kOrderings)
    if (ordering.function == info.function)
      for (const Signature& signature : kSignatures)
        if (signature.text == info.signature) return {ordering.op, signature.operands};
  return {};
}

}  // namespace

InlineInfo inline_info(types::BuiltinId id) {
  static const std::array<InlineInfo, types::kBuiltinCount> table = [] {
    std::array<InlineInfo, types::kBuiltinCount> t;
    for (size_t i = 0; i < t.size(); ++i) t[i] = classify(types::builtin_info(static_cast<types::BuiltinId>(i)));
    return t;
  }();
  return table[static_cast<size_t>(id)];
}

}  // namespace weir::codegen
