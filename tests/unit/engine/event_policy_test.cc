// Events that come late, twice, or from the future.
#include "runtime/engine/event_policy.h"

#include "tests/unit/engine/rule_text.h"

namespace weir::engine {
namespace {

constexpr char kRules[] = R"(
package t
entity Account: string
event post { author: Account  n: int }
event login { account: Account }
feature posts = count() from post by post.author over 1m every 1s
feature logins = count() from login by login.account over 1m every 1s
feature run = count() from post by post.author over session 1m
rule count on post { when posts >= 2  score posts  mode live }
rule run_of_2 on post { when run >= 2 mode live }
rule flagged on post { when post.n == 1  once per post.author every 1h  mode live }
rule limited on post { when post.n == 2  limit 1 per 1h  mode live }
rule strict on post { when post.n == 9 then { verdict block } mode live }
rule watched on post { when post.n == 8 then { verdict review } mode shadow }
rule logged_in on login { when logins >= 2 mode live }
)";

class EventPolicyTest : public testing::Test {
 protected:
  Sender& start(std::vector<EventPolicy> events) {
    SessionOptions options;
    options.events = std::move(events);
    session_ = std::make_unique<Session>(rules_, options);
    return sender_.emplace(*session_);
  }
  static Sender::Fields post(int64_t t, std::string id, int64_t n = 0) {
    return {t, std::move(id), {{"author", "a"}}, {{"n", n}}};
  }
  std::shared_ptr<const Rules> rules_ = rules_of(kRules);
  std::unique_ptr<Session> session_;
  std::optional<Sender> sender_;
};

constexpr int64_t kNoGuard = INT64_MAX;

TEST_F(EventPolicyTest, TheSecondOfAnIdIsIgnoredCountedAndGetsTheFirstsVerdict) {
  Sender& s = start({{0, kNoGuard, 100 * kSecond}, {0, kNoGuard, 100 * kSecond}});
  EXPECT_EQ(s.send("post", post(0, "x", 9)).verdict, ir::Verdict::kBlock);
  EXPECT_EQ(s.send("post", post(0, "y", 8)).shadow_verdict, ir::Verdict::kReview);
  const EventResult& again = s.send("post", post(1, "x", 0));
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.verdict, ir::Verdict::kBlock);
  EXPECT_TRUE(again.hits.empty());
  const EventResult& shadow = s.send("post", post(1, "y"));
  EXPECT_EQ(shadow.verdict, ir::Verdict::kAllow);
  EXPECT_EQ(shadow.shadow_verdict, ir::Verdict::kReview);
  EXPECT_EQ(session_->duplicate_events(), 2u);
  EXPECT_EQ(s.send("post", post(1, "z")).score, 3);                           // x, y and z count, once each
  EXPECT_FALSE(s.send("login", {1, "x", {{"account", "a"}}, {}}).duplicate);  // ids are an event type's own
  EXPECT_FALSE(s.send("post", post(101, "x")).duplicate);                     // forgotten
  EXPECT_TRUE(s.send("post", post(101, "x")).duplicate);
}

TEST_F(EventPolicyTest, EventsWithoutAnIdAreAllDifferent) {
  Sender& s = start({{0, kNoGuard, 100 * kSecond}});
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(s.send("post", post(0, "")).score, i == 1 ? 0 : i);
  EXPECT_EQ(session_->duplicate_events(), 0u);
  Sender& off = start({{0, kNoGuard, 0}});
  off.send("post", post(0, "x"));
  EXPECT_EQ(off.send("post", post(0, "x")).score, 2);
}

TEST_F(EventPolicyTest, LatenessIsAnEventTypesOwn) {
  start({{300 * kSecond}, {0}});
  sender_->send("post", post(1000, "1"));
  sender_->send("login", {1000, "", {{"account", "a"}}, {}});
  sender_->send("post", post(800, "2"));
  EXPECT_EQ(sender_->send("post", post(800, "3")).score, 2);
  sender_->send("login", {800, "", {{"account", "a"}}, {}});
  EXPECT_EQ(session_->feature_counters(0).late, 0u);
  EXPECT_EQ(session_->feature_counters(1).late, 1u);
}

TEST_F(EventPolicyTest, AStrayTimeMakesNothingLate) {
  Sender& s = start({{0, 3600 * kSecond, 0}});
  constexpr int64_t kFar = 1'000'000'000;
  s.send("post", post(0, "", 1));
  EXPECT_EQ(s.hits("post", post(kFar, "", 1)), "flagged:fired");
  EXPECT_EQ(s.hits("post", post(10, "")), "count:fired");                 // it is in no window
  EXPECT_EQ(s.hits("post", post(11, "")), "count:fired run_of_2:fired");  // a run it has broken begins anew
  EXPECT_EQ(s.hits("post", post(3605, "", 1)), "flagged:fired");          // and it holds nothing back
  EXPECT_EQ(session_->late_events(), 0u);
  EXPECT_EQ(session_->ahead_events(), 1u);
  EXPECT_EQ(s.hits("post", post(kFar + 1000, "", 2)), "limited:fired");
  EXPECT_EQ(s.hits("post", post(3800, "", 2)), "limited:fired");
  EXPECT_EQ(s.hits("post", post(3801, "", 2)), "count:fired run_of_2:fired limited:tripped");
}

TEST_F(EventPolicyTest, WithoutTheGuardAStrayTimeMakesAllElseLate) {
  Sender& s = start({{0, kNoGuard, 0}});
  s.send("post", post(1'000'000'000, ""));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(s.hits("post", post(10 + i, "")), "");
  EXPECT_EQ(session_->late_events(), 5u);
}

TEST_F(EventPolicyTest, APauseOfTheStreamChangesNothing) {
  for (int64_t guard : {3600 * kSecond, kNoGuard}) {
    Sender& s = start({{0, guard, 0}});
    s.send("post", post(0, ""));
    EXPECT_EQ(s.hits("post", post(86'400, "")), "");
    EXPECT_EQ(s.hits("post", post(86'401, "")), "count:fired run_of_2:fired");
    EXPECT_EQ(s.send("post", post(86'402, "")).score, 3);
    s.send("post", post(5, ""));
    EXPECT_EQ(session_->late_events(), 1u);
  }
}

}  // namespace
}  // namespace weir::engine
