// CEL without a checker: every macro and kind of call finds its function at run time. Each expression is true.
#include "compiler/syntax/macros.h"
#include "compiler/types/builtins.h"
#include "tests/unit/driver/both_tiers.h"

namespace weir::driver {
namespace {

TEST(Unchecked, ExamplesOfTheReferenceAreTrue) {
  for (const syntax::MacroInfo& macro : syntax::macros())
    EXPECT_EQ(BothTiers(std::string(macro.example), false).run(), "true") << macro.example;
  for (size_t i = 0; i < types::kBuiltinCount; ++i) {
    std::string example(types::builtin_info(static_cast<types::BuiltinId>(i)).example);
    EXPECT_EQ(BothTiers(example, false).run(), "true") << example;
  }
}

}  // namespace
}  // namespace weir::driver
