#include "tests/differential/generator.h"

#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <iterator>
#include <limits>
#include <map>

namespace weir::differential {

using types::Kind;
using types::Type;
using value::Value;

namespace {

constexpr const char* kTexts[] = {"",
                                  "a",
                                  "abc",
                                  "ABC",
                                  "a,b,,c",
                                  "é日本",
                                  "10.0.0.1",
                                  "10.0.0.0/8",
                                  "::1",
                                  "fe80::/10",
                                  "UTC",
                                  "America/New_York",
                                  "+05:30",
                                  "2009-02-13T23:31:30.5Z",
                                  "1h30m",
                                  "-1.5s",
                                  "%s %d",
                                  "%.3f|%x",
                                  "a+b",
                                  "[a-c]+",
                                  "^(",
                                  "#tag @user http://x.test/p?q=1",
                                  "RT @x: hi",
                                  "true",
                                  "-17",
                                  "1e3",
                                  "18446744073709551615",
                                  "YWJj",
                                  "http://a.co.uk/x",
                                  "  pad  ",
                                  "needle in a haystack"};
constexpr int64_t kInts[] = {0,
                             1,
                             -1,
                             2,
                             3,
                             7,
                             42,
                             100,
                             std::numeric_limits<int64_t>::max(),
                             std::numeric_limits<int64_t>::min(),
                             1ll << 53,
                             63,
                             64,
                             1234567890};
constexpr uint64_t kUints[] = {0, 1, 2, 3, 64, 1ull << 53, 1ull << 63, std::numeric_limits<uint64_t>::max()};
const double kDoubles[] = {0.0,
                           -0.0,
                           1.0,
                           -1.5,
                           2.5,
                           0.1,
                           1e18,
                           9.3e18,
                           -9.3e18,
                           1e300,
                           5e-324,
                           std::numeric_limits<double>::infinity(),
                           -std::numeric_limits<double>::infinity(),
                           std::numeric_limits<double>::quiet_NaN()};

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

// Binds the parameters of a signature's type so that it becomes the wanted one.
bool unify(const Type* pattern, const Type* wanted, std::map<std::string, const Type*>* bound) {
  if (pattern->is(Kind::kParam)) {
    auto [it, added] = bound->try_emplace(pattern->name(), wanted);
    return added || it->second == wanted;
  }
  if (pattern->kind() != wanted->kind() || pattern->name() != wanted->name() ||
      pattern->args().size() != wanted->args().size())
    return false;
  for (size_t i = 0; i < pattern->args().size(); ++i)
    if (!unify(pattern->arg(i), wanted->arg(i), bound)) return false;
  return true;
}

}  // namespace

Generator::Generator(types::TypeTable& types, uint64_t seed) : types_(types), overloads_(types), rng_(seed) {
  const Type* s = types.string();
  const Type* i = types.integer();
  pool_ = {types.boolean(),
           i,
           types.uint(),
           types.dbl(),
           s,
           types.bytes(),
           types.timestamp(),
           types.duration(),
           types.list(s),
           types.list(i),
           types.list(types.dbl()),
           types.map(s, i),
           types.map(i, s),
           types.optional(i),
           types.list(types.list(i)),
           types.dyn()};
  for (size_t n = 0; n < pool_.size(); ++n) {
    env_.variables.push_back({fmt::format("v{}", n), pool_[n], false});
    env_.variables.push_back({fmt::format("m{}", n), pool_[n], true});
  }
}

std::string Generator::expression() {
  locals_.clear();
  next_local_ = 0;
  return make(chance(50) ? types_.boolean() : pool_[below(pool_.size())], 1 + static_cast<int>(below(5)));
}

const Type* Generator::simple_type() { return pool_[below(9)]; }

std::string Generator::make(const Type* type, int depth) {
  if (depth <= 0) return leaf(type);
  switch (below(10)) {
    case 0:
      return leaf(type);
    case 1:
      return fmt::format("({} ? {} : {})", make(types_.boolean(), depth - 1), make(type, depth - 1),
                         make(type, depth - 1));
    case 2:
    case 3:
      return macro(type, depth);
    case 4:
      return chain(type, depth);
    case 5:
      if (type->is(Kind::kBool)) return logic(depth);
      [[fallthrough]];
    default:
      return call(type, depth);
  }
}

std::string Generator::leaf(const Type* type) {
  std::vector<std::string> names;
  for (const Local& local : locals_)
    if (local.type == type) names.push_back(local.name);
  if (!names.empty() && chance(60)) return names[below(names.size())];
  for (size_t n = 0; n < pool_.size(); ++n)
    if (pool_[n] == type && chance(70)) return fmt::format("{}{}", chance(25) ? "m" : "v", n);
  return literal(type);
}

std::string Generator::literal(const Type* type) {
  switch (type->kind()) {
    case Kind::kBool:
      return chance(50) ? "true" : "false";
    case Kind::kInt:
      return fmt::format("({})", kInts[below(std::size(kInts))]);
    case Kind::kUint:
      return fmt::format("{}u", kUints[below(std::size(kUints))]);
    case Kind::kDouble: {
      double d = kDoubles[below(std::size(kDoubles))];
      if (std::isnan(d) || std::isinf(d))
        return fmt::format("double(\"{}\")", std::isnan(d) ? "NaN" : d > 0 ? "Infinity" : "-Infinity");
      std::string text = fmt::format("{}", d);
      if (text.find_first_of(".e") == std::string::npos) text += ".0";
      return "(" + text + ")";
    }
    case Kind::kString:
      return quote(kTexts[below(std::size(kTexts))]);
    case Kind::kBytes:
      return "b" + quote(kTexts[below(std::size(kTexts))]);
    case Kind::kTimestamp:
      return fmt::format("timestamp({})", static_cast<int64_t>(below(4'000'000'000)) - 1'000'000'000);
    case Kind::kDuration:
      return fmt::format("duration(\"{}ms\")", static_cast<int64_t>(below(1'000'000)) - 500'000);
    case Kind::kNull:
      return "null";
    case Kind::kList: {
      std::string out = "[";
      for (uint64_t n = below(4), k = 0; k < n; ++k) out += (k ? ", " : "") + leaf(type->arg(0));
      return out + "]";
    }
    case Kind::kMap: {
      std::string out = "{";
      for (uint64_t n = below(4), k = 0; k < n; ++k)
        out += (k ? ", " : "") + leaf(type->arg(0)) + ": " + leaf(type->arg(1));
      return out + "}";
    }
    case Kind::kOptional:
      return chance(30) ? "optional.none()" : fmt::format("optional.of({})", leaf(type->arg(0)));
    case Kind::kType:
      return "type(" + leaf(simple_type()) + ")";
    case Kind::kAbstract:
      return type->name() == "net.IP" ? "ip(\"10.1.2.3\")" : "cidr(\"10.0.0.0/8\")";
    default:
      return fmt::format("dyn({})", literal(simple_type()));
  }
}

std::string Generator::spell(const types::Overload& overload, const std::vector<std::string>& args) {
  const types::BuiltinInfo& info = types::builtin_info(overload.id);
  std::string f(info.function);
  if (info.style == types::CallStyle::kOperator) {
    if (f == "-_") return fmt::format("-({})", args[0]);
    if (f == "@in") return fmt::format("({} in {})", args[0], args[1]);
    if (f == "_[_]") return fmt::format("{}[{}]", args[0], args[1]);
    return fmt::format("({} {} {})", args[0], f.substr(1, f.size() - 2), args[1]);
  }
  if (f == "math.@max") f = "math.greatest";
  if (f == "math.@min") f = "math.least";
  bool member = info.style == types::CallStyle::kMember;
  std::string out = member ? args[0] + "." + f + "(" : f + "(";
  for (size_t i = member; i < args.size(); ++i) out += (i > member ? ", " : "") + args[i];
  return out + ")";
}

std::string Generator::call(const Type* type, int depth) {
  // A few draws, so that rare result types still find an overload.
  for (int attempt = 0; attempt < 60; ++attempt) {
    auto id = static_cast<types::BuiltinId>(below(types::kBuiltinCount));
    const types::Overload& overload = overloads_.overload(id);
    std::string_view function = types::builtin_info(id).function;
    if (function.find('@') != std::string_view::npos && function != "@in" && function != "math.@max" &&
        function != "math.@min")
      continue;
    std::map<std::string, const Type*> bound;
    if (!unify(overload.result, type, &bound)) continue;
    std::vector<std::string> args;
    for (const Type* param : overload.params) {
      std::function<const Type*(const Type*)> concrete = [&](const Type* t) -> const Type* {
        if (t->is(Kind::kParam)) return bound.try_emplace(t->name(), simple_type()).first->second;
        if (t->args().empty()) return t;
        std::vector<const Type*> parts;
        for (const Type* part : t->args()) parts.push_back(concrete(part));
        return types_.intern(t->kind(), t->name(), std::move(parts));
      };
      const Type* wanted = concrete(param);
      std::string arg = make(wanted, depth - 1);
      // Now and then the type is known at run time only.
      args.push_back(chance(6) ? "dyn(" + arg + ")" : arg);
    }
    return spell(overload, args);
  }
  return leaf(type);
}

std::string Generator::logic(int depth) {
  switch (below(3)) {
    case 0:
      return "!(" + make(types_.boolean(), depth - 1) + ")";
    case 1:
      return fmt::format("({} && {})", make(types_.boolean(), depth - 1), make(types_.boolean(), depth - 1));
    default:
      return fmt::format("({} || {})", make(types_.boolean(), depth - 1), make(types_.boolean(), depth - 1));
  }
}

std::string Generator::macro(const Type* type, int depth) {
  std::string name = fmt::format("x{}", next_local_++);
  const Type* element = simple_type();
  while (element->is(Kind::kList)) element = simple_type();
  auto scoped = [&](const Type* local, const Type* wanted) {
    locals_.push_back({name, local});
    std::string body = make(wanted, depth - 1);
    locals_.pop_back();
    return body;
  };
  if (type->is(Kind::kBool)) {
    static constexpr const char* kMacros[] = {"all", "exists", "exists_one"};
    std::string range = make(types_.list(element), depth - 1);
    if (chance(25)) {
      std::string index = fmt::format("x{}", next_local_++);
      locals_.push_back({index, types_.integer()});
      std::string body = scoped(element, types_.boolean());
      locals_.pop_back();
      return fmt::format("{}.{}({}, {}, {})", range,
                         kMacros[below(3)] == std::string("exists_one") ? "existsOne" : kMacros[below(2)], index, name,
                         body);
    }
    return fmt::format("{}.{}({}, {})", range, kMacros[below(3)], name, scoped(element, types_.boolean()));
  }
  if (type->is(Kind::kList)) {
    if (chance(40)) {
      std::string range = make(type, depth - 1);
      return fmt::format("{}.filter({}, {})", range, name, scoped(type->arg(0), types_.boolean()));
    }
    if (chance(20)) {
      std::string range = make(type, depth - 1);
      return fmt::format("{}.sortBy({}, {})", range, name, scoped(type->arg(0), simple_type()));
    }
    std::string range = make(types_.list(element), depth - 1);
    return fmt::format("{}.map({}, {})", range, name, scoped(element, type->arg(0)));
  }
  if (type->is(Kind::kMap)) {
    std::string range = make(type, depth - 1);
    std::string key = fmt::format("x{}", next_local_++);
    locals_.push_back({key, type->arg(0)});
    std::string body = scoped(type->arg(1), type->arg(1));
    locals_.pop_back();
    return fmt::format("{}.transformMap({}, {}, {})", range, key, name, body);
  }
  std::string value = make(element, depth - 1);
  return fmt::format("cel.bind({}, {}, {})", name, value, scoped(element, type));
}

// Presence, selection and optionals.
std::string Generator::chain(const Type* type, int depth) {
  if (type->is(Kind::kBool)) {
    if (chance(50)) return fmt::format("has({}.abc)", make(types_.map(types_.string(), types_.integer()), depth - 1));
    return make(types_.optional(types_.integer()), depth - 1) + ".hasValue()";
  }
  if (type->is(Kind::kOptional)) {
    std::string map = make(types_.map(types_.string(), type->arg(0)), depth - 1);
    switch (below(4)) {
      case 0:
        return map + ".?abc";
      case 1:
        return fmt::format("{}[?{}]", map, make(types_.string(), depth - 1));
      case 2:
        return fmt::format("{}[?{}]", make(types_.list(type->arg(0)), depth - 1), make(types_.integer(), depth - 1));
      default:
        return fmt::format("{}.or({})", make(type, depth - 1), make(type, depth - 1));
    }
  }
  if (type->is(Kind::kList))
    return fmt::format("[{}, ?{}]", make(type->arg(0), depth - 1), make(types_.optional(type->arg(0)), depth - 1));
  if (type->is(Kind::kMap))
    return fmt::format("{{?{}: {}}}", make(type->arg(0), depth - 1), make(types_.optional(type->arg(1)), depth - 1));
  if (chance(50)) return fmt::format("{}.orValue({})", make(types_.optional(type), depth - 1), make(type, depth - 1));
  return fmt::format("{}.abc", make(types_.map(types_.string(), type), depth - 1));
}

Value Generator::random_value(const Type* type, value::Arena& arena, int depth) {
  switch (type->kind()) {
    case Kind::kBool:
      return Value::boolean(chance(50));
    case Kind::kInt:
      return Value::integer(kInts[below(std::size(kInts))]);
    case Kind::kUint:
      return Value::uint(kUints[below(std::size(kUints))]);
    case Kind::kDouble:
      return Value::dbl(kDoubles[below(std::size(kDoubles))]);
    case Kind::kString:
      return Value::string(kTexts[below(std::size(kTexts))]);
    case Kind::kBytes:
      return Value::bytes(kTexts[below(std::size(kTexts))]);
    case Kind::kTimestamp:
      return Value::timestamp(static_cast<int64_t>(below(4'000'000'000)) - 1'000'000'000,
                              static_cast<uint32_t>(below(1'000'000'000)));
    case Kind::kDuration:
      return Value::duration(static_cast<int64_t>(below(1'000'000)) - 500'000,
                             static_cast<uint32_t>(below(1'000'000'000)));
    case Kind::kOptional: {
      if (chance(30)) return Value::none();
      auto* inner = arena.allocate_array<Value>(1);
      *inner = random_value(type->arg(0), arena, depth - 1);
      return Value::some(inner);
    }
    case Kind::kList: {
      uint32_t n = static_cast<uint32_t>(below(chance(10) ? 20 : 4));
      auto* items = arena.allocate_array<Value>(n);
      for (uint32_t i = 0; i < n; ++i) items[i] = random_value(type->arg(0), arena, depth - 1);
      auto* list = arena.allocate_array<value::ListRep>(1);
      *list = value::ListRep{};
      list->size = list->capacity = n;
      list->items = items;
      return Value::of(list);
    }
    case Kind::kMap: {
      // Distinct keys: the first few of the pool.
      uint32_t n = static_cast<uint32_t>(below(4));
      auto* entries = arena.allocate_array<value::MapEntry>(n);
      for (uint32_t i = 0; i < n; ++i) {
        entries[i].key = type->arg(0)->is(Kind::kInt) ? Value::integer(kInts[i]) : Value::string(kTexts[i]);
        entries[i].value = random_value(type->arg(1), arena, depth - 1);
      }
      auto* map = arena.allocate_array<value::MapRep>(1);
      *map = value::MapRep{};
      map->size = map->capacity = n;
      map->entries = entries;
      return Value::of(map);
    }
    default:
      return depth <= 0 ? Value::null() : random_value(pool_[below(pool_.size() - 1)], arena, depth - 1);
  }
}

std::vector<Value> Generator::row(value::Arena& arena) {
  std::vector<Value> out;
  for (const check::Variable& v : env_.variables)
    out.push_back(v.optional && chance(50) ? Value::missing() : random_value(v.type, arena, 2));
  return out;
}

}  // namespace weir::differential
