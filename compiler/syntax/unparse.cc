#include "compiler/syntax/unparse.h"

#include <fmt/format.h>

#include <cmath>

#include "compiler/base/quote.h"
#include "compiler/syntax/macros.h"
#include "compiler/syntax/parse.h"

namespace weir::syntax {

std::string constant_text(const Constant& c) {
  switch (c.kind) {
    case ConstKind::kNull:
      return "null";
    case ConstKind::kBool:
      return c.b ? "true" : "false";
    case ConstKind::kInt:
      return fmt::format("{}", c.i);
    case ConstKind::kUint:
      return fmt::format("{}u", c.u);
    case ConstKind::kDouble: {
      std::string text = fmt::format("{}", c.d);  // the shortest that reads back
      return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
    }
    case ConstKind::kString:
      return base::quote(c.s);
    case ConstKind::kBytes:
      return base::quote_bytes(c.s);
  }
  return {};
}

namespace {

// From loosest to tightest, as in CEL's table of operators.
enum Precedence { kConditional, kOr, kAnd, kRelation, kAdd, kMultiply, kUnary, kMember };

struct Operator {
  std::string_view function;
  std::string_view text;
  Precedence precedence;
};

constexpr Operator kOperators[] = {
    {"_||_", "||", kOr},      {"_&&_", "&&", kAnd},      {"_<_", "<", kRelation},   {"_<=_", "<=", kRelation},
    {"_>_", ">", kRelation},  {"_>=_", ">=", kRelation}, {"_==_", "==", kRelation}, {"_!=_", "!=", kRelation},
    {"@in", "in", kRelation}, {"_+_", "+", kAdd},        {"_-_", "-", kAdd},        {"_*_", "*", kMultiply},
    {"_/_", "/", kMultiply},  {"_%_", "%", kMultiply},
};

const Operator* find_operator(const Expr& e) {
  if (e.kind != ExprKind::kCall || e.operand != nullptr || e.args.size() != 2) return nullptr;
  for (const Operator& op : kOperators)
    if (op.function == e.name) return &op;
  return nullptr;
}

bool is_plain_name(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  for (char c : name) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!letter) return false;
  }
  return name != "in" && name != "true" && name != "false" && name != "null";
}

std::string field_text(std::string_view name) {
  return is_plain_name(name) ? std::string(name) : fmt::format("`{}`", name);
}

class Unparser {
 public:
  std::string take() { return std::move(out_); }

  // Writes `e`, in parentheses if it binds less tightly than `least`.
  void write(const Expr* e, Precedence least) {
    if (e == nullptr) {
      out_ += "<error>";
      return;
    }
    bool wrap = precedence(*e) < least;
    if (wrap) out_ += '(';
    write_bare(*e);
    if (wrap) out_ += ')';
  }

 private:
  static Precedence precedence(const Expr& e) {
    if (!e.macro.empty()) return kMember;
    if (e.kind == ExprKind::kConst) {
      bool negative = (e.constant.kind == ConstKind::kInt && e.constant.i < 0) ||
                      (e.constant.kind == ConstKind::kDouble && std::signbit(e.constant.d));
      return negative ? kUnary : kMember;
    }
    if (e.kind != ExprKind::kCall) return kMember;
    if (const Operator* op = find_operator(e)) return op->precedence;
    if (e.operand != nullptr) return kMember;
    if (e.name == "_?_:_") return kConditional;
    return e.name == "!_" || e.name == "-_" ? kUnary : kMember;
  }

