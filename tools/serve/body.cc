#include "tools/serve/body.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "compiler/base/diagnostics.h"
#include "tools/serve/problem.h"
#include "tools/serve/service.h"

namespace weir::serve {

bool depth_within(std::string_view json, size_t most) {
  bool within = true;
  each_bracket(json, [&](size_t, size_t depth) { return within = depth <= most; });
  return within;
}

Members::Members(const Exchange& exchange) : body_(tools::Json::object()) {
  const std::string& text = exchange.request.body;
  if (text.empty()) return;
  if (!depth_within(text, exchange.service.limits().json_depth)) {
    status_ = 400;
    detail_ = fmt::format("the body is nested deeper than {}", exchange.service.limits().json_depth);
    return;
  }
  body_ = tools::Json::parse(text, nullptr, false);
  if (body_.is_object()) return;
  status_ = body_.is_discarded() ? 400 : 422;
  detail_ = body_.is_discarded() ? "the body is not valid JSON" : "the body is not a JSON object";
  body_ = tools::Json::object();
}

bool read_number(std::string_view text, uint64_t* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

bool read_id(const Exchange& exchange, uint64_t* id, Response* response) {
  if (read_number(exchange.parameter, id)) return true;
  set_problem(response, 404, fmt::format("there is no proposal `{}`", exchange.parameter));
  return false;
}

void Members::wrong(std::string_view name, std::string_view why) {
  if (status_ != 0) return;
  status_ = 422;
  detail_ = fmt::format("`{}` {}", name, why);
}

const tools::Json* Members::find(std::string_view name) {
  known_.emplace_back(name);
  const auto at = body_.find(std::string(name));
  return at == body_.end() ? nullptr : &*at;
}

std::optional<std::string> Members::text(std::string_view name) {
  const tools::Json* v = find(name);
  if (v == nullptr) return std::nullopt;
  if (v->is_string()) return v->get<std::string>();
  wrong(name, "is not a text");
  return std::nullopt;
}

std::string Members::required_text(std::string_view name) {
  const tools::Json* v = find(name);
  if (v == nullptr || !v->is_string() || v->get_ref<const std::string&>().empty()) {
    wrong(name, v == nullptr ? "is absent" : v->is_string() ? "is empty" : "is not a text");
    return {};
  }
  return v->get<std::string>();
}

std::optional<uint64_t> Members::count(std::string_view name) {
  const tools::Json* v = find(name);
  if (v == nullptr) return std::nullopt;
  if (v->is_number_unsigned()) return v->get<uint64_t>();
  wrong(name, "is not a whole number from 0");
  return std::nullopt;
}

uint64_t Members::required_count(std::string_view name) {
  const std::optional<uint64_t> n = count(name);
  if (!n) wrong(name, "is absent");
  return n.value_or(0);
}

std::optional<double> Members::share(std::string_view name) {
  const tools::Json* v = find(name);
  if (v == nullptr) return std::nullopt;
  if (v->is_number() && v->get<double>() >= 0) return v->get<double>();
  wrong(name, "is not a number from 0");
  return std::nullopt;
}

bool Members::flag(std::string_view name) {
  const tools::Json* v = find(name);
  if (v != nullptr && !v->is_boolean()) wrong(name, "is neither true nor false");
  return v != nullptr && v->is_boolean() && v->get<bool>();
}

std::vector<std::string> Members::required_texts(std::string_view name) {
  std::vector<std::string> out;
  const tools::Json* v = find(name);
  if (v == nullptr || !v->is_array()) {
    wrong(name, v == nullptr ? "is absent" : "is not a list of texts");
    return out;
  }
  for (const tools::Json& item : *v) {
    if (item.is_string()) {
      out.push_back(item.get<std::string>());
    } else {
      wrong(name, "has an entry that is not a text");
    }
  }
  return out;
}

tools::Json Members::array(std::string_view name) {
  const tools::Json* v = find(name);
  if (v != nullptr && v->is_array()) return *v;
  wrong(name, v == nullptr ? "is absent" : "is not a list");
  return nullptr;
}

std::optional<std::string> Members::object(std::string_view name) {
  const tools::Json* v = find(name);
  if (v != nullptr && v->is_object()) return tools::json_text(*v);
  wrong(name, v == nullptr ? "is absent" : "is not an object");
  return std::nullopt;
}

bool Members::finish(Response* response) {
  for (const auto& [name, value] : body_.items()) {
    if (status_ != 0) break;
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    const std::vector<std::string_view> names(known_.begin(), known_.end());
    const std::string_view meant = base::did_you_mean(name, names);
    wrong(name, meant.empty() ? "is no member of the body"
                              : fmt::format("is no member of the body; did you mean `{}`?", meant));
  }
  if (status_ == 0) return true;
  set_problem(response, status_, detail_);
  return false;
}

}  // namespace weir::serve
