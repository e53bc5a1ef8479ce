#include "runtime/backtest/label.h"

#include <algorithm>
#include <initializer_list>

#include "runtime/value/operations.h"

namespace weir::backtest {
namespace {

bool one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

Label of_number(double d) { return d == 1 ? Label::kPositive : d == 0 ? Label::kNegative : Label::kNone; }

}  // namespace

LabelSpec parse_label_spec(std::string_view text) {
  size_t at = text.find('=');
  if (at == std::string_view::npos) return {std::string(text), ""};
  return {std::string(text.substr(0, at)), std::string(text.substr(at + 1))};
}

Label read_label(const value::Value& v, const LabelSpec& spec) {
  if (v.is_missing() || v.is(value::Kind::kNull)) return Label::kNone;
  if (!spec.positive.empty()) return value::to_text(v) == spec.positive ? Label::kPositive : Label::kNegative;
  switch (v.kind) {
    case value::Kind::kBool:
      return v.is_true() ? Label::kPositive : Label::kNegative;
    case value::Kind::kInt:
      return of_number(static_cast<double>(v.i));
    case value::Kind::kUint:
      return of_number(static_cast<double>(v.u));
    case value::Kind::kDouble:
      return of_number(v.d);
    case value::Kind::kString:
      if (one_of(v.str(), {"1", "true", "True", "TRUE", "yes", "1.0"})) return Label::kPositive;
      if (one_of(v.str(), {"0", "false", "False", "FALSE", "no", "0.0", ""})) return Label::kNegative;
      return Label::kNone;
    default:
      return Label::kNone;
  }
}

}  // namespace weir::backtest
