#include "tools/weir/conformance_case.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "absl/strings/escaping.h"
#include "runtime/io/scalar.h"
#include "runtime/value/context.h"
#include "runtime/value/operations.h"

namespace weir::tools {
namespace {

using value::Value;

// Collects the first complaint; readers return a harmless default after it.
class CaseReader {
 public:
  explicit CaseReader(ConformanceCase* c) : case_(*c) {}

  void read(const Json& json) {
    case_.file = text(json, "file");
    case_.section = text(json, "section");
    case_.name = text(json, "name");
    case_.expression = text(json, "expr");
    case_.disable_check = json.value("disable_check", false);
    case_.check_only = json.value("check_only", false);
    case_.env.container = json.value("container", "");
    const Json bindings = json.value("bindings", Json::object());
    for (const Json& declaration : json.value("type_env", Json::array())) declare(declaration);
    for (const auto& [name, bound] : bindings.items()) {
      if (!bound.is_object()) {
        fail(fmt::format("binding `{}` is no value", name));
        continue;
      }
      bind(name, bound);
    }
    for (size_t i = 0; i < case_.env.variables.size(); ++i) case_.env.variables[i].optional = case_.row[i].is_missing();
    if (!json.contains("expect") || !json["expect"].is_object()) {  // no matcher: true
      case_.expects_value = true;
      case_.expected = Value::boolean(true);
      return;
    }
    const Json& expect = json["expect"];
    if (expect.contains("type")) case_.expected_type = type(expect["type"]);
    if (expect.contains("eval_error") || expect.contains("any_eval_errors")) {
      case_.expects_error = true;
    } else if (expect.contains("value")) {
      case_.expects_value = true;
      case_.expected = value(expect["value"]);
    } else if (!expect.contains("type")) {
      fail("the expectation is neither a value, an error nor a type");
    }
  }

  std::string error;

 private:
  void fail(std::string message) {
    if (error.empty()) error = std::move(message);
  }

  std::string text(const Json& json, const char* key) {
    if (json.contains(key) && json[key].is_string()) return json[key].get<std::string>();
    fail(fmt::format("no text `{}`", key));
    return "";
  }

  void declare(const Json& declaration) {
    std::string name = text(declaration, "name");
    if (declaration.contains("ident")) {
      case_.env.variables.push_back({name, type(declaration["ident"]), false});
      case_.row.emplace_back();
    } else if (declaration.contains("function")) {
      for (const Json& overload : declaration["function"]) {
        check::HostOverload host;
        host.function = name;
        host.member = overload.value("instance", false);
        for (const Json& p : overload["params"]) host.params.push_back(type(p));
        host.result = type(overload["result"]);
        case_.env.functions.push_back(std::move(host));
      }
    } else {
      fail(fmt::format("`{}` is declared as neither a variable nor a function", name));
    }
  }

  void bind(const std::string& name, const Json& bound) {
    size_t i = 0;
    while (i < case_.env.variables.size() && case_.env.variables[i].name != name) ++i;
    if (i == case_.env.variables.size()) {
      case_.env.variables.push_back({name, case_.types->dyn(), false});
      case_.row.emplace_back();
    }
    case_.row[i] = value(bound);
  }

  const types::Type* type(const Json& json) {
    types::TypeTable& table = *case_.types;
    if (json.is_string()) {
      const std::string name = json.get<std::string>();
      if (name == "any") return table.dyn();
      if (const types::Type* t = table.parse(name == "null_type" ? "null" : name)) return t;
      fail(fmt::format("unknown type `{}`", name));
      return table.dyn();
    }
    if (json.is_object() && !json.empty()) {
      if (json.contains("abstract")) {
        std::vector<const types::Type*> params;
        for (const Json& p : json.value("params", Json::array())) params.push_back(type(p));
        std::string name = json["abstract"].get<std::string>();
        if (name == "optional_type" && params.size() == 1) return table.optional(params[0]);
        return table.abstract(name, params);
      }
      if (json.contains("type_param")) return table.param(json["type_param"].get<std::string>());
      if (json.contains("list")) return table.list(type(json["list"]));
      if (json.contains("map") && json["map"].size() == 2) return table.map(type(json["map"][0]), type(json["map"][1]));
      if (json.contains("optional")) return table.optional(type(json["optional"]));
      if (json.contains("type")) return table.type_of(type(json["type"]));
    }
    fail("unknown type " + json_text(json));
    return table.dyn();
  }

  std::string_view copy(std::string_view t) { return {case_.arena->copy(t), t.size()}; }

