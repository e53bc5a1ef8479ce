#include "compiler/syntax/tokens.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/syntax/quick_lexer.h"

namespace weir::syntax {

using base::DiagKind;

TokenList::TokenList(base::FileId file, std::string_view source, uint32_t begin, uint32_t end,
                     base::DiagnosticSink& sink, bool by_grammar)
    : file_(file), source_(source), begin_(begin), end_(end) {
  std::string_view text = source.substr(0, end);
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.substr(begin, kByteOrderMark.size()) == kByteOrderMark) begin_ = begin += kByteOrderMark.size();
  size_t at = skip_blanks(text, begin);
  while (!by_grammar && at < end) {
    const QuickToken token = quick_token(text, at);
    if (token.type == 0) break;
    add(token.type, static_cast<uint32_t>(at), static_cast<uint32_t>(token.end));
    at = skip_blanks(text, token.end);
  }
  if (at < end) lex_by_grammar(static_cast<uint32_t>(at), sink);
}

void TokenList::add(size_t type, uint32_t begin, uint32_t end) {
  const uint32_t previous = tokens_.empty() ? begin_ : tokens_.back().end;
  const std::string_view gap = source_.substr(previous, begin - previous);
  const bool line_start = tokens_.empty() || gap.find_first_of("\r\n") != std::string_view::npos;
  tokens_.push_back({static_cast<uint16_t>(type), line_start, begin, end});
}

void TokenList::lex_by_grammar(uint32_t begin, base::DiagnosticSink& sink) {
  // ANTLR drops a byte order mark at the start, and one that is not at the file's is a stray character.
  std::string text(1, ' ');
  text += source_.substr(begin, end_ - begin);
  antlr4::ANTLRInputStream input(text.data(), text.size());
  grammar::WeirLexer lexer(&input);
  lexer.removeErrorListeners();

  // ANTLR counts code points, we count bytes; tokens come in order, so one cursor walks along.
  size_t code_point = 1;
  uint32_t byte = begin;
  auto byte_of = [&](size_t index) {
    for (; code_point < index && byte < end_; ++code_point) {
      ++byte;
      while (byte < end_ && (static_cast<unsigned char>(source_[byte]) & 0xC0) == 0x80) ++byte;
    }
    return byte;
  };
  while (true) {
    std::unique_ptr<antlr4::Token> token = lexer.nextToken();
    if (token->getType() == kEndOfInput) break;
    const uint32_t first = byte_of(token->getStartIndex());
    const bool repeated = token->getType() == T::BAD_CHARACTER && !tokens_.empty() &&
                          tokens_.back().type == T::BAD_CHARACTER && tokens_.back().end == first;
    add(token->getType(), first, byte_of(token->getStopIndex() + 1));
    if (is_bad(tokens_.back().type) && !repeated) report_bad(tokens_.back(), sink);
  }
}

void TokenList::report_bad(const Token& token, base::DiagnosticSink& sink) const {
  base::Span span{file_, token.begin, token.end};
  std::string_view text = source_.substr(token.begin, token.end - token.begin);
  if (token.type == T::BAD_STRING) {
    bool triple = text.find("\"\"\"") != std::string_view::npos || text.find("'''") != std::string_view::npos;
    size_t quote = text.find_first_of("\"'");
    std::string_view delimiter = text.substr(quote, triple ? 3 : 1);
    // Only the first line is marked: a triple-quoted string runs to the end of the file.
    size_t line_end = text.find_first_of("\r\n");
    if (line_end != std::string_view::npos) span.end = token.begin + static_cast<uint32_t>(line_end);
    sink.emit(DiagKind::kUnclosed, span, fmt::format("string is not closed: expected `{}`", delimiter))
        .hint(triple ? "close it with the same three quotes"
                     : "close it on the same line, or use three quotes for a text of several lines");
    return;
  }
  if (token.type == T::BAD_NUMBER) {
    sink.emit(DiagKind::kBadLiteral, span, fmt::format("`{}` is not a number or a duration", text))
        .hint("numbers: `12`, `0x1f`, `12u`, `1.5`, `1e9`; durations: `500ms`, `30s`, `10m`, `1h30m`, `7d`");
    return;
  }
  auto found = sink.emit(DiagKind::kSyntaxError, span, fmt::format("unexpected character `{}`", text));
  if (text == "&") {
    found.hint("`&&` is the logical and");
  } else if (text == "|") {
    found.hint("`||` is the logical or");
  } else if (text == ";") {
    found.hint("statements and clauses need no separator");
  } else if (text == "#") {
    found.hint("comments start with `//`");
  } else if (text == "$" || text == "@") {
    found.hint("names hold letters, digits and `_`");
  } else if (text == "\xE2\x80\x9C" || text == "\xE2\x80\x9D" || text == "\xE2\x80\x98" || text == "\xE2\x80\x99") {
    found.hint("write straight quotes: `\"` or `'`");
  } else if (static_cast<unsigned char>(text[0]) >= 0x80) {
    found.hint("names are ASCII; other text belongs in a string");
  }
}

