#include "runtime/engine/state_change.h"

#include <gtest/gtest.h>

namespace weir::engine {
namespace {

TEST(StateChange, BytesComeBackAndWhatIsCutDoesNot) {
  StateChange change;
  change.kind = ChangeKind::kReplaceList;
  change.has_key = true;
  change.name = "shorteners";
  change.key = std::string("a\0b", 3);
  change.time_nanos = -5;
  change.until_nanos = INT64_MAX;
  change.values = {"bit.ly", "", "t.co"};
  change.by = "ann";
  change.reason = "new ones";
  const std::string bytes = to_bytes(change);
  auto back = change_from_bytes(bytes);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, change);
  for (size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(change_from_bytes(bytes.substr(0, n)).ok()) << n;
  EXPECT_FALSE(change_from_bytes(bytes + "x").ok());
  EXPECT_FALSE(change_from_bytes("\xff" + bytes.substr(1)).ok());
}

}  // namespace
}  // namespace weir::engine
