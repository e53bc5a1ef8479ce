#include "compiler/syntax/expressions.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/syntax/literals.h"

namespace weir::syntax {

using base::DiagKind;
using base::Span;

namespace {

Span join_from(Span begin, Span end) { return {begin.file, begin.begin, end.end}; }

// Levels of the tree, by a walk that needs no recursion; counting stops past `limit`.
uint32_t tree_depth(const Expr* root, uint32_t limit) {
  std::vector<std::pair<const Expr*, uint32_t>> open{{root, 1}};
  uint32_t deepest = 0;
  while (!open.empty()) {
    auto [e, depth] = open.back();
    open.pop_back();
    if (e == nullptr) continue;
    deepest = std::max(deepest, depth);
    if (deepest > limit) return deepest;
    open.emplace_back(e->operand, depth + 1);
    for (const Expr* arg : e->args) open.emplace_back(arg, depth + 1);
    if (e->comprehension) {
      const Comprehension& c = *e->comprehension;
      for (const Expr* part : {c.iter_range, c.accu_init, c.loop_condition, c.loop_step, c.result}) {
        open.emplace_back(part, depth + 1);
      }
    }
  }
  return deepest;
}

}  // namespace

Span ExpressionParser::span(const antlr4::ParserRuleContext* context) const {
  uint32_t first = first_index(context->start);
  // A rule that matched nothing stops before it starts.
  uint32_t last = context->stop == nullptr ? first : std::max(first, last_index(context->stop));
  if (first >= tokens_.size()) return tokens_.span(Range{first, first});
  return base::join(tokens_.span(first), tokens_.span(std::min(last, tokens_.size() - 1)));
}

Span ExpressionParser::span(const antlr4::tree::TerminalNode* node) const {
  const antlr4::Token* token = const_cast<antlr4::tree::TerminalNode*>(node)->getSymbol();
  return base::join(tokens_.span(first_index(token)), tokens_.span(last_index(token)));
}

std::string_view ExpressionParser::text(const antlr4::ParserRuleContext* context) const {
  Span at = span(context);
  return tokens_.source().substr(at.begin, at.size());
}

std::string_view ExpressionParser::text(const antlr4::tree::TerminalNode* node) const {
  Span at = span(node);
  return tokens_.source().substr(at.begin, at.size());
}

Expr* ExpressionParser::parse_expression(Range range, const SyntaxScope& scope) {
  if (!limits_.by_grammar && check_tokens(range, /*quiet=*/true)) {
    const base::DiagnosticSink::Mark mark = sink_.mark();
    uint32_t at = range.begin;
    Expr* e = quick_expression(at, range);
    if (e != nullptr && at == range.end && !sink_.changed_since(mark)) return e;
    sink_.roll_back(mark);
  }
  P::OnlyExpressionContext* tree = parse(&P::onlyExpression, range, scope);
  return tree == nullptr ? nullptr : build_checked(tree->expr());
}

bool ExpressionParser::too_deep(const Expr* e) const { return tree_depth(e, limits_.max_depth) > limits_.max_depth; }

Expr* ExpressionParser::build_checked(P::ExprContext* context) {
  Expr* e = build(context);
  if (!too_deep(e)) return e;
  sink_
      .emit(DiagKind::kNestingTooDeep, e->span,
            fmt::format("expression has more than {} levels of operations", limits_.max_depth))
      .hint("name its parts with `let`, or use a list or a map");
  return error(e->span);
}

Expr* ExpressionParser::build(P::ExprContext* context) {
  std::vector<P::ConditionalOrContext*> parts = context->conditionalOr();
  Expr* result = build_or(parts.back());
  Span last = span(parts.back());
  std::vector<antlr4::tree::TerminalNode*> marks = context->QUESTION();
  for (size_t i = parts.size(); i > 1; i -= 2) {
    Expr* condition = build_or(parts[i - 3]);
    Expr* yes = build_or(parts[i - 2]);
    Expr* e = arena_.make(ExprKind::kCall, join_from(span(parts[i - 3]), last));
    e->name_span = span(marks[(i - 3) / 2]);
    e->name = "_?_:_";
    e->args = {condition, yes, result};
    result = e;
  }
  return result;
}

Expr* ExpressionParser::binary(std::string_view function, Span operator_span, Span whole, Expr* left, Expr* right) {
  Expr* e = arena_.make(ExprKind::kCall, whole);
  e->name_span = operator_span;
  e->name = function;
  e->args = {left, right};
  return e;
}

// A long chain of && or || becomes a tree of logarithmic depth; the order of its terms stays.
Expr* ExpressionParser::balance(std::string_view function, const std::vector<Expr*>& terms,
                                const std::vector<Span>& operators, size_t first, size_t last) {
  size_t middle = (first + last + 1) / 2;
  Expr* left = middle == first ? terms[middle] : balance(function, terms, operators, first, middle - 1);
  Expr* right = middle == last ? terms[middle + 1] : balance(function, terms, operators, middle + 1, last);
  return binary(function, operators[middle], join_from(left->span, right->span), left, right);
}

Expr* ExpressionParser::build_or(P::ConditionalOrContext* context) {
  std::vector<P::ConditionalAndContext*> parts = context->conditionalAnd();
  if (parts.size() == 1) return build_and(parts[0]);
  std::vector<Expr*> terms;
  std::vector<Span> operators;
  for (P::ConditionalAndContext* part : parts) terms.push_back(build_and(part));
  for (antlr4::tree::TerminalNode* node : context->LOGICAL_OR()) operators.push_back(span(node));
  return balance("_||_", terms, operators, 0, operators.size() - 1);
}

Expr* ExpressionParser::build_and(P::ConditionalAndContext* context) {
  std::vector<P::RelationContext*> parts = context->relation();
  if (parts.size() == 1) return build_relation(parts[0]);
  std::vector<Expr*> terms;
  std::vector<Span> operators;
  for (P::RelationContext* part : parts) terms.push_back(build_relation(part));
  for (antlr4::tree::TerminalNode* node : context->LOGICAL_AND()) operators.push_back(span(node));
  return balance("_&&_", terms, operators, 0, operators.size() - 1);
}

Expr* ExpressionParser::build_relation(P::RelationContext* context) {
  std::vector<P::AdditionContext*> parts = context->addition();
  Expr* left = build_addition(parts[0]);
  if (parts.size() == 1) return left;
  std::vector<P::RelationOperatorContext*> operators = context->relationOperator();
  for (size_t i = 1; i < parts.size(); ++i) {
    P::RelationOperatorContext* op = operators[i - 1];
    std::string function = op->IN() != nullptr ? "@in" : fmt::format("_{}_", text(op));
    left = binary(function, span(op), join_from(span(parts[0]), span(parts[i])), left, build_addition(parts[i]));
  }
  return left;
}

Expr* ExpressionParser::build_addition(P::AdditionContext* context) {
  std::vector<P::MultiplicationContext*> parts = context->multiplication();
  Expr* left = build_multiplication(parts[0]);
  if (parts.size() == 1) return left;
  std::vector<P::AdditionOperatorContext*> operators = context->additionOperator();
  for (size_t i = 1; i < parts.size(); ++i) {
    std::string function = fmt::format("_{}_", text(operators[i - 1]));
    left = binary(function, span(operators[i - 1]), join_from(span(parts[0]), span(parts[i])), left,
                  build_multiplication(parts[i]));
  }
  return left;
}

Expr* ExpressionParser::build_multiplication(P::MultiplicationContext* context) {
  std::vector<P::UnaryContext*> parts = context->unary();
  Expr* left = build_unary(parts[0]);
  if (parts.size() == 1) return left;
  std::vector<P::MultiplicationOperatorContext*> operators = context->multiplicationOperator();
  for (size_t i = 1; i < parts.size(); ++i) {
    std::string function = fmt::format("_{}_", text(operators[i - 1]));
    left = binary(function, span(operators[i - 1]), join_from(span(parts[0]), span(parts[i])), left,
                  build_unary(parts[i]));
  }
  return left;
}

Expr* ExpressionParser::build_unary(P::UnaryContext* context) {
  std::vector<antlr4::tree::TerminalNode*> operators = context->NOT();
  bool logical = !operators.empty();
  if (!logical) operators = context->MINUS();
  if (operators.empty()) return build_member(context->member(), false);

  // A minus before a number belongs to it, or the least int could not be written.
  P::PrimaryContext* primary = context->member()->primary();
  P::LiteralContext* literal = primary->literal();
  bool sign = !logical && operators.size() == 1 && literal != nullptr &&
              (literal->NUM_INT() != nullptr || literal->NUM_FLOAT() != nullptr);
  Expr* operand = build_member(context->member(), sign);
  if (sign) return operand;
  // Pairs cancel out: two remain for an even chain, so that the operand's type is still checked.
  size_t levels = operators.size() % 2 == 1 ? 1 : 2;
  for (size_t i = levels; i > 0; --i) {
    antlr4::tree::TerminalNode* op = operators[i - 1];
    Expr* e = arena_.make(ExprKind::kCall, join_from(span(op), span(context)));
    e->name_span = span(op);
    e->name = logical ? "!_" : "-_";
    e->args = {operand};
    operand = e;
  }
  return operand;
}

Expr* ExpressionParser::build_member(P::MemberContext* context, bool negate_literal) {
  Expr* e = build_primary(context->primary(), negate_literal);
  Span so_far = span(context->primary());
  if (negate_literal) so_far = e->span;
  for (P::PostfixContext* postfix : context->postfix()) {
    so_far = join_from(so_far, span(postfix));
    e = build_postfix(e, postfix, so_far);
  }
  return e;
}

std::string ExpressionParser::selector_text(P::SelectorContext* context) const {
  std::string_view word = text(context);
  if (context->ESCAPED_NAME() != nullptr) word = word.substr(1, word.size() - 2);
  return std::string(word);
}

Expr* ExpressionParser::build_postfix(Expr* operand, P::PostfixContext* context, Span so_far) {
  if (context->LBRACE() != nullptr) return build_struct(operand, context, so_far);
  bool optional = context->QUESTION() != nullptr;
  if (context->LBRACKET() != nullptr) {
    Expr* index = build(context->expr());
    return binary(optional ? "_[?_]" : "_[_]", span(context), so_far, operand, index);
  }
  P::SelectorContext* selector = context->selector();
  std::string name = selector_text(selector);
  if (context->arguments() != nullptr) {
    std::vector<Expr*> args = build_arguments(context->arguments());
    if (optional || selector->ESCAPED_NAME() != nullptr) {
      sink_.emit(DiagKind::kSyntaxError, span(selector),
                 optional ? "`.?` selects a field; a function cannot be called with it"
                          : "a quoted name is a field; it cannot be called");
      return error(so_far);
    }
    Expr* call = arena_.make(ExprKind::kCall, so_far);
    call->name_span = span(selector);
    call->name = std::move(name);
    call->operand = operand;
    call->args = std::move(args);
    return macros_.expand(call);
  }
  if (optional) {
    Expr* field = arena_.make(ExprKind::kConst, span(selector));
    field->constant.kind = ConstKind::kString;
    field->constant.s = std::move(name);
    return binary("_?._", span(context->DOT()), so_far, operand, field);
  }
  Expr* selection = arena_.make(ExprKind::kSelect, so_far);
  selection->name_span = span(selector);
  selection->name = std::move(name);
  selection->operand = operand;
  return selection;
}

Expr* ExpressionParser::build_struct(Expr* type, P::PostfixContext* context, Span so_far) {
  // The type's name is a chain of selections down to an identifier that was written as one (cel.index(0) was not).
  std::string name;
  const Expr* part = type;
  for (; part->kind == ExprKind::kSelect && !part->test_only; part = part->operand) name.insert(0, "." + part->name);
  if (part->kind != ExprKind::kIdent || part->name.starts_with('@')) {
    if (part->kind != ExprKind::kError) {
      sink_.emit(DiagKind::kSyntaxError, span(context->LBRACE()), "expected an operator, found `{`")
          .label(type->span, "only a type's name can be followed by `{`");
    }
    return error(so_far);
  }
  Expr* e = arena_.make(ExprKind::kStruct, so_far);
  e->name_span = type->span;
  e->name = part->name + name;
  for (P::FieldInitContext* field : context->fieldInit()) {
    e->field_names.push_back(selector_text(field->selector()));
    if (field->QUESTION() != nullptr) e->mark_optional(e->args.size());
    e->args.push_back(build(field->expr()));
  }
  return e;
}

std::vector<Expr*> ExpressionParser::build_arguments(P::ArgumentsContext* context) {
  std::vector<Expr*> args;
  for (P::ExprContext* arg : context->expr()) args.push_back(build(arg));
  return args;
}

Expr* ExpressionParser::build_primary(P::PrimaryContext* context, bool negate_literal) {
  if (context->SPLICE() != nullptr) return splices_[splice_id(context->SPLICE()->getSymbol())];
  if (P::LiteralContext* literal = context->literal()) {
    size_t type = literal->getStart()->getType();
    Span at = span(literal);
    if (negate_literal) at.begin = tokens_.span(first_index(literal->getStart()) - 1).begin;
    return build_literal(type, at, text(literal), negate_literal);
  }
  if (P::NameContext* name = context->name()) {
    bool absolute = context->DOT() != nullptr;
    bool call = context->arguments() != nullptr;
    std::vector<Expr*> args;
    if (call) args = build_arguments(context->arguments());
    Expr* e = arena_.make(call ? ExprKind::kCall : ExprKind::kIdent, span(context));
    e->name_span = span(name);
    e->name = fmt::format("{}{}", absolute ? "." : "", text(name));
    e->args = std::move(args);
    return call ? macros_.expand(e) : e;
  }
  if (context->LPAREN() != nullptr) {
    Expr* e = build(context->expr());
    e->parenthesized = true;
    return e;
  }
  bool is_list = context->LBRACKET() != nullptr;
  Expr* e = arena_.make(is_list ? ExprKind::kList : ExprKind::kMap, span(context));
  if (is_list) {
    for (P::ElementContext* element : context->element()) {
      if (element->QUESTION() != nullptr) e->mark_optional(e->args.size());
      e->args.push_back(build(element->expr()));
    }
    return e;
  }
  for (P::EntryContext* entry : context->entry()) {
    if (entry->QUESTION() != nullptr) e->mark_optional(e->args.size() / 2);
    for (P::ExprContext* part : entry->expr()) e->args.push_back(build(part));
  }
  return e;
}

Expr* ExpressionParser::build_literal(size_t type, Span at, std::string_view text, bool negative) {
  Expr* e = arena_.make(ExprKind::kConst, at);
  switch (type) {
    case T::TRUE:
    case T::FALSE:
      e->constant.kind = ConstKind::kBool;
      e->constant.b = type == T::TRUE;
      return e;
    case T::NULL_LITERAL:
      return e;
    case T::STRING:
    case T::BYTES: {
      LiteralError mistake;
      std::optional<std::string> value = decode_quoted(text, mistake);
      e->constant.kind = type == T::STRING ? ConstKind::kString : ConstKind::kBytes;
      if (value) {
        e->constant.s = std::move(*value);
        return e;
      }
      Span where{at.file, at.begin + static_cast<uint32_t>(mistake.begin),
                 at.begin + static_cast<uint32_t>(mistake.end)};
      sink_.emit(DiagKind::kBadLiteral, where, mistake.message).hint(mistake.hint);
      return error(at);
    }
    case T::DURATION:
      sink_.emit(DiagKind::kBareDuration, at, fmt::format("bare duration `{}` in an expression", text))
          .hint(fmt::format("write `duration(\"{}\")`", text));
      return error(at);
    default:
      return build_number(e, type, text, negative);
  }
}

Expr* ExpressionParser::build_number(Expr* e, size_t type, std::string_view text, bool negative) {
  auto out_of_range = [&](std::string_view kind, std::string hint) {
    sink_
        .emit(DiagKind::kBadLiteral, e->span,
              fmt::format("`{}{}` does not fit into {}", negative ? "-" : "", text, kind))
        .hint(std::move(hint));
    e->kind = ExprKind::kError;
    return e;
  };
  if (type == T::NUM_INT) {
    std::optional<int64_t> value = decode_int(text, negative);
    if (!value) return out_of_range("an int", "an int holds -9223372036854775808 to 9223372036854775807");
    e->constant.kind = ConstKind::kInt;
    e->constant.i = *value;
  } else if (type == T::NUM_UINT) {
    std::optional<uint64_t> value = decode_uint(text);
    if (!value) return out_of_range("a uint", "a uint holds 0 to 18446744073709551615");
    e->constant.kind = ConstKind::kUint;
    e->constant.u = *value;
  } else {
    std::optional<double> value = decode_double(text);
    if (!value) return out_of_range("a double", "the largest double is about 1.8e308");
    e->constant.kind = ConstKind::kDouble;
    e->constant.d = negative ? -*value : *value;
  }
  return e;
}

}  // namespace weir::syntax
