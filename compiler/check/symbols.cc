#include "compiler/check/symbols.h"

#include <algorithm>

namespace weir::check {

std::string_view kind_name(Symbol::Kind kind) {
  switch (kind) {
    case Symbol::Kind::kEvent:
      return "event";
    case Symbol::Kind::kLet:
      return "let";
    case Symbol::Kind::kFeature:
      return "feature";
    case Symbol::Kind::kList:
      return "list";
    case Symbol::Kind::kEntity:
      return "entity";
    case Symbol::Kind::kLabel:
      return "label";
    case Symbol::Kind::kAction:
      return "action";
    case Symbol::Kind::kRule:
      return "rule";
  }
  return {};
}

Symbols::Symbols(const Module& module) {
  auto add_all = [&](Symbol::Kind kind, const auto& items, auto name_of) {
    int index = 0;
    for (const auto& item : items) add(name_of(item), {kind, index++, {}, item.span});
  };
  auto name = [](const auto& item) -> std::string_view { return item.name; };
  add_all(Symbol::Kind::kEvent, module.events, [](const Event& e) -> std::string_view { return e.schema.name; });
  add_all(Symbol::Kind::kLet, module.lets, name);
  add_all(Symbol::Kind::kFeature, module.features, name);
  add_all(Symbol::Kind::kList, module.lists, name);
  add_all(Symbol::Kind::kEntity, module.entities, name);
  add_all(Symbol::Kind::kLabel, module.labels, name);
  add_all(Symbol::Kind::kAction, module.actions, name);
  add_all(Symbol::Kind::kRule, module.rules, name);
}

const Symbols::Table& Symbols::table(Symbol::Kind kind) const {
  switch (kind) {
    case Symbol::Kind::kEntity:
      return entities_;
    case Symbol::Kind::kLabel:
      return labels_;
    case Symbol::Kind::kAction:
      return actions_;
    case Symbol::Kind::kRule:
      return rules_;
    default:
      return values_;
  }
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): clang-tidy 14 does not see the move into try_emplace
const Symbol* Symbols::add(std::string_view name, Symbol symbol) {
  auto& symbols = const_cast<Table&>(table(symbol.kind));
  auto [entry, added] = symbols.try_emplace(std::string(name), std::move(symbol));
  return added ? nullptr : &entry->second;
}

const Symbol* Symbols::find(const Table& table, std::string_view name) {
  auto found = table.find(std::string(name));
  return found == table.end() ? nullptr : &found->second;
}

Symbol* Symbols::find(Symbol::Kind kind, std::string_view name) { return const_cast<Symbol*>(find(table(kind), name)); }

std::vector<std::string_view> Symbols::names(Symbol::Kind kind) const {
  std::vector<std::string_view> result;
  for (const auto& [name, symbol] : table(kind))
    if (symbol.kind == kind) result.push_back(name);
  std::sort(result.begin(), result.end());
  return result;
}

void Imports::add_file(const syntax::FileAst& file) {
  File& entry = files_[file.file];
  entry.package = file.package.text;
  if (!entry.package.empty()) packages_.insert(entry.package);
  for (const syntax::Name& import : file.imports) entry.imports.insert(import.text);
}

bool Imports::has_package(std::string_view package) const { return packages_.count(std::string(package)) > 0; }

bool Imports::imports(base::FileId file, std::string_view name) const {
  auto found = files_.find(file);
  return found != files_.end() && found->second.imports.count(std::string(name)) > 0;
}

const std::string& Imports::package_of(base::FileId file) const {
  static const std::string none;
  auto found = files_.find(file);
  return found == files_.end() ? none : found->second.package;
}

bool Imports::visible(base::FileId from, const Symbol& symbol) const {
  return symbol.package.empty() || symbol.package == package_of(from) || imports(from, symbol.package);
}

std::string_view Imports::unqualified(base::FileId from, std::string_view name) const {
  auto found = files_.find(from);
  if (found == files_.end() || name.find('.') == std::string_view::npos) return name;
  auto strip = [&](std::string_view package) {
    std::string_view last = package.substr(package.rfind('.') + 1);  // npos + 1 == 0: the whole
    for (std::string_view prefix : {package, last}) {
      if (!prefix.empty() && name.size() > prefix.size() + 1 && name.substr(0, prefix.size()) == prefix &&
          name[prefix.size()] == '.') {
        name.remove_prefix(prefix.size() + 1);
        return true;
      }
    }
    return false;
  };
  if (strip(found->second.package)) return name;
  for (const std::string& import : found->second.imports)
    if (has_package(import) && strip(import)) return name;
  return name;
}

const std::vector<std::string_view>& std_imports() {
  static const std::vector<std::string_view> names = {"std.text", "std.url", "std.ip"};
  return names;
}

std::string_view import_needed(std::string_view function) {
  // CEL's own network extension; every other function of these namespaces is Weir's.
  if (function == "ip.isCanonical") return {};
  for (std::string_view import : std_imports()) {
    std::string_view space = import.substr(import.find('.') + 1);
    if (function.size() > space.size() && function.substr(0, space.size()) == space && function[space.size()] == '.') {
      return import;
    }
  }
  return {};
}

}  // namespace weir::check