  void write_bare(const Expr& e) {
    switch (e.kind) {
      case ExprKind::kError:
        out_ += "<error>";
        return;
      case ExprKind::kConst:
        out_ += constant_text(e.constant);
        return;
      case ExprKind::kIdent:
        return write_ident(e.name);
      case ExprKind::kSelect:
        if (e.test_only) out_ += "has(";
        write(e.operand, kMember);
        out_ += '.';
        out_ += field_text(e.name);
        if (e.test_only) out_ += ')';
        return;
      case ExprKind::kCall:
        return write_call(e);
      case ExprKind::kList:
        out_ += '[';
        for (size_t i = 0; i < e.args.size(); ++i) {
          if (i > 0) out_ += ", ";
          if (e.is_optional(i)) out_ += '?';
          write(e.args[i], kConditional);
        }
        out_ += ']';
        return;
      case ExprKind::kMap:
        out_ += '{';
        for (size_t i = 0; i + 1 < e.args.size(); i += 2) {
          if (i > 0) out_ += ", ";
          if (e.is_optional(i / 2)) out_ += '?';
          write(e.args[i], kOr);
          out_ += ": ";
          write(e.args[i + 1], kConditional);
        }
        out_ += '}';
        return;
      case ExprKind::kStruct:
        out_ += e.name + "{";
        for (size_t i = 0; i < e.args.size(); ++i) {
          out_ += fmt::format("{}{}{}: ", i > 0 ? ", " : "", e.is_optional(i) ? "?" : "", field_text(e.field_names[i]));
          write(e.args[i], kConditional);
        }
        out_ += '}';
        return;
      case ExprKind::kComprehension:
        return write_comprehension(e);
    }
  }

  // Names that only cel.block makes.
  void write_ident(std::string_view name) {
    if (name.substr(0, 6) == "@index") {
      out_ += fmt::format("cel.index({})", name.substr(6));
    } else if (name.substr(0, 4) == "@it:" || name.substr(0, 4) == "@ac:") {
      size_t colon = name.find(':', 4);
      out_ += fmt::format("cel.{}({}, {})", name[1] == 'i' ? "iterVar" : "accuVar", name.substr(4, colon - 4),
                          name.substr(colon + 1));
    } else {
      out_ += name;
    }
  }

  void write_args(const std::vector<Expr*>& args, size_t first = 0) {
    for (size_t i = first; i < args.size(); ++i) {
      if (i > first) out_ += ", ";
      write(args[i], kConditional);
    }
  }

  void write_call(const Expr& e) {
    if (const Operator* op = find_operator(e)) {
      // Operators associate to the left; && and || are balanced by the parser and need no parentheses on either side.
      bool balanced = op->precedence == kOr || op->precedence == kAnd;
      write(e.args[0], op->precedence);
      out_ += fmt::format(" {} ", op->text);
      write(e.args[1], balanced ? op->precedence : static_cast<Precedence>(op->precedence + 1));
      return;
    }
    if (e.operand != nullptr) {
      write(e.operand, kMember);
      out_ += fmt::format(".{}(", e.name);
      write_args(e.args);
      out_ += ')';
      return;
    }
    if (e.macro == "math.greatest" || e.macro == "math.least") {
      out_ += fmt::format("{}(", e.macro);
      write_args(e.args);
      out_ += ')';
    } else if (e.name == "_?_:_" && e.args.size() == 3) {
      write(e.args[0], kOr);
      out_ += " ? ";
      write(e.args[1], kOr);
      out_ += " : ";
      write(e.args[2], kConditional);
    } else if (e.name == "!_" || e.name == "-_") {
      out_ += e.name[0];
      // `!!x` and `--x` chain; CEL has no mixed chain, and a minus before a number is part of the number.
      const Expr* operand = e.args[0];
      const auto is_same = [&e](const Expr* x) { return x->kind == ExprKind::kCall && x->name == e.name; };
      bool chain = is_same(operand) && !is_same(operand->args[0]);  // of two: the parser lets pairs of three cancel out
      const size_t begin = out_.size();
      write(operand, chain ? kUnary : kMember);
      if (e.name == "-_" && out_[begin] >= '0' && out_[begin] <= '9') {
        out_.insert(begin, 1, '(');
        out_ += ')';
      }
    } else if ((e.name == "_[_]" || e.name == "_[?_]") && e.args.size() == 2) {
      write(e.args[0], kMember);
      out_ += e.name == "_[_]" ? "[" : "[?";
      write(e.args[1], kConditional);
      out_ += ']';
    } else if (e.name == "_?._" && e.args.size() == 2) {
      write(e.args[0], kMember);
      out_ += ".?" + field_text(e.args[1]->constant.s);
    } else {
      out_ += e.name + "(";
      write_args(e.args);
      out_ += ')';
    }
  }

