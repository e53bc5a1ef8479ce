// Random rules over a small schema, and rows that make them true, false, errors and missing.
#pragma once

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "compiler/check/expression.h"
#include "runtime/value/arena.h"
#include "runtime/value/value.h"

namespace weir::index {

class RandomRules {
 public:
  explicit RandomRules(uint64_t seed) : random_(seed) {}

  // Slots: i j(optional) u d e(optional) b c(optional) s t(optional) l m(optional).
  static check::ExprEnv environment(types::TypeTable& types) {
    const types::Type* texts = types.list(types.string());
    check::ExprEnv env;
    env.variables = {{"i", types.integer(), false},
                     {"j", types.integer(), true},
                     {"u", types.uint(), false},
                     {"d", types.dbl(), false},
                     {"e", types.dbl(), true},
                     {"b", types.boolean(), false},
                     {"c", types.boolean(), true},
                     {"s", types.string(), false},
                     {"t", types.string(), true},
                     {"l", texts, false},
                     {"m", texts, true}};
    return env;
  }

  std::string rule(int depth = 3) {
    if (depth == 0 || below(5) == 0) return leaf();
    switch (below(8)) {
      case 0:
      case 1:
      case 2:
        return "(" + rule(depth - 1) + " && " + rule(depth - 1) + ")";
      case 3:
      case 4:
        return "(" + rule(depth - 1) + " || " + rule(depth - 1) + ")";
      case 5:
        return "!(" + rule(depth - 1) + ")";
      case 6:
        return "(" + rule(depth - 2 < 0 ? 0 : depth - 2) + " ? " + rule(depth - 1) + " : " + rule(depth - 1) + ")";
      default:
        return leaf() + " && " + leaf();
    }
  }

  std::vector<value::Value> row(value::Arena& arena) {
    using value::Value;
    auto optional = [&](Value v) { return below(4) == 0 ? Value::missing() : v; };
    auto list = [&] {
      auto* rep = new (arena.allocate(sizeof(value::ListRep))) value::ListRep{};
      rep->size = rep->capacity = below(4);
      auto* items = arena.allocate_array<Value>(rep->size + 1);
      for (uint32_t k = 0; k < rep->size; ++k) items[k] = text(arena);
      rep->items = items;
      return Value::of(rep);
    };
    return {Value::integer(integer()),
            optional(Value::integer(integer())),
            Value::uint(below(6)),
            Value::dbl(number()),
            optional(Value::dbl(number())),
            Value::boolean(below(2) == 0),
            optional(Value::boolean(below(2) == 0)),
            text(arena),
            optional(text(arena)),
            list(),
            optional(list())};
  }

  uint32_t below(uint32_t n) { return static_cast<uint32_t>(random_() % n); }

 private:
  template <size_t kCount>
  std::string one_of(const char* const (&texts)[kCount]) {
    return texts[below(kCount)];
  }
  std::string relation() { return one_of({" < ", " <= ", " > ", " >= ", " == ", " != "}); }
  std::string syllable() { return one_of({"a", "ab", "aa", "ba", "B", "Ab", "b a", "1", "é", "K", "k", ""}); }
  std::string quoted() { return "'" + words(2) + "'"; }
  std::string words(uint32_t most) {
    std::string out;
    for (uint32_t n = below(most + 1); n > 0; --n) out += syllable();
    return out;
  }
  int64_t integer() {
    constexpr int64_t kValues[] = {
        -2, -1, 0, 1, 2, 3, 5, std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min()};
    return kValues[below(9)];
  }
  double number() {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    constexpr double kValues[] = {
        -1.5, -0.0, 0.0, 0.5, 1.0, 2.5, kInfinity, -kInfinity, std::numeric_limits<double>::quiet_NaN(), 5e-324};
    return kValues[below(10)];
  }
  value::Value text(value::Arena& arena) {
    const std::string t = words(5);
    return value::Value::string({arena.copy(t), t.size()});
  }

  std::string leaf() {
    const std::string i = one_of({"i", "j"}), d = one_of({"d", "e"}), s = one_of({"s", "t"}), l = one_of({"l", "m"});
    const std::string int_constant = one_of({"-1", "0", "1", "2", "3", "9223372036854775807"});
    const std::string constant = one_of({"-1.5", "-0.0", "0.0", "0.5", "1.0", "2.5", "1e300", "5e-324"});
    switch (below(24)) {
      case 0:
      case 1:
        return i + relation() + int_constant;
      case 2:
        return int_constant + relation() + i;
      case 3:
        return i + " in [" + int_constant + ", 5, -2]";
      case 4:
        return "u" + relation() + one_of({"0u", "1u", "3u"});
      case 5:
      case 6:
        return d + relation() + constant;
      case 7:
        return d + " in [" + constant + ", 0.5]";
      case 8:
        return one_of({"b", "c", "!b", "!c", "b == true", "c != true", "c == false"});
      case 9:
      case 10:
        return s + one_of({" == ", " != "}) + quoted();
      case 11:
        return s + " in [" + quoted() + ", " + quoted() + ", 'ab']";
      case 12:
        return s + ".contains(" + quoted() + ")";
      case 13:
        return s + ".startsWith(" + quoted() + ")";
      case 14:
        return s + ".endsWith(" + quoted() + ")";
      case 15:
      case 16:
        return s + ".matches('" +
               one_of({"a+b", "^a", "b$", "(ab|ba)", "(?i)ab", "(?i)k", "^(ab|aa)$", "\\\\d", "a.*b", "[Bé]", "",
                       "a{2,}", "(?i)(ab|b a)", "^(a|ba)", "x|y", "(?:aa|1)$", "\\\\bab\\\\b", "[A-Z]+",
                       "b a.*\\\\d"}) +
               "')";
      case 17:
        return l + ".exists(x, x == " + quoted() + ")";
      case 18:
        return quoted() + " in " + l;
      case 19:
        return one_of({"size(s) > 2", "size(l) >= 2", "size(t) == 0", "s.lowerAscii().contains('ab')"});
      case 20:
        return one_of({"10 / i > 3", "i + i > 2", "double(i) / double(j) >= 1.0", "j * 2 < 3"});
      case 21:
        return one_of({"i < j", "d > 1", "i < 1.5", "s == t", "d == e"});
      case 22:
        return one_of({"true", "false", "l.all(x, x != 'a')", "[i, j].exists(x, x == 1)"});
      default:
        return "(" + s + " == " + quoted() + " || " + s + " == " + quoted() + " || " + s + " == 'a')";
    }
  }

  std::mt19937_64 random_;
};

}  // namespace weir::index
