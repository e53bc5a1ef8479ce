#include "compiler/syntax/quick_lexer.h"

#include <string>
#include <unordered_map>

#include "compiler/syntax/tokens.h"

namespace weir::syntax {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_word(char c) { return is_letter(c) || is_digit(c); }

// Reads past the end as NUL, which no token but a string holds.
class Reader {
 public:
  Reader(std::string_view text, size_t at) : text_(text), begin_(at), at_(at) {}

  QuickToken read() {
    const char c = peek();
    if (is_letter(c)) return word();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (c == '"' || c == '\'') return quoted(T::STRING, false);
    if (c == '`') return escaped_name();
    return mark();
  }

 private:
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  QuickToken token(size_t type, size_t size) const { return {type, begin_ + size}; }
  QuickToken either(char second, size_t two, size_t one) const {
    return peek(1) == second ? token(two, 2) : token(one, 1);
  }

  QuickToken mark() const {
    switch (peek()) {
      case '=':
        return either('=', T::EQUAL, T::ASSIGN);
      case '!':
        return either('=', T::NOT_EQUAL, T::NOT);
      case '<':
        return either('=', T::LESS_EQUAL, T::LESS);
      case '>':
        return either('=', T::GREATER_EQUAL, T::GREATER);
      case '&':
        return peek(1) == '&' ? token(T::LOGICAL_AND, 2) : QuickToken();
      case '|':
        return peek(1) == '|' ? token(T::LOGICAL_OR, 2) : QuickToken();
      case '[':
        return token(T::LBRACKET, 1);
      case ']':
        return token(T::RBRACKET, 1);
      case '{':
        return token(T::LBRACE, 1);
      case '}':
        return token(T::RBRACE, 1);
      case '(':
        return token(T::LPAREN, 1);
      case ')':
        return token(T::RPAREN, 1);
      case '.':
        return token(T::DOT, 1);
      case ',':
        return token(T::COMMA, 1);
      case '-':
        return token(T::MINUS, 1);
      case '?':
        return token(T::QUESTION, 1);
      case ':':
        return token(T::COLON, 1);
      case '+':
        return token(T::PLUS, 1);
      case '*':
        return token(T::STAR, 1);
      case '/':
        return token(T::SLASH, 1);
      case '%':
        return token(T::PERCENT, 1);
      default:
        return {};
    }
  }

  QuickToken word() {
    while (is_word(peek())) ++at_;
    const std::string_view word = text_.substr(begin_, at_ - begin_);
    if (peek() == '"' || peek() == '\'') {
      if (word == "r" || word == "R") return quoted(T::STRING, true);
      if (word == "b" || word == "B") return quoted(T::BYTES, false);
      if (word.size() == 2 && (word[0] | 0x20) == 'b' && (word[1] | 0x20) == 'r') return quoted(T::BYTES, true);
    }
    return {type_of(word), at_};
  }

  static size_t type_of(std::string_view word) {
    static const std::unordered_map<std::string, size_t> words = keywords();
    static constexpr size_t kLongest = 16;
    if (word.size() > kLongest) return T::IDENTIFIER;
    const auto found = words.find(std::string(word));  // short enough to take no memory
    return found == words.end() ? size_t{T::IDENTIFIER} : found->second;
  }

  // As the grammar's own vocabulary has them; of a token of several words it names none.
  static std::unordered_map<std::string, size_t> keywords() {
    std::unordered_map<std::string, size_t> out;
    for (const char* word : {"break", "const", "continue", "else", "function", "if", "loop", "namespace", "return",
                             "var", "void", "while"})
      out[word] = T::RESERVED;
    antlr4::ANTLRInputStream nothing;
    grammar::WeirLexer lexer(&nothing);
    for (size_t type = 1; type <= lexer.getVocabulary().getMaxTokenType(); ++type) {
      const std::string name = lexer.getVocabulary().getLiteralName(type);  // 'when'
      if (name.size() > 2 && is_letter(name[1])) out[name.substr(1, name.size() - 2)] = type;
    }
    return out;
  }

