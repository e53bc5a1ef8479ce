// Changes by hand, and what the next events see of them.
#include "runtime/engine/apply_change.h"
#include "runtime/engine/inspect.h"
#include "tests/unit/engine/rule_text.h"

namespace weir::engine {
namespace {

constexpr char kRules[] = R"(
package t
entity Account: string
entity Room: int
event post { author: Account  room: Room  n: int  word: string  ip: string }
list words: string = ["w1"]
list nets: cidr = ["10.0.0.0/8"]
label hot on Account max 1h
label loud on Room
rule marks on post { id "M-1" when post.n == 1 then { label post.author as hot for 10m } score 5  mode live }
rule sees on post { id "S-1" when "hot" in labels(post.author) mode live }
rule louder on post { id "L-1" when "loud" in labels(post.room) mode live }
rule worded on post { id "W-1" when post.word in words  limit 2 per 1h  mode live }
rule netted on post { id "N-1" when post.ip in nets once per post.author every 1h  mode live }
rule keyless on post { id "K-1" when post.n == 7 mode live }
)";

class ChangeTest : public testing::TestWithParam<Tier> {
 protected:
  ChangeTest() : rules_(rules_of(kRules, GetParam())) {
    SessionOptions options;
    options.generation = 3;
    session_ = std::make_unique<Session>(rules_, options);
    sender_.emplace(*session_);
  }
  State& state() { return *session_->state(); }
  std::string post(int64_t t, int64_t n = 0, const std::string& author = "a", const std::string& word = "",
                   const std::string& ip = "192.0.2.1") {
    return sender_->hits(
        "post",
        {t, "e" + std::to_string(t), {{"author", author}, {"word", word}, {"ip", ip}}, {{"n", n}, {"room", 7}}});
  }
  Applied change(ChangeKind kind, const std::string& name, int64_t at, StateChange rest = {}) {
    rest.kind = kind;
    rest.name = name;
    rest.time_nanos = at * kSecond;
    rest.until_nanos = rest.until_nanos == 0 ? INT64_MAX : rest.until_nanos * kSecond;
    rest.by = "ann";
    rest.reason = "a test";
    auto applied = apply(state(), rest);
    EXPECT_TRUE(applied.ok()) << applied.status();
    return applied.ok() ? *applied : Applied();
  }
  static StateChange key(const std::string& k, int64_t until = 0) {
    StateChange c;
    c.has_key = true;
    c.key = k;
    c.until_nanos = until;
    return c;
  }
  static StateChange values(std::vector<std::string> v) {
    StateChange c;
    c.values = std::move(v);
    return c;
  }

