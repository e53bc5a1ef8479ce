#include "compiler/driver/manifest.h"

#include <gmock/gmock.h>

#include "compiler/driver/units.h"

namespace weir::driver {
namespace {

TEST(Manifest, ReadsEveryKey) {
  auto m = parse_manifest("weir.yaml", R"(
name: demo
rules: ["*.weir", more/a.weir]
events:
  post:
    type: {path: kind, value: tweet}
    lateness: 1h30m
    ahead: off
    duplicates: 2h
    time: created_at
    id: event_id
    fields:
      urls: {path: links, split: " "}
      joined: {path: user.created, format: unix_ms}
  login:
state: {memory: 4GiB}
cost: {max_rule: 10000}
owners: {spam-team: "#oncall"}
)");
  ASSERT_TRUE(m.ok()) << m.status();
  EXPECT_EQ(m->name, "demo");
  EXPECT_THAT(m->rules, testing::ElementsAre("*.weir", "more/a.weir"));
  ASSERT_EQ(m->events.size(), 2u);
  const EventMapping& post = m->events[0];
  EXPECT_EQ(post.type_path, "kind");
  EXPECT_EQ(post.type_value, "tweet");
  EXPECT_EQ(post.fields.at("time").path, "created_at");
  EXPECT_EQ(post.fields.at("urls").split, " ");
  EXPECT_EQ(post.fields.at("joined").format, "unix_ms");
  EXPECT_EQ(m->policies.at("post").lateness_nanos, 5'400'000'000'000);
  EXPECT_EQ(m->policies.at("post").max_ahead_nanos, INT64_MAX);
  EXPECT_EQ(m->policies.at("post").duplicates_nanos, 7'200'000'000'000);
  EXPECT_EQ(m->state_memory_bytes, size_t{4} << 30);
  EXPECT_EQ(m->max_rule_cost, 10000u);
  EXPECT_EQ(m->owners.at("spam-team"), "#oncall");
}

TEST(Manifest, ProtectionsOfRulesBeginWithTheDefault) {
  auto m = parse_manifest("weir.yaml", R"(
protect:
  errors: 100 per 10m
  steps: 5000
  overruns: 3 per 1h
  rules: {R-1: {fail: block, errors: off}}
rollout: {promote_after: 1000, max_alert_change: 20%, min_precision: 0.9}
)");
  ASSERT_TRUE(m.ok()) << m.status();
  EXPECT_EQ(m->protection.errors.count, 100);
  EXPECT_EQ(m->protection.errors.per_nanos, int64_t{600} * 1'000'000'000);
  const engine::Protection& rule = m->rule_protections.at("R-1");
  EXPECT_EQ(rule.errors.per_nanos, 0);
  EXPECT_EQ(rule.overruns.count, 3);
  EXPECT_EQ(rule.steps, 5000);
  EXPECT_EQ(rule.verdict, ir::Verdict::kBlock);
  EXPECT_EQ(m->promotion.events, 1000u);
  EXPECT_DOUBLE_EQ(m->promotion.max_alert_change, 0.2);
  EXPECT_DOUBLE_EQ(m->promotion.min_precision, 0.9);
}

TEST(Manifest, EveryMistakeHasItsLineAndAHint) {
  const std::pair<const char*, const char*> cases[] = {
      {"nmae: x", "weir.yaml:1: unknown key `nmae`; did you mean `name`?"},
      {"name: x\nname: y", "weir.yaml:2: key `name` is given twice"},
      {"name: x\n\nfoo: y",
       "weir.yaml:3: unknown key `foo`; known here: name, rules, events, state, cost, protect, "
       "rollout, owners"},
      {"events:\n  post:\n    fields:\n      a: {pth: x}", "weir.yaml:4: unknown key `pth`; did you mean `path`?"},
      {"events:\n  post: {lateness: soon}",
       "weir.yaml:2: `soon` is not a duration; write it as `90s`, `10m`, `1h30m` or `7d`"},
      {"events:\n  post: {duplicates: on}",
       "weir.yaml:2: `on` is not a duration; write it as `90s`, `10m`, `1h30m` or `7d`, or `off`"},
      {"state: {memory: lots}", "weir.yaml:1: `lots` is not a size in bytes; write it as `512MiB` or `4GiB`"},
      {"protect: {errors: 10}",
       "weir.yaml:1: `10` is not a number of faults in a time; write it as `100 per 10m`, or `off`"},
      {"protect: {fail: shut}",
       "weir.yaml:1: `shut` is not what a rule out of service does; it is `open` (quiet), or a verdict: `review`, "
       "`challenge` or `block`"},
      {"rollout: {min_overlap: much}", "weir.yaml:1: `much` is not a share; write it as `20%` or `0.2`"},
      {"rules: {a: b}", "weir.yaml:1: `rules` is neither a file pattern nor a list of them"},
      {"events: 3\nnmae: x",
       "weir.yaml:2: unknown key `nmae`; did you mean `name`?\nweir.yaml:1: `events` is not a mapping of keys to "
       "values"},
  };
  for (auto [text, want] : cases)
    EXPECT_EQ(std::string(parse_manifest("weir.yaml", text).status().message()), want) << text;
  EXPECT_FALSE(parse_manifest("weir.yaml", "a: [").ok());
}

TEST(Manifest, IdsAreRememberedForTenMinutesOrTheLatenessIfThatIsLonger) {
  const std::pair<const char*, int64_t> cases[] = {
      {"lateness: 1m", 600}, {"lateness: 1h", 3600}, {"duplicates: off", 0}, {"lateness: 1h, duplicates: 5s", 5}};
  for (auto [text, seconds] : cases) {
    auto m = parse_manifest("weir.yaml", std::string("events: {post: {") + text + "}}");
    ASSERT_TRUE(m.ok()) << m.status();
    EXPECT_EQ(m->policies.at("post").duplicates_nanos, seconds * 1'000'000'000) << text;
    EXPECT_EQ(m->policies.at("post").max_ahead_nanos, kDefaultAhead) << text;
  }
}

TEST(Manifest, AnEmptyOneIsFine) { EXPECT_TRUE(parse_manifest("weir.yaml", "").ok()); }

TEST(RuleSet, ListsAreFoundBesideTheirFile) {
  auto set = load_rule_set({WEIR_SOURCE_DIR "/stdlib-rules/packs/coordination"});
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_GE(set->sources.size(), 3u);
  EXPECT_TRUE(
      std::is_sorted(set->sources.begin(), set->sources.end(), [](auto& a, auto& b) { return a.name < b.name; }));
  EXPECT_TRUE(set->read_file(0, "weir.yaml").has_value());
  EXPECT_FALSE(set->read_file(0, "no-such-list.csv").has_value());
  EXPECT_TRUE(absl::IsNotFound(load_rule_set({"/nonexistent"}).status()));
}

TEST(RuleSet, ListsOutsideAreNotRead) {
  const std::string packs = WEIR_SOURCE_DIR "/stdlib-rules/packs";
  auto set = load_rule_set({packs + "/coordination"});
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_TRUE(set->read_file(0, "../coordination/weir.yaml").has_value()) << "up, and back again";
  for (const std::string path : {"../../data/psl/public_suffix_list.dat", "/etc/passwd", "none/../../../../README.md",
                                 "../coordination/../../../README.md"}) {
    EXPECT_FALSE(set->read_file(0, path).has_value()) << path;
    EXPECT_FALSE(set->read_file(1'000'000, path).has_value()) << path;
  }
}

TEST(Units, DurationsAndSizes) {
  EXPECT_EQ(parse_duration("90s"), 90'000'000'000);
  EXPECT_EQ(parse_duration("1h30m"), 5'400'000'000'000);
  for (const char* bad : {"", "5", "h", "1x", "-1s", "1h ", "99999999999999999999s", "300000000d"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
  EXPECT_EQ(parse_bytes("64KiB"), 65536u);
  EXPECT_EQ(parse_bytes("5 MB"), 5'000'000u);
  for (const char* bad : {"", "x", "5XB", "99999999999GiB"}) EXPECT_FALSE(parse_bytes(bad)) << bad;
}

}  // namespace
}  // namespace weir::driver
