#include "runtime/io/json_text.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <cmath>

#include "absl/strings/escaping.h"
#include "runtime/value/operations.h"

namespace weir::io {

void append_json_quoted(std::string_view text, std::string* out) {
  out->push_back('"');
  size_t plain = 0;  // start of the run not yet copied
  auto flush = [&](size_t end) { out->append(text.substr(plain, end - plain)); };
  for (size_t i = 0; i < text.size();) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\' && c < 0x7F) {
      ++i;
      continue;
    }
    size_t step = 1;
    std::string_view replacement;
    char buffer[8];
    if (c == '"') {
      replacement = "\\\"";
    } else if (c == '\\') {
      replacement = "\\\\";
    } else if (c == '\n') {
      replacement = "\\n";
    } else if (c == '\t') {
      replacement = "\\t";
    } else if (c == '\r') {
      replacement = "\\r";
    } else if (c < 0x20 || c == 0x7F) {
      *fmt::format_to(buffer, "\\u{:04x}", c) = 0;
      replacement = std::string_view(buffer, 6);
    } else {
      utf8proc_int32_t code = 0;
      utf8proc_ssize_t n = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + i),
                                            static_cast<utf8proc_ssize_t>(text.size() - i), &code);
      if (n <= 0) {
        replacement = "\xEF\xBF\xBD";
      } else if (code == 0x2028 || code == 0x2029) {  // line ends to JavaScript and to careless line splitters
        replacement = code == 0x2028 ? "\\u2028" : "\\u2029";
        step = static_cast<size_t>(n);
      } else {
        i += static_cast<size_t>(n);
        continue;
      }
    }
    flush(i);
    out->append(replacement);
    i += step;
    plain = i;
  }
  flush(text.size());
  out->push_back('"');
}

std::string json_quoted(std::string_view text) {
  std::string out;
  append_json_quoted(text, &out);
  return out;
}

void append_json(const value::Value& v, std::string* out) {
  switch (v.kind) {
    case value::Kind::kMissing:
    case value::Kind::kNull:
      out->append("null");
      break;
    case value::Kind::kBool:
      out->append(v.i != 0 ? "true" : "false");
      break;
    case value::Kind::kInt:
      out->append(fmt::format("{}", v.i));
      break;
    case value::Kind::kUint:
      out->append(fmt::format("{}", v.u));
      break;
    case value::Kind::kDouble:
      if (std::isfinite(v.d)) {
        out->append(fmt::format("{}", v.d));
      } else {
        append_json_quoted(value::to_text(v), out);
      }
      break;
    case value::Kind::kString:
    case value::Kind::kType:
      append_json_quoted(v.str(), out);
      break;
    case value::Kind::kBytes:
      out->push_back('"');
      out->append(absl::Base64Escape(absl::string_view(v.s, v.aux)));
      out->push_back('"');
      break;
    case value::Kind::kList:
      out->push_back('[');
      for (uint32_t i = 0; i < v.list->size; ++i) {
        if (i > 0) out->push_back(',');
        append_json(v.list->items[i], out);
      }
      out->push_back(']');
      break;
    case value::Kind::kMap:
      out->push_back('{');
      for (uint32_t i = 0; i < v.map->size; ++i) {
        if (i > 0) out->push_back(',');
        append_json_quoted(value::to_text(v.map->entries[i].key), out);
        out->push_back(':');
        append_json(v.map->entries[i].value, out);
      }
      out->push_back('}');
      break;
    case value::Kind::kOptional:
      if (v.optional == nullptr) {
        out->append("null");
      } else {
        append_json(*v.optional, out);
      }
      break;
    default:  // timestamps, durations, addresses, errors
      append_json_quoted(value::to_text(v), out);
  }
}

}  // namespace weir::io
