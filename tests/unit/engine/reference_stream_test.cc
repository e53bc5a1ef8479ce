// Every aggregation in a session, on a stream with disorder, ties and duplicate ids, against the naive model.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <random>
#include <set>
#include <tuple>

#include "runtime/value/operations.h"
#include "tests/unit/engine/rule_text.h"
#include "tests/unit/state/reference_model.h"

namespace weir::engine {
namespace {

using state::model::Case;
using state::model::Model;
using value::Value;

const char* const kAggregations[] = {"count()",    "sum(e.n)",    "min(e.n)",           "max(e.n)",
                                     "mean(e.n)",  "stddev(e.n)", "distinct(e.n)",      "last(e.n)",
                                     "first(e.n)", "top(e.n, 3)", "quantile(e.n, 0.9)", "entropy(e.n)"};
const char* const kWindows[] = {"over 60s every 5s", "over 60s exact", "over last 7", "over session 5s", "over all"};

TEST(ReferenceStream, EveryAggregationAndWindowWithDuplicatesAndDisorder) {
  std::string text = "package t entity Account: string event e { author: Account  n: int }\n";
  for (size_t a = 0; a < std::size(kAggregations); ++a) {
    for (size_t w = 0; w < std::size(kWindows); ++w)
      text += fmt::format("feature f_{}_{} = {} from e by e.author {}\n", a, w, kAggregations[a], kWindows[w]);
  }
  const auto rules = rules_of(text);
  ASSERT_NE(rules, nullptr);
  const auto& features = rules->program().features;
  constexpr int64_t kLateness = 30 * kSecond, kDuplicates = 40 * kSecond;
  SessionOptions options;
  options.events = {{kLateness, INT64_MAX, kDuplicates}};
  Session session(rules, options);
  Sender sender(session);

  std::vector<Case> cases;
  for (const ir::Feature& f : features) cases.push_back({f.aggregation, f.value_kind, f.window, f.param});
  std::map<std::pair<size_t, std::string>, Model> models;
  std::map<std::string, int64_t> ids;  // when each came, by the clock
  std::vector<Sender::Fields> sent;
  std::mt19937 random(11);
  int64_t now = 1000, clock = INT64_MIN;
  uint64_t duplicates = 0;
  for (int step = 0; step < 1500; ++step) {
    now += random() % 60 == 0 ? static_cast<int64_t>(random() % 100) : static_cast<int64_t>(random() % 3);
    Sender::Fields e;
    if (step > 0 && random() % 5 == 0) {  // sent again, lately or long ago, perhaps with other fields
      e = sent[sent.size() - 1 - random() % std::min<size_t>(sent.size(), 60)];
      if (random() % 2 == 0) e.ints["n"] = static_cast<int64_t>(random() % 20);
    } else {
      e = {now - static_cast<int64_t>(random() % (random() % 10 == 0 ? 150 : 10)),
           random() % 10 == 0 ? "" : fmt::format("id{}", step),
           {{"author", fmt::format("u{}", random() % 3)}},
           {{"n", static_cast<int64_t>(random() % 20) + 1}}};
    }
    sent.push_back(e);
    clock = std::max(clock, e.seconds * kSecond);
    bool duplicate = false;
    if (!e.id.empty()) {
      const auto it = ids.find(e.id);
      duplicate = it != ids.end() && clock - it->second <= kDuplicates;
      if (!duplicate) ids[e.id] = clock;
    }
    duplicates += duplicate;
    ASSERT_EQ(sender.send("e", e).duplicate, duplicate) << step;
    if (duplicate) continue;
    const std::string& author = e.texts["author"];
    const int64_t horizon = clock - kLateness;
    for (size_t f = 0; f < features.size(); ++f) {
      Model& model = models.try_emplace({f, author}, cases[f]).first->second;
      model.add(horizon, e.seconds * kSecond, Value::integer(e.ints["n"]));
      const Value key = Value::string(author);
      const Value got = session.feature_at(static_cast<uint32_t>(f), {&key, 1});
      const auto expected = model.read(horizon, e.seconds * kSecond);
      if (expected) {
        ASSERT_TRUE(state::model::agrees(cases[f], got, *expected))
            << features[f].name << " at step " << step << ": " << (got.ok() ? value::to_literal(got) : "missing")
            << ", expected " << value::to_literal(*expected);
      } else {
        ASSERT_TRUE(got.is_missing() || (got.is(value::Kind::kInt) && got.i == 0)) << features[f].name << ' ' << step;
      }
    }
  }
  EXPECT_EQ(session.duplicate_events(), duplicates);
  EXPECT_GT(duplicates, 100u);
  EXPECT_GT(session.late_events(), 20u);
}

// The same with a filter, one value an element of a list (some twice), and keys of two parts.
TEST(ReferenceStream, EveryAggregationAndWindowWithWhereEachAndCompositeKeys) {
  std::string text = "package t event e { author: string  tags: string  n: int }\n";
  for (size_t a = 0; a < std::size(kAggregations); ++a) {
    for (size_t w = 0; w < std::size(kWindows); ++w) {
      text += fmt::format(
          "feature f_{}_{} = {} from e where e.n % 3 != 0 each t in e.tags.split(\",\") by t, e.author {}\n", a, w,
          kAggregations[a], kWindows[w]);
    }
  }
  const auto rules = rules_of(text);
  ASSERT_NE(rules, nullptr);
  const auto& features = rules->program().features;
  constexpr int64_t kLateness = 20 * kSecond;
  SessionOptions options;
  options.events = {{kLateness, INT64_MAX, 0}};
  Session session(rules, options);
  Sender sender(session);
  std::map<std::tuple<size_t, std::string, std::string>, Model> models;
  std::mt19937 random(12);
  int64_t now = 1000, clock = INT64_MIN;
  uint64_t read = 0, absent = 0;
  for (int step = 0; step < 600; ++step) {
    now += random() % 50 == 0 ? static_cast<int64_t>(random() % 100) : static_cast<int64_t>(random() % 3);
    const std::string author = fmt::format("u{}", random() % 2);
    std::vector<std::string> tags;
    for (size_t i = random() % 3 + 1; i > 0; --i) tags.push_back(fmt::format("t{}", random() % 3));
    const int64_t n = static_cast<int64_t>(random() % 20) + 1;
    const int64_t seconds = now - static_cast<int64_t>(random() % (random() % 10 == 0 ? 100 : 8));
    clock = std::max(clock, seconds * kSecond);
    sender.send("e",
                {seconds, "", {{"author", author}, {"tags", fmt::format("{}", fmt::join(tags, ","))}}, {{"n", n}}});
    for (size_t f = 0; f < features.size(); ++f) {
      const Case c{features[f].aggregation, features[f].value_kind, features[f].window, features[f].param};
      if (n % 3 != 0) {
        for (const std::string& tag : tags)
          models.try_emplace({f, tag, author}, c)
              .first->second.add(clock - kLateness, seconds * kSecond, Value::integer(n));
      }
      for (const std::string& tag : std::set<std::string>(tags.begin(), tags.end())) {
        const Value key[] = {Value::string(tag), Value::string(author)};
        const Value got = session.feature_at(static_cast<uint32_t>(f), key);
        const auto model = models.find({f, tag, author});
        const auto expected =
            model == models.end() ? std::nullopt : model->second.read(clock - kLateness, seconds * kSecond);
        ++(expected ? read : absent);
        if (expected) {
          ASSERT_TRUE(state::model::agrees(c, got, *expected))
              << features[f].name << " at step " << step << ": " << (got.ok() ? value::to_literal(got) : "missing")
              << ", expected " << value::to_literal(*expected);
        } else {
          ASSERT_TRUE(got.is_missing() || (got.is(value::Kind::kInt) && got.i == 0)) << features[f].name << ' ' << step;
        }
      }
    }
  }
  EXPECT_GT(read, 10'000u);
  EXPECT_GT(absent, 100u);
}

}  // namespace
}  // namespace weir::engine
