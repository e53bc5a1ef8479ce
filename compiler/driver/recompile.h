// Compiling one version of a rule set after the other: of a version in which a rule was edited, that rule only.
#pragma once

#include <memory>
#include <vector>

#include "compiler/driver/compile.h"

namespace weir::driver {

// Keeps what it compiled last: the trees, about as much memory as the program again and half. Where the next sources
// are the same but for the inside of one rule, which stays of its name, id and event, and what is said of the rules and
// their list files stays as it is, that rule is compiled into a copy of the program. Otherwise, and wherever there is
// an error, all of it is, so that results are those of compile(): the same diagnostics, and a program that does the
// same. Its nodes begin with those of the program before (ir::Module::begins_with), which
// engine::RulesOptions::previous makes use of. Not thread-safe.
class Recompiler {
 public:
  Recompiler();
  ~Recompiler();

  // `checked` is null in what is returned.
  Compilation compile(std::vector<SourceText> sources, const CompileOptions& options);
  // Whether the last compilation was of one rule.
  bool was_edit() const { return was_edit_; }

 private:
  class Kept;
  std::unique_ptr<Kept> kept_;
  bool was_edit_ = false;
};

}  // namespace weir::driver
