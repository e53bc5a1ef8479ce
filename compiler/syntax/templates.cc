// `because "…{expr}…"`: text and expressions in turn; `{{` and `}}` stand for braces.
#include <fmt/format.h>

#include "compiler/syntax/literals.h"
#include "compiler/syntax/statements.h"

namespace weir::syntax {

using base::DiagKind;
using base::Span;

namespace {

// Past the string literal that begins at `i`, so that a brace in it does not count; `i` + 1 if it is not closed.
size_t past_string(std::string_view content, size_t i) {
  char quote = content[i];
  for (size_t k = i + 1; k < content.size(); ++k) {
    if (content[k] == '\\')
      ++k;
    else if (content[k] == quote)
      return k + 1;
  }
  return i + 1;
}

// The `}` that ends the expression beginning at `i`, or npos.
size_t expression_end(std::string_view content, size_t i) {
  int depth = 0;
  while (i < content.size()) {
    char c = content[i];
    if (c == '"' || c == '\'') {
      i = past_string(content, i);
      continue;
    }
    if (c == '{') ++depth;
    if (c == '}' && depth-- == 0) return i;
    ++i;
  }
  return std::string_view::npos;
}

}  // namespace

std::vector<TemplatePiece> StatementParser::build_template(Span whole) {
  QuotedText quoted = split_quoted(text(whole));
  uint32_t base = whole.begin + static_cast<uint32_t>(quoted.content_begin);
  std::vector<TemplatePiece> pieces;
  std::string raw;  // of the text piece being read, escapes not yet decoded
  uint32_t raw_begin = base;
  auto at = [&](size_t begin, size_t end) {
    return Span{whole.file, base + static_cast<uint32_t>(begin), base + static_cast<uint32_t>(end)};
  };
  auto flush = [&] {
    if (raw.empty()) return;
    LiteralError mistake;
    std::optional<std::string> decoded = decode_content(raw, quoted.raw, false, mistake);
    if (decoded) {
      pieces.push_back({std::move(*decoded), nullptr});
    } else {
      Span place{whole.file, raw_begin + static_cast<uint32_t>(mistake.begin),
                 raw_begin + static_cast<uint32_t>(mistake.end)};
      sink_.emit(DiagKind::kBadLiteral, place, mistake.message).hint(mistake.hint);
    }
    raw.clear();
  };
  std::string_view content = quoted.content;
  for (size_t i = 0; i < content.size();) {
    char c = content[i];
    bool doubled = i + 1 < content.size() && content[i + 1] == c;
    if (c == '\\' && !quoted.raw && i + 1 < content.size()) {
      raw += content.substr(i, 2);
      i += 2;
    } else if ((c == '{' || c == '}') && doubled) {
      raw += c;
      i += 2;
    } else if (c == '}') {
      sink_.emit(DiagKind::kSyntaxError, at(i, i + 1), "`}` closes nothing in the template")
          .hint("write `}}` for a brace");
      ++i;
    } else if (c == '{') {
      flush();
      size_t end = expression_end(content, i + 1);
      if (end == std::string_view::npos) {
        sink_.emit(DiagKind::kUnclosed, at(i, i + 1), "`{` is not closed in the template")
            .hint("write `{{` for a brace");
        return pieces;
      }
      Span inside = at(i + 1, end);
      if (Expr* e = template_expression(inside.begin, inside.end)) pieces.push_back({{}, e});
      i = end + 1;
      raw_begin = base + static_cast<uint32_t>(i);
    } else {
      raw += c;
      ++i;
    }
  }
  flush();
  return pieces;
}

Expr* StatementParser::template_expression(uint32_t begin, uint32_t end) {
  size_t errors = sink_.error_count();
  TokenList tokens(tokens_.file(), tokens_.source(), begin, end, sink_, limits_.by_grammar);
  if (sink_.error_count() > errors) return nullptr;
  if (tokens.size() == 0) {
    sink_.emit(DiagKind::kSyntaxError, {tokens_.file(), begin, end}, "expected an expression between `{` and `}`")
        .hint("write `{{` and `}}` for braces");
    return nullptr;
  }
  ExpressionParser parser(tokens, arena_, sink_, limits_);
  return parser.parse_expression(tokens.all(), {.what = "template expression"});
}

}  // namespace weir::syntax