  size_t digits(size_t ahead) const {
    while (is_digit(peek(ahead))) ++ahead;
    return ahead;
  }

  // The longest of what a number can be; of equally long ones the first that the grammar has.
  QuickToken number() {
    const size_t whole = digits(0);
    QuickToken best;
    auto offer = [&](size_t type, size_t size) {
      if (size > 0 && begin_ + size > best.end) best = token(type, size);
    };
    size_t fraction = whole;
    if (peek(whole) == '.' && is_digit(peek(whole + 1))) fraction = digits(whole + 1);
    size_t exponent = fraction;
    if ((peek(fraction) | 0x20) == 'e') {
      const size_t sign = peek(fraction + 1) == '+' || peek(fraction + 1) == '-' ? 1 : 0;
      if (is_digit(peek(fraction + 1 + sign))) exponent = digits(fraction + 1 + sign);
    }
    offer(T::NUM_FLOAT, exponent > whole ? exponent : 0);
    if (whole == 0) return best;  // .5
    size_t integer = whole;
    if (whole == 1 && peek() == '0' && peek(1) == 'x' && is_hex_digit(peek(2))) {
      for (integer = 2; is_hex_digit(peek(integer));) ++integer;
    }
    offer(T::NUM_INT, integer);
    offer(T::NUM_UINT, (peek(integer) | 0x20) == 'u' ? integer + 1 : 0);
    offer(T::NUM_UINT, (peek(whole) | 0x20) == 'u' ? whole + 1 : 0);
    offer(T::DURATION, duration());
    // A longer run of letters and digits is a malformed number.
    size_t run = 0;
    while (is_word(peek(run))) ++run;
    if (peek(run) == '.' && is_digit(peek(run + 1))) {
      ++run;
      while (is_word(peek(run))) ++run;
    }
    return begin_ + run > best.end ? QuickToken() : best;
  }

  size_t duration() const {
    size_t size = 0;
    for (size_t end = digits(0); end > size; end = digits(size)) {
      const char unit = peek(end);
      if (unit == 'm' && peek(end + 1) == 's') {
        size = end + 2;
      } else if (unit == 's' || unit == 'm' || unit == 'h' || unit == 'd') {
        size = end + 1;
      } else {
        break;
      }
    }
    return size;
  }

  // `at_` is the opening quote.
  QuickToken quoted(size_t type, bool raw) {
    const char quote = peek();
    const bool triple = peek(1) == quote && peek(2) == quote;
    for (size_t i = at_ + (triple ? 3 : 1); i < text_.size(); ++i) {
      const char c = text_[i];
      if (c == quote) {
        if (!triple) return {type, i + 1};
        if (text_.substr(i, 3) == text_.substr(at_, 3)) return {type, i + 3};
      } else if (!triple && (c == '\r' || c == '\n')) {
        return {};
      } else if (c == '\\' && !raw) {
        ++i;
        if (!triple && i < text_.size() && (text_[i] == '\r' || text_[i] == '\n')) return {};
      }
    }
    return {};
  }

  QuickToken escaped_name() const {
    size_t size = 1;
    auto inside = [&](char c) { return (is_word(c) || c == '.' || c == '-' || c == '/' || c == ' '); };
    while (inside(peek(size))) ++size;
    return size > 1 && peek(size) == '`' ? token(T::ESCAPED_NAME, size + 1) : QuickToken();
  }

  std::string_view text_;
  size_t begin_, at_;
};

}  // namespace

QuickToken quick_token(std::string_view text, size_t at) { return Reader(text, at).read(); }

size_t skip_blanks(std::string_view text, size_t at) {
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '/' && at + 1 < text.size() && text[at + 1] == '/') {
      while (at + 1 < text.size() && text[at + 1] != '\r' && text[at + 1] != '\n') ++at;
    } else if (c != ' ' && c != '\t' && c != '\r' && c != '\n' && c != '\f') {
      break;
    }
  }
  return at;
}

}  // namespace weir::syntax