base::Span TokenList::span(Range range) const {
  if (!range.empty()) return base::join(span(range.begin), span(range.end - 1));
  if (range.begin > 0 && range.begin <= size()) {
    uint32_t at = tokens_[range.begin - 1].end;
    return {file_, at, at};
  }
  uint32_t at = range.begin < size() ? tokens_[range.begin].begin : end_;
  return {file_, at, at};
}

bool TokenList::has_bad_token(Range range) const {
  for (uint32_t i = range.begin; i < range.end; ++i)
    if (is_bad(tokens_[i].type)) return true;
  return false;
}

bool is_soft_keyword(size_t type) { return type >= T::ACTION && type <= T::WHERE; }
bool is_name(size_t type) { return type == T::IDENTIFIER || is_soft_keyword(type); }
bool is_reserved_word(size_t type) { return type >= T::AS && type <= T::RESERVED; }

bool ends_operand(size_t type) {
  switch (type) {
    case T::RPAREN:
    case T::RBRACKET:
    case T::RBRACE:
    case T::TRUE:
    case T::FALSE:
    case T::NULL_LITERAL:
    case T::ESCAPED_NAME:
    case T::NUM_FLOAT:
    case T::NUM_INT:
    case T::NUM_UINT:
    case T::DURATION:
    case T::STRING:
    case T::BYTES:
    case T::SPLICE:
      return true;
    default:
      return is_name(type) || is_bad(type);
  }
}

bool starts_operand(size_t type) {
  switch (type) {
    case T::LPAREN:
    case T::LBRACKET:
    case T::LBRACE:
    case T::NOT:
    case T::MINUS:
    case T::DOT:
      return true;
    case T::RPAREN:
    case T::RBRACKET:
    case T::RBRACE:
      return false;
    default:
      return ends_operand(type);
  }
}

bool is_bad(size_t type) { return type == T::BAD_STRING || type == T::BAD_NUMBER || type == T::BAD_CHARACTER; }

size_t closer_of(size_t type) {
  switch (type) {
    case T::LPAREN:
      return T::RPAREN;
    case T::LBRACKET:
      return T::RBRACKET;
    case T::LBRACE:
      return T::RBRACE;
    default:
      return 0;
  }
}

bool is_closer(size_t type) { return type == T::RPAREN || type == T::RBRACKET || type == T::RBRACE; }

std::string_view type_description(size_t type) {
  switch (type) {
    case kEndOfInput:
      return "the end";
    case T::EQUAL:
      return "`==`";
    case T::LBRACKET:
      return "`[`";
    case T::RBRACKET:
      return "`]`";
    case T::LBRACE:
      return "`{`";
    case T::RBRACE:
      return "`}`";
    case T::LPAREN:
      return "`(`";
    case T::RPAREN:
      return "`)`";
    case T::DOT:
      return "`.`";
    case T::COMMA:
      return "`,`";
    case T::QUESTION:
      return "`?`";
    case T::COLON:
      return "`:`";
    case T::ASSIGN:
      return "`=`";
    case T::GREATER:
      return "`>`";
    case T::PERCENT:
      return "`%`";
    case T::IN:
      return "`in`";
    case T::ALL:
      return "`all`";
    case T::AS:
      return "`as`";
    case T::BY:
      return "`by`";
    case T::EVERY:
      return "`every`";
    case T::FROM:
      return "`from`";
    case T::KEY:
      return "`key`";
    case T::LABEL:
      return "`label`";
    case T::LAST:
      return "`last N`";
    case T::ON:
      return "`on`";
    case T::PER:
      return "`per`";
    case T::SESSION:
      return "`session`";
    case T::WHEN:
      return "`when`";
    case T::FIRES:
      return "`fires`";
    case T::IDENTIFIER:
      return "a name";
    case T::NUM_INT:
      return "a whole number";
    case T::DURATION:
      return "a duration such as `10m`";
    case T::STRING:
      return "a string";
    default:
      return "";
  }
}

const std::vector<std::string_view>& statement_words() {
  static const std::vector<std::string_view> words = {"package", "import", "entity",  "event", "list",   "label",
                                                      "let",     "action", "feature", "rule",  "decide", "test"};
  return words;
}

}  // namespace weir::syntax
