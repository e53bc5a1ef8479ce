// url.*: hosts, parts and URLs in texts.
#include <fmt/format.h>

#include <algorithm>

#include "runtime/value/ext_support.h"
#include "runtime/value/url.h"
#include "runtime/value/words.h"

namespace weir::value {
namespace {

Value hosts(EvalContext& ctx, const ListRep& urls) {
  ext::ValueSet seen(ctx, urls.size);
  ext::ListBuilder out(ctx, 0);
  for (uint32_t i = 0; i < urls.size && !seen.failed(); ++i) {
    if (!urls.items[i].is(Kind::kString)) return wrong_kind(ctx, "url.hosts", urls.items[i]);
    if (!charge(ctx, urls.items[i].aux / 16)) return budget_error();
    std::string host = parse_url(urls.items[i].str()).host;
    if (host.empty() || seen.contains(Value::string(host))) continue;
    Value kept = new_string(ctx, host);
    if (!kept.ok()) return kept;
    seen.insert(kept);
    out.add(kept);
  }
  return seen.failed() ? budget_error() : out.finish();
}

Value path(std::string_view text) {
  Url url = parse_url(text);
  return Value::string(url.path.empty() && !url.host.empty() ? std::string_view("/") : url.path);
}

bool is_default_port(const Url& url) {
  return url.port.empty() || (url.scheme == "http" && url.port == "80") || (url.scheme == "https" && url.port == "443");
}

Value strip(EvalContext& ctx, const Value& whole) {
  std::string_view text = whole.str();
  Url url = parse_url(text);
  if (url.host.empty()) return Value::string(text.substr(0, text.find_first_of("?#")));
  ext::TextBuilder out(ctx, text.size());
  if (!url.scheme.empty()) {
    out.append(url.scheme);
    out.append("://");
  }
  bool brackets = url.host.find(':') != std::string::npos;
  if (brackets) out.append('[');
  out.append(url.host);
  if (brackets) out.append(']');
  if (!is_default_port(url)) {
    out.append(':');
    out.append(url.port);
  }
  out.append(url.path.empty() ? std::string_view("/") : url.path);
  return out.finish();
}

// The URL without what a sentence puts behind it: punctuation, and brackets that were opened before it.
std::string_view trim_url(std::string_view url) {
  url = url.substr(0, url.find_first_of("<>\""));
  while (!url.empty()) {
    char last = url.back();
    constexpr std::string_view kClosing = ")]}";
    constexpr std::string_view kOpening = "([{";
    size_t bracket = kClosing.find(last);
    bool unopened = bracket != std::string_view::npos &&
                    std::count(url.begin(), url.end(), kOpening[bracket]) < std::count(url.begin(), url.end(), last);
    if (unopened || std::string_view(".,;:!?'*_~").find(last) != std::string_view::npos) {
      url.remove_suffix(1);
      continue;
    }
    size_t at = url.size() - 1;
    while (at > 0 && utf8::is_continuation(url[at])) --at;
    char32_t c = utf8::decode(url, at).value;
    // Ellipsis, closing quotes and guillemets, CJK full stop and comma, full-width closing marks.
    constexpr std::u32string_view kMarks = U"…”’»›。、」』）！，．：；？";
    if (kMarks.find(c) == std::u32string_view::npos) break;
    url = url.substr(0, at);
  }
  return url;
}

Value extract(EvalContext& ctx, std::string_view text) {
  size_t most = 0;
  for (size_t at = text.find("://"); at != std::string_view::npos; at = text.find("://", at + 3)) ++most;
  ext::ValueSet seen(ctx, static_cast<uint32_t>(most));
  ext::ListBuilder out(ctx, 0);
  for (Span span = find_url(text, 0); span.begin != std::string_view::npos && !seen.failed();
       span = find_url(text, span.end)) {
    std::string_view url = trim_url(text.substr(span.begin, span.end - span.begin));
    if (url.size() < text.find("://", span.begin) - span.begin + 4) continue;  // nothing is left after the scheme
    if (seen.insert(Value::string(url))) out.add(Value::string(url));
  }
  return seen.failed() ? budget_error() : out.finish();
}

}  // namespace

WEIR_BODY_LINEAR(url_host, 1, new_string(ctx, parse_url(args[0].str()).host))
WEIR_BODY_OF(url_hosts, 1, hosts(ctx, *args[0].list), Kind::kList)
WEIR_BODY_LINEAR(url_registrable_domain, 1, new_string(ctx, registrable_domain(parse_url(args[0].str()))))
WEIR_BODY_LINEAR(url_path, 1, path(args[0].str()))
WEIR_BODY_LINEAR(url_scheme, 1, new_string(ctx, parse_url(args[0].str()).scheme))
WEIR_BODY_LINEAR(url_query, 1, Value::string(parse_url(args[0].str()).query))
WEIR_BODY_LINEAR(url_strip, 1, strip(ctx, args[0]))
WEIR_BODY_LINEAR(url_extract, 1, extract(ctx, args[0].str()))
WEIR_BODY_LINEAR(url_is_valid, 1, Value::boolean(is_valid_url(args[0].str())))

}  // namespace weir::value
