#include <fmt/format.h>

#include "runtime/explain/explain.h"

namespace weir::explain {
namespace {

void append_quoted(std::string_view text, std::string* out) {
  out->push_back('"');
  for (char c : text) {
    switch (c) {
      case '"':
        *out += "\\\"";
        break;
      case '\\':
        *out += "\\\\";
        break;
      case '\n':
        *out += "\\n";
        break;
      case '\r':
        *out += "\\r";
        break;
      case '\t':
        *out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          *out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        } else {
          out->push_back(c);
        }
    }
  }
  out->push_back('"');
}

void append_member(std::string_view name, std::string_view text, std::string* out) {
  if (out->back() != '{') out->push_back(',');
  append_quoted(name, out);
  out->push_back(':');
  append_quoted(text, out);
}

void append_position(const ir::Program& program, const WhyNode& n, std::string* out) {
  if (!n.has_span) return;
  const base::SourceFile& file = program.sources->file(n.span.file);
  const base::LineColumn at = file.line_column(n.span.begin);
  append_member("file", file.name(), out);
  *out += fmt::format(",\"line\":{},\"column\":{}", at.line, at.column);
}

void append_node(const ir::Program& program, const WhyNode& n, std::string* out) {
  out->push_back('{');
  append_member("source", n.source, out);
  append_member("outcome", truth_name(n.truth), out);
  append_member("value", n.value, out);
  *out += n.decisive ? ",\"decisive\":true" : ",\"decisive\":false";
  append_position(program, n, out);
  if (!n.children.empty()) {
    *out += ",\"children\":[";
    for (size_t i = 0; i < n.children.size(); ++i) {
      if (i > 0) out->push_back(',');
      append_node(program, n.children[i], out);
    }
    out->push_back(']');
  }
  out->push_back('}');
}

void append_line(const WhyNode& n, size_t depth, std::string* out) {
  *out += fmt::format("{}{}{}  is {}\n", n.decisive ? "=> " : "   ", std::string(depth * 2, ' '), n.source, n.value);
  for (const WhyNode& child : n.children) append_line(child, depth + 1, out);
}

}  // namespace

std::string to_json(const ir::Program& program, const Why& why) {
  std::string out = "{";
  if (why.rule < program.rules.size()) {
    append_member("rule", program.rules[why.rule].name, &out);
    append_member("id", program.rules[why.rule].id, &out);
  }
  append_member("outcome", truth_name(why.outcome), &out);
  if (why.truncated) out += ",\"truncated\":true";
  out += ",\"decided_by\":[";
  for (const WhyNode* n : why.decided_by()) {
    if (out.back() != '[') out += ',';
    out += '{';
    append_member("source", n->source, &out);
    append_member("value", n->value, &out);
    append_position(program, *n, &out);
    out += '}';
  }
  out += "],\"tree\":";
  append_node(program, why.root, &out);
  out += '}';
  return out;
}

std::string to_text(const ir::Program& program, const Why& why) {
  std::string out;
  if (why.rule < program.rules.size()) {
    out = fmt::format("rule {} ({}): {}\n", program.rules[why.rule].name, program.rules[why.rule].id,
                      truth_name(why.outcome));
  }
  append_line(why.root, 0, &out);
  if (why.truncated) out += "   (cut here)\n";
  return out;
}

}  // namespace weir::explain
