// Expressions without ANTLR: by recursive descent from tokens to the tree, several times faster than a parse tree of
// ten levels a literal.
//
// grammar/WeirParser.g4 says what an expression is and ANTLR is asked wherever this finds a mistake, so what is read
// here must be a part of that language with the same tree; tests/unit/syntax/quick_test.cc compares the two.
#include "compiler/syntax/expressions.h"

namespace weir::syntax {

using base::Span;

namespace {

std::string_view relation_name(size_t type) {
  switch (type) {
    case T::LESS:
      return "_<_";
    case T::LESS_EQUAL:
      return "_<=_";
    case T::GREATER:
      return "_>_";
    case T::GREATER_EQUAL:
      return "_>=_";
    case T::EQUAL:
      return "_==_";
    case T::NOT_EQUAL:
      return "_!=_";
    case T::IN:
      return "@in";
    default:
      return "";
  }
}

std::string_view addition_name(size_t type) { return type == T::PLUS ? "_+_" : type == T::MINUS ? "_-_" : ""; }

std::string_view multiplication_name(size_t type) {
  if (type == T::STAR) return "_*_";
  if (type == T::SLASH) return "_/_";
  return type == T::PERCENT ? "_%_" : "";
}

bool is_literal(size_t type) {
  switch (type) {
    case T::NUM_INT:
    case T::NUM_UINT:
    case T::NUM_FLOAT:
    case T::STRING:
    case T::BYTES:
    case T::TRUE:
    case T::FALSE:
    case T::NULL_LITERAL:
      return true;
    default:
      return false;
  }
}

}  // namespace

// Null results mean a mistake and are passed up. Brackets were counted before: only they nest.
class ExpressionParser::Quick {
 public:
  Quick(ExpressionParser& parser, uint32_t at, Range within) : p_(parser), at_(at), within_(within) {}

  uint32_t at() const { return at_; }

  Expr* expression() {
    const Part first = disjunction();
    if (first.expr == nullptr || type() != T::QUESTION) return first.expr;
    // a ? b : c ? d : e associates to the right.
    std::vector<Part> parts{first};
    std::vector<uint32_t> marks;
    while (type() == T::QUESTION) {
      marks.push_back(at_++);
      parts.push_back(disjunction());
      if (parts.back().expr == nullptr || !take(T::COLON)) return nullptr;
      parts.push_back(disjunction());
      if (parts.back().expr == nullptr) return nullptr;
    }
    Expr* result = parts.back().expr;
    for (size_t i = parts.size(); i > 1; i -= 2) {
      Expr* e = p_.arena_.make(ExprKind::kCall, span(parts[i - 3].first, parts.back().last));
      e->name_span = p_.tokens_.span(marks[(i - 3) / 2]);
      e->name = "_?_:_";
      e->args = {parts[i - 3].expr, parts[i - 2].expr, result};
      result = e;
    }
    return result;
  }

 private:
  // An expression and the tokens it was read from, parentheses included.
  struct Part {
    Expr* expr = nullptr;
    uint32_t first = 0, last = 0;
  };

  size_t type(uint32_t ahead = 0) const { return p_.tokens_.type(at_ + ahead, within_); }
  bool take(size_t wanted) {
    if (type() != wanted) return false;
    ++at_;
    return true;
  }
  Span span(uint32_t first, uint32_t last) const { return base::join(p_.tokens_.span(first), p_.tokens_.span(last)); }

  // A chain of `&&` or `||`, balanced.
  template <class Operand>
  Part chain(size_t op, std::string_view function, Operand operand) {
    Part result = operand();
    if (result.expr == nullptr || type() != op) return result;
    std::vector<Expr*> terms{result.expr};
    std::vector<Span> operators;
    while (type() == op) {
      operators.push_back(p_.tokens_.span(at_++));
      const Part next = operand();
      if (next.expr == nullptr) return {};
      terms.push_back(next.expr);
      result.last = next.last;
    }
    result.expr = p_.balance(function, terms, operators, 0, operators.size() - 1);
    return result;
  }

  Part disjunction() {
    return chain(T::LOGICAL_OR, "_||_",
                 [this] { return chain(T::LOGICAL_AND, "_&&_", [this] { return relation(); }); });
  }

  // Operators of one precedence, associating to the left.
  template <class Name, class Operand>
  Part left_to_right(Name name, Operand operand) {
    Part left = operand();
    if (left.expr == nullptr) return left;
    for (std::string_view function = name(type()); !function.empty(); function = name(type())) {
      const Span op = p_.tokens_.span(at_++);
      const Part right = operand();
      if (right.expr == nullptr) return {};
      left.last = right.last;
      left.expr = p_.binary(function, op, span(left.first, left.last), left.expr, right.expr);
    }
    return left;
  }

  Part relation() {
    return left_to_right(relation_name, [this] { return addition(); });
  }
  Part addition() {
    return left_to_right(addition_name, [this] { return multiplication(); });
  }
  Part multiplication() {
    return left_to_right(multiplication_name, [this] { return unary(); });
  }

  Part unary() {
    const size_t op = type();
    if (op != T::NOT && op != T::MINUS) return member(false);
    const uint32_t first = at_;
    while (type() == op) ++at_;
    const uint32_t count = at_ - first;
    // A minus before a number belongs to it, or the least int could not be written.
    const bool sign = op == T::MINUS && count == 1 && (type() == T::NUM_INT || type() == T::NUM_FLOAT);
    Part operand = member(sign);
    if (operand.expr == nullptr) return {};
    operand.first = first;
    if (sign) return operand;
    // Pairs cancel out: two remain for an even chain, so that the operand's type is still checked.
    for (uint32_t i = count % 2 == 1 ? 1 : 2; i > 0; --i) {
      const uint32_t at = first + i - 1;
      Expr* e = p_.arena_.make(ExprKind::kCall, span(at, operand.last));
      e->name_span = p_.tokens_.span(at);
      e->name = op == T::NOT ? "!_" : "-_";
      e->args = {operand.expr};
      operand.expr = e;
    }
    return operand;
  }