  std::shared_ptr<const Rules> rules_;
  std::unique_ptr<Session> session_;
  std::optional<Sender> sender_;
};

TEST_P(ChangeTest, LabelsSayWhoSetThem) {
  EXPECT_EQ(post(100, 1), "marks:fired");
  const value::Value a = value::Value::string("a");
  auto labels = labels_of(state(), 0, a, 100 * kSecond);
  ASSERT_EQ(labels.size(), 1u);
  EXPECT_EQ(rule_id_of(state(), labels[0].mark), "M-1");
  EXPECT_EQ(labels[0].mark.from.origin(), "e100");
  EXPECT_EQ(labels[0].mark.from.generation(), 3u);
  EXPECT_FALSE(labels[0].mark.from.by_hand());
  EXPECT_EQ(labels[0].mark.set_at, 100 * kSecond);
  EXPECT_EQ(labels[0].mark.expires, 700 * kSecond);

  const Applied cleared = change(ChangeKind::kClearLabel, "hot", 101, key("a"));
  EXPECT_EQ(cleared.before, "until 1970-01-01T00:11:40Z, set 1970-01-01T00:01:40Z by M-1 on e100");
  EXPECT_EQ(cleared.after, "absent");
  EXPECT_EQ(post(102), "");

  const Applied set = change(ChangeKind::kSetLabel, "hot", 103, key("a", 200));
  EXPECT_EQ(set.after, "until 1970-01-01T00:03:20Z, set 1970-01-01T00:01:43Z by ann");
  EXPECT_EQ(post(104), "sees:fired");
  EXPECT_EQ(post(200), "");
  change(ChangeKind::kSetLabel, "hot", 300, key("a"));  // no end: the label's own max
  labels = labels_of(state(), 0, a, 300 * kSecond);
  ASSERT_EQ(labels.size(), 1u);
  EXPECT_TRUE(labels[0].mark.from.by_hand());
  EXPECT_EQ(labels[0].mark.expires, 3900 * kSecond);

  change(ChangeKind::kSetLabel, "loud", 300, key("7"));
  EXPECT_EQ(post(301, 0, "b"), "louder:fired");
}

TEST_P(ChangeTest, ASnoozedRuleHasItsOwnOutcomeAndNoEffect) {
  EXPECT_EQ(change(ChangeKind::kSnooze, "M-1", 100, key("a", 200)).after, "snoozed until 1970-01-01T00:03:20Z");
  EXPECT_EQ(post(101, 1, "a"), "marks:snoozed");
  EXPECT_EQ(post(102, 1, "b"), "marks:fired");  // another key
  EXPECT_EQ(post(103, 0, "a"), "");             // no label was set
  EXPECT_EQ(session_->counters()[0].snoozed, 1u);
  EXPECT_EQ(session_->counters()[0].fired, 1u);
  const EventResult& result =
      sender_->send("post", {104, "", {{"author", "a"}, {"word", ""}, {"ip", "::1"}}, {{"n", 1}, {"room", 7}}});
  ASSERT_EQ(result.hits.size(), 1u);
  EXPECT_EQ(result.shadow_score, 0);
  EXPECT_EQ(to_text(*result.hits[0].snooze), "snoozed until 1970-01-01T00:03:20Z by ann: a test");
  EXPECT_EQ(post(200, 1, "a"), "marks:fired");  // it has ended
  change(ChangeKind::kSnooze, "keyless", 200);
  EXPECT_EQ(post(201, 7, "c"), "keyless:snoozed");
  EXPECT_EQ(change(ChangeKind::kEndSnooze, "keyless", 201).before, "snoozed for ever");
  EXPECT_EQ(post(202, 7, "c"), "keyless:fired");
}

TEST_P(ChangeTest, ASnoozedFireUsesUpNeitherOnceNorLimit) {
  change(ChangeKind::kSnooze, "N-1", 0, key("a", 50));
  EXPECT_EQ(post(10, 0, "a", "", "10.1.1.1"), "netted:snoozed");
  EXPECT_EQ(post(50, 0, "a", "", "10.1.1.1"), "netted:fired");
  EXPECT_EQ(post(51, 0, "a", "", "10.1.1.1"), "netted:suppressed");
  change(ChangeKind::kSnooze, "W-1", 50, {});
  for (int64_t t = 60; t < 65; ++t) EXPECT_EQ(post(t, 0, "b", "w1"), "worded:snoozed");
  change(ChangeKind::kEndSnooze, "W-1", 65, {});
  EXPECT_EQ(post(66, 0, "b", "w1"), "worded:fired");
}

TEST_P(ChangeTest, ALimitShowsAndIsReset) {
  const auto status = [&](int64_t t) { return limits_of(state(), t * kSecond).at(0).status; };
  post(100, 0, "a", "w1");
  EXPECT_EQ(status(100).fires, 1);
  EXPECT_EQ(status(100).count, 2);
  post(101, 0, "a", "w1");
  EXPECT_EQ(post(102, 0, "a", "w1"), "worded:tripped");
  EXPECT_TRUE(status(103).tripped);
  EXPECT_EQ(status(103).tripped_at, 102 * kSecond);
  EXPECT_EQ(status(103).until, 3702 * kSecond);
  EXPECT_FALSE(status(3702).tripped);
  EXPECT_EQ(change(ChangeKind::kResetLimit, "worded", 103).before,
            "tripped at 1970-01-01T00:01:42Z, until 1970-01-01T01:01:42Z");
  EXPECT_FALSE(status(103).tripped);
  EXPECT_EQ(post(104, 0, "a", "w1"), "worded:fired");
}

TEST_P(ChangeTest, ListsAreReplacedForTheNextEvent) {
  EXPECT_EQ(post(1, 0, "a", "w1", "10.0.0.1"), "worded:fired netted:fired");
  EXPECT_EQ(change(ChangeKind::kReplaceList, "words", 1, values({"w2", "w3"})).after.substr(0, 20),
            "version 2, 2 entries");
  EXPECT_EQ(post(2, 0, "a", "w1"), "");
  EXPECT_EQ(post(3, 0, "a", "w2"), "worded:fired");
  change(ChangeKind::kRemoveFromList, "words", 3, values({"w2"}));
  EXPECT_EQ(post(4, 0, "a", "w2"), "");
  change(ChangeKind::kAddToList, "nets", 4, values({"192.0.2.0/24"}));
  EXPECT_EQ(post(5, 0, "b"), "netted:fired");
  EXPECT_EQ(post(6, 0, "c", "", "10.0.0.1"), "netted:fired");
}

TEST_P(ChangeTest, WhatDoesNotFitChangesNothing) {
  struct Case {
    ChangeKind kind;
    const char *name, *key;
    int64_t until;
    absl::StatusCode code;
    const char* message;
  };
  const Case cases[] = {
      {ChangeKind::kSetLabel, "cold", "a", 10, absl::StatusCode::kNotFound, "the rules declare no label `cold`"},
      {ChangeKind::kSetLabel, "loud", "x", 10, absl::StatusCode::kInvalidArgument,
       "key `x` is not an int, as the label's entity is"},
      {ChangeKind::kSetLabel, "hot", "a", 5, absl::StatusCode::kOutOfRange, "the label would end before it begins"},
      {ChangeKind::kSnooze, "R-9", "a", 10, absl::StatusCode::kNotFound, "the rules declare no rule `R-9`"},
      {ChangeKind::kSnooze, "M-1", "a", 5, absl::StatusCode::kOutOfRange, "the snooze would end before it begins"},
      {ChangeKind::kSnooze, "K-1", "a", 10, absl::StatusCode::kInvalidArgument,
       "rule `keyless` has no key: neither `once per` nor an effect on one"},
      {ChangeKind::kResetLimit, "M-1", "", 10, absl::StatusCode::kInvalidArgument, "rule `marks` has no limit"},
      {ChangeKind::kAddToList, "nets", "", 10, absl::StatusCode::kInvalidArgument,
       "list `nets`: `no net` is not an IP address or network"},
      {ChangeKind::kAddToList, "none", "", 10, absl::StatusCode::kNotFound, "the rules declare no list `none`"},
  };
  for (const Case& c : cases) {
    StateChange change = key(c.key, c.until * kSecond);
    change.kind = c.kind;
    change.name = c.name;
    change.time_nanos = 5 * kSecond;
    change.values = {"no net"};
    const auto applied = apply(state(), change);
    EXPECT_EQ(applied.status().code(), c.code);
    EXPECT_EQ(std::string(applied.status().message()), c.message);
  }
  EXPECT_EQ(post(6, 1), "marks:fired");
}

TEST(Provenance, IsCutAtACharacter) {
  const std::string id = std::string(38, 'x') + "ü";
  EXPECT_EQ(state::Provenance(false, 1, id).origin(), std::string(38, 'x'));
  EXPECT_EQ(state::Provenance(false, 1, "e1").origin(), "e1");
  EXPECT_EQ(state::Provenance(false, 1, std::string(50, 'y')).origin(), std::string(39, 'y'));
}

#ifdef WEIR_HAVE_JIT
INSTANTIATE_TEST_SUITE_P(Tiers, ChangeTest, testing::Values(Tier::kInterpreter, Tier::kNative),
                         [](const auto& info) { return info.param == Tier::kNative ? "native" : "interpreter"; });
#else
INSTANTIATE_TEST_SUITE_P(Tiers, ChangeTest, testing::Values(Tier::kInterpreter),
                         [](const auto&) { return "interpreter"; });
#endif

}  // namespace
}  // namespace weir::engine
