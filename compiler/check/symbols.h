// What a rule set declares, by name.
//
// Names are looked up across all files of a compilation. A name of another package is visible if the file imports that
// package; it may be written plainly or after the package's name or its last part (`integrity.same_text`). Names
// declared in a file without a package are visible everywhere.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "compiler/base/source.h"
#include "compiler/check/module.h"

namespace weir::check {

struct Symbol {
  // Events, lets, features and lists are one name space, the others have one each.
  enum class Kind : uint8_t { kEvent, kLet, kFeature, kList, kEntity, kLabel, kAction, kRule };
  Kind kind = Kind::kEvent;
  int index = -1;
  std::string package;
  base::Span span;
};

std::string_view kind_name(Symbol::Kind kind);

class Symbols {
 public:
  Symbols() = default;
  // Of a checked module, everything visible everywhere.
  explicit Symbols(const Module& module);

  // The symbol that already has the name, or null if it was added.
  const Symbol* add(std::string_view name, Symbol symbol);
  const Symbol* find_value(std::string_view name) const { return find(values_, name); }
  const Symbol* find(Symbol::Kind kind, std::string_view name) const { return find(table(kind), name); }
  Symbol* find(Symbol::Kind kind, std::string_view name);
  std::vector<std::string_view> names(Symbol::Kind kind) const;

 private:
  using Table = std::unordered_map<std::string, Symbol>;
  static const Symbol* find(const Table& table, std::string_view name);
  const Table& table(Symbol::Kind kind) const;

  Table values_, entities_, labels_, actions_, rules_;
};

// What the files of a compilation import.
class Imports {
 public:
  // Null: no file is asked, everything is visible.
  static const Imports* everything() { return nullptr; }

  void add_file(const syntax::FileAst& file);
  bool has_package(std::string_view package) const;
  bool imports(base::FileId file, std::string_view name) const;
  const std::string& package_of(base::FileId file) const;
  bool visible(base::FileId from, const Symbol& symbol) const;
  // `name` without the package it starts with, if that package is the file's own or imported; else the name itself.
  std::string_view unqualified(base::FileId from, std::string_view name) const;
  const std::unordered_set<std::string>& packages() const { return packages_; }

 private:
  struct File {
    std::string package;
    std::unordered_set<std::string> imports;
  };
  std::unordered_map<base::FileId, File> files_;
  std::unordered_set<std::string> packages_;
};

// Namespaces that are part of Weir and need an import: `std.text` opens `text.`.
const std::vector<std::string_view>& std_imports();
// "std.text" for "text.normalize"; empty if the function needs no import.
std::string_view import_needed(std::string_view function);

}  // namespace weir::check
