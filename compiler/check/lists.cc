#include <fmt/format.h>
#include <re2/re2.h>

#include <charconv>
#include <unordered_set>

#include "compiler/check/list_file.h"
#include "compiler/check/module_checker.h"

namespace weir::check {

using syntax::Expr;
using syntax::ExprKind;
using types::Kind;
using types::Type;

namespace {

constexpr size_t kMostReports = 10;  // of one list: a wrong file has nothing but bad entries

struct ListKindName {
  std::string_view name;
  ListKind kind;
  std::string_view entry;
};
constexpr ListKindName kListKinds[] = {
    {"string", ListKind::kString, "UTF-8 text"},
    {"int", ListKind::kInt, "a whole number"},
    {"double", ListKind::kDouble, "a number"},
    {"cidr", ListKind::kCidr, "an address or network such as 10.0.0.0/8"},
    {"domain", ListKind::kDomain, "a domain name"},
    {"regex", ListKind::kRegex, "an RE2 regular expression"},
};

std::string_view entry_name(ListKind kind) {
  for (const ListKindName& entry : kListKinds)
    if (entry.kind == kind) return entry.entry;
  return {};
}

template <typename T>
bool is_number_text(std::string_view text) {
  T value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

bool ModuleChecker::valid_entry(const List& list, std::string_view text) const {
  if (!is_utf8(text)) return false;
  switch (list.kind) {
    case ListKind::kString:
      return true;
    case ListKind::kInt:
      return is_number_text<int64_t>(text);
    case ListKind::kDouble:
      return is_number_text<double>(text);
    case ListKind::kCidr:
      return is_network(text);
    case ListKind::kDomain:
      return is_domain(text);
    case ListKind::kRegex: {
      RE2::Options quiet;
      quiet.set_log_errors(false);
      return RE2(re2::StringPiece(text.data(), text.size()), quiet).ok();
    }
  }
  return false;
}

void ModuleChecker::declare_lists() {
  for_each_statement(syntax::StatementKind::kList, [&](const syntax::Statement& s) {
    const syntax::ListStmt& ast = *s.list;
    List proto;
    const ListKindName* kind = nullptr;
    for (const ListKindName& entry : kListKinds)
      if (entry.name == ast.type.name && ast.type.args.empty()) kind = &entry;
    if (kind != nullptr) {
      proto.kind = kind->kind;
      proto.element = proto.kind == ListKind::kInt      ? types_.integer()
                      : proto.kind == ListKind::kDouble ? types_.dbl()
                                                        : types_.string();
    } else if (std::as_const(symbols_).find(Symbol::Kind::kEntity, ast.type.name) != nullptr) {
      const Type* type = read_type(ast.type);
      proto.element = type != nullptr ? type : types_.error();
      proto.kind = proto.element->base()->is(Kind::kInt) ? ListKind::kInt : ListKind::kString;
    } else {
      proto.element = types_.error();
      if (!ast.type.name.empty()) {
        sink_.emit(base::DiagKind::kUnknownType, ast.type.span, fmt::format("a list cannot hold `{}`", ast.type.name))
            .hint("lists hold string, int, double, cidr, domain, regex or an entity");
      }
    }
    for (size_t i = 0; i < ast.names.size(); ++i) {
      List list = proto;
      list.name = ast.names[i].text;
      list.span = ast.names[i].span;
      if (!declare(ast.names[i], Symbol::Kind::kList, static_cast<int>(module_->lists.size()))) continue;
      if (!proto.element->is(Kind::kError)) {
        if (ast.from_file) {
          load_list(ast, list);
        } else if (ast.values != nullptr) {
          load_inline(ast, list);
        }
      }
      module_->lists.push_back(std::move(list));
    }
  });
}

void ModuleChecker::load_list(const syntax::ListStmt& ast, List& list) {
  list.path = ast.path;
  std::optional<std::string> text;
  if (options_.read_file) text = options_.read_file(ast.path_span.file, ast.path);
  if (!text && leaves_its_directory(ast.path)) {
    sink_
        .emit(base::DiagKind::kUnreadableList, ast.path_span,
              fmt::format("list file `{}` is outside of the rule set", ast.path))
        .hint("rules read files from the directory of the rule set and below it only");
    return;
  }
  if (!text) {
    sink_.emit(base::DiagKind::kUnreadableList, ast.path_span, fmt::format("list file `{}` cannot be read", ast.path))
        .hint("the path is relative to the rule file");
    return;
  }
  bool csv = ast.names.size() > 1 || (ast.path.size() > 4 && ast.path.substr(ast.path.size() - 4) == ".csv");
  ListFile file = read_list_file(*text, list.name, csv);
  if (!file.header.empty()) {
    auto diagnostic = sink_.emit(base::DiagKind::kMissingColumn, list.span,
                                 fmt::format("`{}` has no column `{}`", ast.path, list.name));
    std::vector<std::string_view> names(file.header.begin(), file.header.end());
    std::string_view guess = base::did_you_mean(list.name, names);
    diagnostic.hint(guess.empty() ? fmt::format("its first line reads: {}", fmt::join(names, ", "))
                                  : fmt::format("did you mean `{}`?", guess));
    return;
  }
  std::unordered_set<std::string> seen;
  size_t bad = 0;
  for (ListEntry& entry : file.entries) {
    if (!valid_entry(list, entry.value)) {
      if (bad++ < kMostReports) {
        bool text_ok = is_utf8(entry.value);
        sink_
            .emit(base::DiagKind::kBadListEntry, ast.path_span,
                  text_ok
                      ? fmt::format("{}:{}: `{}` is not {}", ast.path, entry.line, entry.value, entry_name(list.kind))
                      : fmt::format("{}:{}: not UTF-8 text", ast.path, entry.line))
            .label(list.span, "for this list");
      }
      continue;
    }
    if (seen.insert(entry.value).second) list.values.push_back(std::move(entry.value));
  }
  if (bad > kMostReports) {
    sink_.emit(base::DiagKind::kBadListEntry, ast.path_span,
               fmt::format("{}: {} more bad entries", ast.path, bad - kMostReports));
  }
}

void ModuleChecker::load_inline(const syntax::ListStmt& ast, List& list) {
  std::unordered_set<std::string> seen;
  for (const Expr* value : ast.values->args) {
    const syntax::Constant& c = value->constant;
    std::optional<std::string> text;
    if (value->kind == ExprKind::kConst) {
      bool is_text = list.kind != ListKind::kInt && list.kind != ListKind::kDouble;
      if (is_text && c.kind == syntax::ConstKind::kString) text = c.s;
      if (list.kind == ListKind::kInt && c.kind == syntax::ConstKind::kInt) text = fmt::format("{}", c.i);
      if (list.kind == ListKind::kDouble && c.kind == syntax::ConstKind::kDouble) text = fmt::format("{}", c.d);
      if (list.kind == ListKind::kDouble && c.kind == syntax::ConstKind::kInt) text = fmt::format("{}", c.i);
    }
    if (!text || !valid_entry(list, *text)) {
      if (value->kind == ExprKind::kError) continue;
      sink_
          .emit(base::DiagKind::kBadListEntry, value->span,
                text ? fmt::format("`{}` is not {}", *text, entry_name(list.kind))
                     : fmt::format("an entry of list `{}` is {}, as a literal", list.name, entry_name(list.kind)))
          .label(list.span, "declared here");
      continue;
    }
    if (seen.insert(*text).second) list.values.push_back(std::move(*text));
  }
}

}  // namespace weir::check
