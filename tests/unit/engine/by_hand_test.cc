// Snoozes, changed lists and who set a label, through a snapshot and over to other rules.
#include "runtime/engine/by_hand.h"

#include "runtime/engine/apply_change.h"
#include "runtime/engine/carry_over.h"
#include "runtime/engine/inspect.h"
#include "runtime/engine/state_copy.h"
#include "runtime/engine/state_image.h"
#include "tests/unit/engine/rule_text.h"

namespace weir::engine {
namespace {

std::string rules_text(const std::string& list) {
  return "package t entity Account: string event post { author: Account  word: string }\n"
         "list words: string = [" +
         list +
         "]\n"
         "label hot on Account\n"
         "rule worded on post { id \"W-1\" when post.word in words then { label post.author as hot } mode live }\n"
         "rule quiet on post { id \"Q-1\" when post.word == \"q\" mode live }\n";
}

StateChange change(ChangeKind kind, std::string name, std::vector<std::string> values = {}) {
  StateChange c;
  c.kind = kind;
  c.name = std::move(name);
  c.values = std::move(values);
  c.until_nanos = INT64_MAX;
  c.by = "ann";
  c.reason = "why";
  return c;
}

void check(std::shared_ptr<const Rules> rules, const std::shared_ptr<State>& state, const std::string& word_hits) {
  EXPECT_EQ(state->snoozes().current()->of(1).size(), 1u);
  const auto labels = labels_of(*state, 0, value::Value::string("a"), 10 * kSecond);
  ASSERT_EQ(labels.size(), 1u);
  EXPECT_EQ(labels[0].mark.from.origin(), "e1");
  Session session(std::move(rules), state, {});
  Sender sender(session);
  EXPECT_EQ(sender.hits("post", {20, "e2", {{"author", "b"}, {"word", "new"}}, {}}), word_hits);
  EXPECT_EQ(sender.hits("post", {21, "e3", {{"author", "b"}, {"word", "q"}}, {}}), "quiet:snoozed");
}

TEST(ByHand, IsKeptInSnapshotsAndOverReloads) {
  const auto rules = rules_of(rules_text("\"old\""));
  auto session = std::make_unique<Session>(rules, SessionOptions());
  Sender(*session).hits("post", {1, "e1", {{"author", "a"}, {"word", "old"}}, {}});
  const std::shared_ptr<State> state = session->state();
  ASSERT_TRUE(apply(*state, change(ChangeKind::kReplaceList, "words", {"new"})).ok());
  ASSERT_TRUE(apply(*state, change(ChangeKind::kSnooze, "Q-1")).ok());

  const std::vector<StateSection> image = save_state(state);
  RestoreReport report;
  const auto restored = restore_state(rules->program_ptr(), StateOptions(), image, &report);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ((*restored)->lists().current(0)->number(), 2u);
  EXPECT_EQ(report.dropped, 0u);
  check(rules, *restored, "worded:fired");

  // A list whose author has changed it meanwhile is as its author says.
  for (const auto& [list, hits] : {std::pair{"\"old\"", "worded:fired"}, {"\"older\"", ""}}) {
    const auto next = rules_of(rules_text(list) + "rule more on post { id \"M-1\" when false mode live }\n");
    const auto again = restore_state(next->program_ptr(), StateOptions(), image, &report);
    ASSERT_TRUE(again.ok()) << again.status();
    check(next, *again, hits);
  }
  session.reset();
  const auto next = rules_of(rules_text("\"old\"") + "rule more on post { id \"M-1\" when false mode live }\n");
  check(next, carry_over(state, next->program_ptr(), state->options()), "worded:fired");
}

}  // namespace
}  // namespace weir::engine
