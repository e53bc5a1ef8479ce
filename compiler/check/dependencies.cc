#include <fmt/format.h>

#include <algorithm>

#include "compiler/check/free_names.h"
#include "compiler/check/module_checker.h"

namespace weir::check {

using syntax::Expr;

// The let or feature that a chain of selections starts with; null if it is neither.
const Symbol* ModuleChecker::value_read(const Expr& chain) const {
  std::string name;
  if (!qualified_name(chain, &name, scope_.max_parts())) {
    const Expr& root = *selection_chain(chain).back();
    if (root.kind != syntax::ExprKind::kIdent) return nullptr;
    name = root.name;
  }
  if (!name.empty() && name[0] == '.') name.erase(0, 1);
  for (size_t end = name.size(); end != std::string::npos && end > 0; end = name.rfind('.', end - 1)) {
    std::string_view prefix = std::string_view(name).substr(0, end);
    const Symbol* symbol = symbols_.find_value(prefix);
    if (symbol == nullptr) symbol = symbols_.find_value(imports_.unqualified(chain.span.file, prefix));
    if (symbol == nullptr) continue;
    bool orders = symbol->kind == Symbol::Kind::kLet || symbol->kind == Symbol::Kind::kFeature;
    return orders ? symbol : nullptr;
  }
  return nullptr;
}

// Depth first with an explicit stack: a node is done after all it reads. Nodes are lets, then features.
void ModuleChecker::order_definitions() {
  size_t lets = module_->lets.size();
  size_t count = lets + feature_asts_.size();
  std::vector<std::vector<size_t>> reads(count);
  auto collect = [&](size_t node, const Expr* expr) {
    if (expr == nullptr) return;
    for_each_free_name(*expr, [&](const Expr& chain) {
      const Symbol* symbol = value_read(chain);
      if (symbol == nullptr) return;
      reads[node].push_back(static_cast<size_t>(symbol->index) + (symbol->kind == Symbol::Kind::kFeature ? lets : 0));
    });
  };
  for (size_t i = 0; i < lets; ++i) collect(i, module_->lets[i].value);
  for (size_t i = 0; i < feature_asts_.size(); ++i) {
    const syntax::FeatureStmt& ast = *feature_asts_[i];
    for (const Expr* arg : ast.args) collect(lets + i, arg);
    for (const Expr* key : ast.keys) collect(lets + i, key);
    collect(lets + i, ast.where);
    collect(lets + i, ast.each_list);
  }

  auto name_of = [&](size_t node) -> const syntax::Name& {
    return node < lets ? let_asts_[node]->name : feature_asts_[node - lets]->name;
  };
  enum : uint8_t { kNew, kOpen, kDone };
  std::vector<uint8_t> state(count, kNew);
  std::vector<std::pair<size_t, size_t>> stack;  // node, next of what it reads
  std::vector<size_t> order;
  for (size_t start = 0; start < count; ++start) {
    if (state[start] != kNew) continue;
    stack.emplace_back(start, 0);
    state[start] = kOpen;
    while (!stack.empty()) {
      auto& [node, next] = stack.back();
      if (next == reads[node].size()) {
        state[node] = kDone;
        order.push_back(node);
        stack.pop_back();
        continue;
      }
      size_t read = reads[node][next++];
      if (state[read] == kNew) {
        state[read] = kOpen;
        stack.emplace_back(read, 0);
      } else if (state[read] == kOpen) {
        std::string circle;
        auto from = std::find_if(stack.begin(), stack.end(), [&](const auto& entry) { return entry.first == read; });
        for (auto entry = from; entry != stack.end(); ++entry)
          circle += fmt::format("`{}` reads ", name_of(entry->first).text);
        auto diagnostic = sink_.emit(base::DiagKind::kCircular, name_of(read).span,
                                     fmt::format("a circle: {}`{}`", circle, name_of(read).text));
        for (auto entry = from + 1; entry < stack.end(); ++entry)
          diagnostic.label(name_of(entry->first).span, "by way of this");
      }
    }
  }

  for (size_t node : order) {
    if (node < lets) {
      definition_order_.push_back({false, static_cast<int>(node)});
      continue;
    }
    const syntax::FeatureStmt& ast = *feature_asts_[node - lets];
    int index = static_cast<int>(module_->features.size());
    definition_order_.push_back({true, index});
    symbols_.find(Symbol::Kind::kFeature, ast.name.text)->index = index;
    Feature feature;
    feature.name = ast.name.text;
    feature.span = ast.name.span;
    feature.ast = &ast;
    feature.where = ast.where;
    feature.each_list = ast.each_list;
    feature.keys.assign(ast.keys.begin(), ast.keys.end());
    feature.key_types.assign(ast.keys.size(), nullptr);
    feature.window = ast.window;
    file_ = ast.name.span.file;
    const Symbol* event = look_up(Symbol::Kind::kEvent, ast.event);
    feature.event = event == nullptr ? Place::kNoEvent : event->index;
    module_->features.push_back(std::move(feature));
  }
}

}  // namespace weir::check