  value::Value value(const Json& json) {
    if (!json.is_object() || json.size() != 1) {
      fail("a value is not an object of one key: " + json_text(json));
      return Value::null();
    }
    const std::string kind = json.begin().key();
    const Json& v = json.begin().value();
    if (kind == "null") return Value::null();
    if (kind == "bool" && v.is_boolean()) return Value::boolean(v.get<bool>());
    if (kind == "list" && v.is_array()) return list(v);
    if (kind == "map" && v.is_array()) return map(v);
    if (kind == "optional") {
      if (v.is_null()) return Value::none();
      auto* inner = case_.arena->allocate_array<Value>(1);
      *inner = value(v);
      return Value::some(inner);
    }
    std::string t = v.is_string() ? v.get<std::string>() : v.dump();
    if (kind == "string") return Value::string(copy(t));
    if (kind == "type") return Value::type(copy(t));
    if (kind == "int") return number<int64_t>(t);
    if (kind == "uint") return number<uint64_t>(t);
    if (kind == "double") return dbl(t);
    if (kind == "bytes") {
      std::string decoded;
      if (!absl::Base64Unescape(t, &decoded)) fail("bytes are not base64: " + t);
      return Value::bytes(copy(decoded));
    }
    if (kind == "duration" || kind == "timestamp") return scalar(kind, t);
    fail(fmt::format("unknown value kind `{}`", kind));
    return Value::null();
  }

  template <typename T>
  Value number(const std::string& t) {
    T n = 0;
    auto [end, ec] = std::from_chars(t.data(), t.data() + t.size(), n);
    if (ec != std::errc() || end != t.data() + t.size()) fail("not a number: " + t);
    if constexpr (std::is_signed_v<T>)
      return Value::integer(n);
    else
      return Value::uint(n);
  }

  Value dbl(const std::string& t) {
    if (t == "NaN" || t == "nan") return Value::dbl(std::nan(""));
    if (t == "Infinity" || t == "inf" || t == "+Infinity") return Value::dbl(INFINITY);
    if (t == "-Infinity" || t == "-inf") return Value::dbl(-INFINITY);
    char* end = nullptr;
    double d = strtod(t.c_str(), &end);
    if (end == t.c_str() || *end != 0) fail("not a number: " + t);
    return Value::dbl(d);
  }

  Value scalar(const std::string& kind, const std::string& t) {
    io::Scalar s;
    s.kind = io::ScalarKind::kString;
    s.text = t;
    io::Problem problem;
    Value out;
    const types::Type* type = kind == "duration" ? case_.types->duration() : case_.types->timestamp();
    if (!io::convert(s, type, {}, *case_.arena, &out, &problem)) fail(problem.message);
    return out;
  }

  Value list(const Json& items) {
    auto* list = case_.arena->allocate_array<value::ListRep>(1);
    auto* values = case_.arena->allocate_array<Value>(items.size());
    *list = {};
    list->size = list->capacity = static_cast<uint32_t>(items.size());
    list->items = values;
    for (size_t i = 0; i < items.size(); ++i) values[i] = value(items[i]);
    return Value::of(list);
  }

  Value map(const Json& entries) {
    std::vector<Value> items;
    for (const Json& entry : entries) {
      if (!entry.is_array() || entry.size() != 2) {
        fail("a map entry is not [key, value]");
        return Value::null();
      }
      items.push_back(value(entry[0]));
      items.push_back(value(entry[1]));
    }
    value::EvalContext ctx;
    ctx.arena = case_.arena.get();
    ctx.steps = INT64_MAX;
    Value out = value::make_map(ctx, items.data(), static_cast<uint32_t>(items.size() / 2), nullptr);
    if (!out.ok()) fail("a map has one key twice, or a key of a kind that cannot be one");
    return out;
  }

  ConformanceCase& case_;
};

}  // namespace

absl::StatusOr<ConformanceCase> read_case(const std::string& line) {
  Json json = Json::parse(line, nullptr, false);
  if (json.is_discarded() || !json.is_object()) return absl::InvalidArgumentError("not a JSON object");
  ConformanceCase out;
  out.types = std::make_shared<types::TypeTable>();
  out.arena = std::make_unique<value::Arena>();
  CaseReader reader(&out);
  try {
    reader.read(json);
  } catch (const Json::exception& e) {  // a key of another type than the format has
    reader.error = e.what();
  }
  if (!reader.error.empty()) return absl::InvalidArgumentError(reader.error);
  return out;
}

bool same(const value::Value& a, const value::Value& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case value::Kind::kDouble:
      return a.d == b.d || (std::isnan(a.d) && std::isnan(b.d));
    case value::Kind::kList:
      if (a.list->size != b.list->size) return false;
      for (uint32_t i = 0; i < a.list->size; ++i)
        if (!same(a.list->items[i], b.list->items[i])) return false;
      return true;
    case value::Kind::kMap:
      if (a.map->size != b.map->size) return false;
      for (uint32_t i = 0; i < a.map->size; ++i) {
        bool found = false;
        for (uint32_t k = 0; k < b.map->size && !found; ++k)
          found = same(a.map->entries[i].key, b.map->entries[k].key) &&
                  same(a.map->entries[i].value, b.map->entries[k].value);
        if (!found) return false;
      }
      return true;
    case value::Kind::kOptional:
      if (a.optional == nullptr || b.optional == nullptr) return a.optional == b.optional;
      return same(*a.optional, *b.optional);
    case value::Kind::kMissing:
    case value::Kind::kError:
      return false;
    default:
      return value::equal(a, b);
  }
}

}  // namespace weir::tools
