#include <fmt/format.h>

#include "compiler/check/lint.h"

namespace weir::check {

using syntax::Expr;

namespace {

// The text a pattern stands for if it has no operators; `\.` and the like stand for themselves.
std::optional<std::string> plain_text(std::string_view pattern) {
  constexpr std::string_view kOperators = ".+*?()[]{}|^$";
  std::string text;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      if (++i == pattern.size()) return std::nullopt;
      if (kOperators.find(pattern[i]) == std::string_view::npos && pattern[i] != '\\' && pattern[i] != '/')
        return std::nullopt;
    } else if (kOperators.find(pattern[i]) != std::string_view::npos) {
      return std::nullopt;
    }
    text += pattern[i];
  }
  return text;
}

void lint_pattern(const Expr& call, const Expr& pattern, base::DiagnosticSink& sink) {
  std::string_view text = pattern.constant.s;
  bool starts = !text.empty() && text.front() == '^';
  bool ends = text.size() > 1 && text.back() == '$' && text[text.size() - 2] != '\\';
  if (starts) text.remove_prefix(1);
  if (ends) text.remove_suffix(1);
  std::optional<std::string> plain = plain_text(text);
  if (!plain || plain->empty()) return;
  std::string_view instead = starts && ends ? "==" : starts ? "startsWith" : ends ? "endsWith" : "contains";
  sink.emit(base::DiagKind::kPlainRegex, call.span, "this regular expression has no operators")
      .hint(starts && ends ? fmt::format("write `== \"{}\"`", *plain)
                           : fmt::format("write `.{}(\"{}\")`", instead, *plain));
}

}  // namespace

void lint_regexes(const Expr& root, base::DiagnosticSink& sink) {
  for_each_node(root, [&](const Expr& e) {
    const Expr* pattern = e.name == "matches" ? constant_pattern(e) : nullptr;
    if (pattern != nullptr) lint_pattern(e, *pattern, sink);
  });
}

void lint_regexes(const Module& module, base::DiagnosticSink& sink) {
  for_each_root(module, [&](const Expr& root, int) { lint_regexes(root, sink); });
}

void lint_unused(const Module& module, base::DiagnosticSink& sink) {
  std::vector<bool> lets(module.lets.size()), features(module.features.size()), lists(module.lists.size()),
      labels(module.labels.size());
  auto use = [](std::vector<bool>& used, int index) {
    if (index >= 0 && static_cast<size_t>(index) < used.size()) used[static_cast<size_t>(index)] = true;
  };
  for (const Annotation& annotation : module.annotations.all()) {
    switch (annotation.ref.kind) {
      case RefKind::kLet:
        use(lets, annotation.ref.index);
        break;
      case RefKind::kFeature:
      case RefKind::kFeatureAt:
        use(features, annotation.ref.index);
        break;
      case RefKind::kListMember:
        use(lists, annotation.ref.index);
        break;
      case RefKind::kHasLabel:
        use(labels, annotation.ref.index);
        break;
      default:
        break;
    }
  }
  for (const Rule& rule : module.rules)
    for (const Effect& effect : rule.effects) use(labels, effect.label);
  auto report = [&](const auto& items, const std::vector<bool>& used, base::DiagKind kind, std::string_view words) {
    for (size_t i = 0; i < items.size(); ++i)
      if (!used[i]) sink.emit(kind, items[i].span, fmt::format(fmt::runtime(words), items[i].name));
  };
  report(module.lets, lets, base::DiagKind::kUnusedLet, "let `{}` is never used");
  report(module.features, features, base::DiagKind::kUnusedFeature,
         "feature `{}` is computed for every event and never read");
  report(module.lists, lists, base::DiagKind::kUnusedList, "list `{}` is never asked");
  report(module.labels, labels, base::DiagKind::kUnusedLabel, "label `{}` is neither set nor asked for");
}

void lint_rule(const Module& module, const Rule& rule, base::DiagnosticSink& sink) {
  lint_optional_fields(module, rule, sink);
  lint_rule_alone(module, rule, sink);
  for_each_root(rule, [&](const Expr& root, int) { lint_regexes(root, sink); });
}

void lint(const Module& module, base::DiagnosticSink& sink) {
  lint_optional_fields(module, sink);
  lint_rules(module, sink);
  lint_unused(module, sink);
  lint_regexes(module, sink);
}

}  // namespace weir::check