  // Back to the macro the fold came from; a fold of no macro has no source form and is written as a call.
  void write_comprehension(const Expr& e) {
    const Comprehension& c = *e.comprehension;
    if (e.macro == "cel.bind") return write_macro_call("cel", "bind", {c.accu_var}, {c.accu_init, c.result});
    if (e.macro == "cel.block") return write_block(e);
    if (e.macro == "optMap" || e.macro == "optFlatMap") return write_optional_map(e);
    if (e.macro == "sortBy") return write_sort_by(e);
    if (e.macro.empty()) {
      out_ += "@fold(";
      for (const Expr* part : {c.iter_range, c.accu_init, c.loop_condition, c.loop_step, c.result}) {
        if (part != c.iter_range) out_ += ", ";
        write(part, kConditional);
      }
      out_ += ')';
      return;
    }
    std::vector<std::string> variables{c.iter_var};
    if (!c.iter_var2.empty()) variables.push_back(c.iter_var2);
    write(c.iter_range, kMember);
    write_macro_tail(e.macro, variables, macro_bodies(e));
  }

  // What the macro was given after its variables.
  static std::vector<const Expr*> macro_bodies(const Expr& e) {
    const Comprehension& c = *e.comprehension;
    const Expr* step = c.loop_step;
    if (e.macro == "all" || e.macro == "exists") return {step->args[1]};
    bool counts = e.macro == "exists_one" || e.macro == "existsOne";
    bool conditional = step->kind == ExprKind::kCall && step->name == "_?_:_";
    if (counts || e.macro == "filter") return {step->args[0]};
    const Expr* build = conditional ? step->args[1] : step;
    const Expr* value = build->args.back();
    if (build->name == "_+_") value = value->args[0];
    return conditional ? std::vector<const Expr*>{step->args[0], value} : std::vector<const Expr*>{value};
  }

  void write_macro_tail(std::string_view function, const std::vector<std::string>& variables,
                        const std::vector<const Expr*>& bodies) {
    out_ += fmt::format(".{}(", function);
    bool first = true;
    for (const std::string& variable : variables) {
      if (!first) out_ += ", ";
      write_ident(variable);
      first = false;
    }
    for (const Expr* body : bodies) {
      out_ += ", ";
      write(body, kConditional);
    }
    out_ += ')';
  }

  void write_macro_call(std::string_view receiver, std::string_view function, const std::vector<std::string>& variables,
                        const std::vector<const Expr*>& bodies) {
    out_ += receiver;
    write_macro_tail(function, variables, bodies);
  }

  void write_block(const Expr& e) {
    out_ += "cel.block([";
    const Expr* inner = &e;
    for (size_t i = 0; inner->kind == ExprKind::kComprehension && inner->macro == "cel.block" &&
                       inner->comprehension->accu_var == fmt::format("@index{}", i);
         ++i) {
      if (i > 0) out_ += ", ";
      write(inner->comprehension->accu_init, kConditional);
      inner = inner->comprehension->result;
    }
    out_ += "], ";
    write(inner, kConditional);
    out_ += ')';
  }

  void write_sort_by(const Expr& e) {
    const Expr* sorted = e.comprehension->result;
    const Expr* keys = sorted->args[0];
    write(e.comprehension->accu_init, kMember);
    write_macro_tail("sortBy", {keys->comprehension->iter_var}, macro_bodies(*keys));
  }

  void write_optional_map(const Expr& e) {
    const Comprehension& c = *e.comprehension;
    const Expr* mapped = c.result->args[1];
    if (e.macro == "optMap") mapped = mapped->args[0];
    write(c.accu_init, kMember);
    write_macro_tail(e.macro, {mapped->comprehension->accu_var}, {mapped->comprehension->result});
  }

  std::string out_;
};

}  // namespace

std::string unparse(const Expr& expr) {
  Unparser unparser;
  unparser.write(&expr, kConditional);
  return unparser.take();
}

}  // namespace weir::syntax