  Part member(bool negative) {
    Part part;
    part.first = negative ? at_ - 1 : at_;
    part.expr = primary(negative);
    while (part.expr != nullptr) {
      part.last = at_ - 1;
      if (take(T::DOT)) {
        part.expr = selection(part);
      } else if (take(T::LBRACKET)) {
        part.expr = index(part);
      } else if (type() == T::LBRACE) {
        return {};  // a message, which is no type here
      } else {
        break;
      }
    }
    return part;
  }

  Expr* index(const Part& operand) {
    const uint32_t open = at_ - 1;
    const bool optional = take(T::QUESTION);
    Expr* e = expression();
    if (e == nullptr || !take(T::RBRACKET)) return nullptr;
    return p_.binary(optional ? "_[?_]" : "_[_]", span(open, at_ - 1), span(operand.first, at_ - 1), operand.expr, e);
  }

  // What follows the dot.
  Expr* selection(const Part& operand) {
    const uint32_t dot = at_ - 1;
    const bool optional = take(T::QUESTION);
    const size_t kind = type();
    const bool escaped = kind == T::ESCAPED_NAME;
    if (!is_name(kind) && !is_reserved_word(kind) && !escaped) return nullptr;
    const uint32_t selector = at_++;
    std::string_view word = p_.tokens_.text(selector);
    if (escaped) word = word.substr(1, word.size() - 2);
    if (type() == T::LPAREN) {
      std::vector<Expr*> args;
      if (optional || escaped || !arguments(args)) return nullptr;
      Expr* call = p_.arena_.make(ExprKind::kCall, span(operand.first, at_ - 1));
      call->name_span = p_.tokens_.span(selector);
      call->name = word;
      call->operand = operand.expr;
      call->args = std::move(args);
      return p_.macros_.expand(call);
    }
    const Span whole = span(operand.first, selector);
    if (optional) {
      Expr* field = p_.arena_.make(ExprKind::kConst, p_.tokens_.span(selector));
      field->constant.kind = ConstKind::kString;
      field->constant.s = word;
      return p_.binary("_?._", p_.tokens_.span(dot), whole, operand.expr, field);
    }
    Expr* e = p_.arena_.make(ExprKind::kSelect, whole);
    e->name_span = p_.tokens_.span(selector);
    e->name = word;
    e->operand = operand.expr;
    return e;
  }

  bool arguments(std::vector<Expr*>& out) {
    ++at_;  // the parenthesis
    if (take(T::RPAREN)) return true;
    do {
      out.push_back(expression());
      if (out.back() == nullptr) return false;
    } while (take(T::COMMA));
    return take(T::RPAREN);
  }

  Expr* primary(bool negative) {
    const uint32_t first = at_;
    const size_t kind = type();
    if (is_literal(kind)) {
      ++at_;
      return p_.build_literal(kind, span(negative ? first - 1 : first, first), p_.tokens_.text(first), negative);
    }
    switch (kind) {
      case T::LPAREN: {
        ++at_;
        Expr* e = expression();
        if (e == nullptr || !take(T::RPAREN)) return nullptr;
        e->parenthesized = true;
        return e;
      }
      case T::LBRACKET:
        return elements(ExprKind::kList, T::RBRACKET);
      case T::LBRACE:
        return elements(ExprKind::kMap, T::RBRACE);
      default:
        return name();
    }
  }

  Expr* name() {
    const uint32_t first = at_;
    const bool absolute = take(T::DOT);
    if (!is_name(type())) return nullptr;
    const uint32_t word = at_++;
    const bool call = type() == T::LPAREN;
    std::vector<Expr*> args;
    if (call && !arguments(args)) return nullptr;
    Expr* e = p_.arena_.make(call ? ExprKind::kCall : ExprKind::kIdent, span(first, at_ - 1));
    e->name_span = p_.tokens_.span(word);
    if (absolute) e->name = ".";
    e->name += p_.tokens_.text(word);
    e->args = std::move(args);
    return call ? p_.macros_.expand(e) : e;
  }

  // Of a list or a map.
  Expr* elements(ExprKind kind, size_t closer) {
    const uint32_t open = at_++;
    std::vector<Expr*> args;
    std::vector<size_t> optional;
    while (type() != closer) {
      if (take(T::QUESTION)) optional.push_back(kind == ExprKind::kMap ? args.size() / 2 : args.size());
      args.push_back(expression());
      if (args.back() == nullptr) return nullptr;
      if (kind == ExprKind::kMap) {
        if (!take(T::COLON)) return nullptr;
        args.push_back(expression());
        if (args.back() == nullptr) return nullptr;
      }
      if (!take(T::COMMA)) break;
    }
    if (!take(closer)) return nullptr;
    Expr* e = p_.arena_.make(kind, span(open, at_ - 1));
    e->args = std::move(args);
    for (size_t i : optional) e->mark_optional(i);
    return e;
  }

  ExpressionParser& p_;
  uint32_t at_;
  const Range within_;
};

Expr* ExpressionParser::quick_expression(uint32_t& at, Range within) {
  Quick quick(*this, at, within);
  Expr* e = quick.expression();
  at = quick.at();
  return e == nullptr || too_deep(e) ? nullptr : e;
}

}  // namespace weir::syntax
