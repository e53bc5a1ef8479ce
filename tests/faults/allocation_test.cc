// The n-th allocation fails, for every n: the call says so, and the next one is right.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "tests/faults/failing_memory.h"
#include "tests/faults/host.h"

namespace weir::faults {
namespace {

// Every aggregation over every kind of window, every effect and guard, errors, texts, lists, folds, patterns.
std::string rules_text() {
  std::string text =
      "entity Account: string\n"
      "event e { k: Account  n: int  d: double  s: string  l: list<string>  x: dyn }\n"
      "label seen on Account max 1h\n"
      "label late on Account\n"
      "action notify(who: string, n: int)\n"
      "list bad: string = [\"worse\", \"worst\"]\n"
      "list far: cidr = [\"10.0.0.0/8\"]\n";
  std::string tells;
  int n = 0;
  for (const char* aggregation :
       {"count()", "sum(e.n)", "sum(e.d)", "min(e.s)", "max(e.n)", "mean(e.d)", "stddev(e.d)", "distinct(e.s)",
        "last(e.s)", "first(e.n)", "top(e.s, 2)", "quantile(e.d, 0.5)", "entropy(e.s)"}) {
    for (const char* window : {"1m every 1s", "1m exact", "last 3", "session 10s", "all"}) {
      tells += fmt::format("{{f{}}} ", n);
      text += fmt::format("feature f{} = {} from e by e.k over {}\n", n++, aggregation, window);
    }
  }
  text +=
      "feature pairs = count() from e by e.k, e.s over 1h\n"
      "feature each_l = count() from e each x in e.l by x over 1h\n";
  // What it comes to does not hang on what features have counted.
  text +=
      "rule once_a_day on e { id \"ONCE\" when e.n == 9 score 10 then { verdict challenge label e.k as seen } "
      "once per e.k every 1d because \"once {e.s}\" mode live }\n"
      "rule limited on e { id \"LIMITED\" when e.n == 9 score 1 then { action notify(e.k, e.n) case \"q\" key e.k } "
      "limit 2 per 1h because \"limited\" mode live }\n"
      "rule was_seen on e { id \"SEEN\" when \"seen\" in labels(e.k) score 100 because \"seen\" mode live }\n"
      "rule wrong on e { id \"WRONG\" when 7 / (e.n - 9) > 1 score 1 because \"?\" mode live }\n"
      "rule untyped on e { id \"DYN\" when e.x.a + 1 == 3 && size(e.l.map(p, p + \"!\").filter(p, p != \"a!\")) > 1 "
      "score 2 then { label e.k as late } because \"{e.l.map(p, p + e.s)}\" mode live }\n"
      "rule texts on e { id \"TEXT\" when e.s.matches(\"^te(x|z)t [0-9]+$\") && e.s.upperAscii().contains(\"TEXT\") && "
      "\"%s-%d\".format([e.s, e.n]) != \"\" && e.s.replace(\"t\", \"u\").split(\" \").join(\"+\").size() > 3 score 4 "
      "because \"{e.s}\" mode live }\n"
      "rule lists on e { id \"LIST\" when e.s in bad || !(ip(\"10.1.2.3\") in far) || [e.n, 1, 2].sort()[0] == 1 "
      "score 8 because \"listed\" mode live }\n";
  text += "rule tells on e { id \"TELL\" when f0 > 0 && pairs > 0 && each_l[e.s] >= 0 because \"" + tells +
          "\" mode live }\n";
  text += "decide e { block when score >= 500 }\n";
  return text;
}

// The i-th event of an account; number 9 is what the rules look for.
std::string event_json(int i, std::string_view key, int n) {
  return fmt::format(
      R"({{"time":"2026-01-01T00:{:02}:{:02}Z","id":"{}-{}","k":"{}","n":{},"d":{}.5,"s":"text {}","l":["a","b","c{}"],)"
      R"("x":{{"a":2,"b":[1,2.5,"three"]}}}})",
      i / 60 % 60, i % 60, key, i, key, n, i, i % 5, i);
}

// Everything that a verdict says but for texts of features.
std::string gist(const weir_verdict* verdict) {
  weir_verdict_info info = WEIR_INIT(weir_verdict_info);
  weir_verdict_get(verdict, &info);
  std::string out = fmt::format("verdict {} score {} effects {} duplicate {}:", info.verdict, info.score,
                                info.effect_count, info.duplicate);
  for (size_t i = 0; i < info.hit_count; ++i) {
    weir_hit hit = WEIR_INIT(weir_hit);
    weir_verdict_hit(verdict, i, &hit);
    out += fmt::format(" {}={}", view(hit.id), hit.outcome);
  }
  return out;
}

struct Way {
  const char* name;
  uint32_t tier;
  Failing failing;
  int warm;  // events before the one that fails
  bool shared;
};

class Allocation : public testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    if (!memory_can_fail()) GTEST_SKIP() << "the sanitizer's malloc is in place";
  }
};

const weir_ruleset* rules_of(uint32_t tier) {
  static const Engine engine = make_engine();
  static const Rules interpreted = compile(engine.get(), rules_text(), WEIR_TIER_INTERPRETER);
  static const Rules native = memory_can_fail() ? compile(engine.get(), rules_text(), WEIR_TIER_AUTO) : Rules(nullptr);
  if (tier == WEIR_TIER_INTERPRETER) return interpreted.get();
  weir_ruleset_wait_native(native.get(), 600'000);
  return native.get();
}

// One session after `warm` events, an event whose n-th allocation fails, and what comes after.
class Trial {
 public:
  explicit Trial(const Way& way) : way_(way), rules_(rules_of(way.tier)), session_(make_session(rules_)) {
    if (way.shared) {
      weir_session* other = nullptr;
      EXPECT_EQ(weir_session_share(session_.get(), &other, nullptr), WEIR_OK);
      other_.reset(other);
    }
    event_ = make_event(rules_);
    for (int i = 0; i < way.warm; ++i)
      (void)verdict_of(session_.get(), event_.get(), event_json(i, i % 3 == 0 ? "k" : "m", i % 8));
  }

  // True if memory ran out.
  bool fail_at(long n, std::string* got) {
    weir_error err = WEIR_INIT(weir_error);
    Verdict verdict;
    weir_str json = {nullptr, 0};
    const std::string text = event_json(way_.warm, "k", 9);
    {
      const FailingMemory failing(n, way_.failing);
      verdict = evaluate(session_.get(), event_.get(), text, &err, WEIR_TRACE_ALL);
      used_ = FailingMemory::count();
    }
    if (verdict == nullptr) {
      EXPECT_EQ(err.code, WEIR_E_NOMEM) << n << ": " << err.message;
      return true;
    }
    {
      const FailingMemory failing(n, way_.failing);
      json = weir_verdict_json(verdict.get());
    }
    EXPECT_NE(view(weir_verdict_explain(verdict.get())).size(), 0u);
    (void)json;
    *got = gist(verdict.get());
    return false;
  }
  long used() const { return used_; }

  // The event again, under its id, when there is memory.
  std::string again() {
    weir_error err = WEIR_INIT(weir_error);
    const Verdict verdict = evaluate(session_.get(), event_.get(), event_json(way_.warm, "k", 9), &err);
    EXPECT_NE(verdict, nullptr) << err.message;
    return verdict == nullptr ? "" : gist(verdict.get());
  }

  // State is whole: it is written, read, and goes on.
  void restores() {
    const std::string path =
        (std::filesystem::temp_directory_path() / fmt::format("weir_faults_{}", getpid())).string();
    weir_error err = WEIR_INIT(weir_error);
    ASSERT_EQ(weir_session_snapshot(session_.get(), str(path), &err), WEIR_OK) << err.message;
    const Session restored = make_session(rules_);
    ASSERT_EQ(weir_session_restore(restored.get(), str(path), &err), WEIR_OK) << err.message;
    std::filesystem::remove(path);
    for (int i = 1; i < 30; ++i) {
      const std::string text = event_json(way_.warm + i, i % 2 == 0 ? "k" : "z", i % 8);
      EXPECT_EQ(verdict_of(session_.get(), event_.get(), text), verdict_of(restored.get(), event_.get(), text));
    }
  }

  size_t state_bytes() const {
    weir_session_stats stats = WEIR_INIT(weir_session_stats);
    weir_session_get_stats(session_.get(), &stats);
    return stats.state_bytes;
  }

 private:
  const Way way_;
  const weir_ruleset* rules_;
  Session session_, other_;
  Event event_;
  long used_ = 0;
};

TEST_P(Allocation, OfAnEvaluationFails) {
  const Way& way = GetParam();
  std::string expected;
  Trial undisturbed(way);
  ASSERT_FALSE(undisturbed.fail_at(LONG_MAX, &expected));
  const size_t bytes = undisturbed.state_bytes();
  EXPECT_NE(expected.find(" ONCE="), std::string::npos) << expected;
  EXPECT_EQ(expected.find(" SEEN="), std::string::npos) << expected;
  long failed = 0;
  for (long n = 0;; ++n) {
    SCOPED_TRACE(n);
    Trial trial(way);
    std::string got;
    if (trial.fail_at(n, &got)) {
      ++failed;
      ASSERT_EQ(trial.again(), expected);
      // Twice counted at most, and no less than nothing.
      ASSERT_LT(trial.state_bytes(), 2 * bytes + 4096);
      if (n % 16 == 0) trial.restores();
    } else {
      ASSERT_EQ(got, expected);
      if (trial.used() <= n) break;
    }
    ASSERT_LT(n, 100'000);
    if (HasFailure()) break;
  }
  fmt::print("{} allocations failed\n", failed);
  EXPECT_GT(failed, 50);
}

std::vector<Way> ways() {
  std::vector<Way> out;
  const auto add = [&](const char* name, uint32_t tier, Failing failing, int warm, bool shared) {
    out.push_back({name, tier, failing, warm, shared});
  };
  add("FirstEvent", WEIR_TIER_INTERPRETER, Failing::kOne, 0, false);
  add("FirstEventAndAllAfter", WEIR_TIER_INTERPRETER, Failing::kAll, 0, false);
  add("Steady", WEIR_TIER_INTERPRETER, Failing::kOne, 40, false);
  add("SteadyShared", WEIR_TIER_INTERPRETER, Failing::kAll, 40, true);
  add("NativeFirstEvent", WEIR_TIER_AUTO, Failing::kOne, 0, false);
  add("NativeSteady", WEIR_TIER_AUTO, Failing::kAll, 40, false);
  return out;
}
INSTANTIATE_TEST_SUITE_P(Evaluation, Allocation, testing::ValuesIn(ways()),
                         [](const auto& info) { return std::string(info.param.name); });

// The n-th allocation of `load` fails, for n = 0, step, 2 * step …: WEIR_E_NOMEM, or rules that decide as they should.
void fail_loading(long step, Failing failing, const std::function<weir_status(weir_ruleset**, weir_error*)>& load) {
  if (!memory_can_fail()) GTEST_SKIP() << "the sanitizer's malloc is in place";
  const auto decides = [](weir_ruleset* rules) {
    const Session session = make_session(rules);
    const Event event = make_event(rules);
    return verdict_of(session.get(), event.get(), event_json(0, "k", 9));
  };
  std::string expected;
  long failed = 0;
  for (long n = LONG_MAX;; n = n == LONG_MAX ? 0 : n + step) {
    weir_ruleset* out = nullptr;
    weir_error err = WEIR_INIT(weir_error);
    weir_status status = WEIR_OK;
    long used = 0;
    {
      const FailingMemory memory(n, failing);
      status = load(&out, &err);
      used = FailingMemory::count();
    }
    const Rules rules(out);
    ASSERT_EQ(rules == nullptr, status != WEIR_OK);
    if (n == LONG_MAX) {
      ASSERT_EQ(status, WEIR_OK) << err.message;
      expected = decides(rules.get());
    } else if (status == WEIR_OK) {
      ASSERT_EQ(decides(rules.get()), expected) << n;
      if (used <= n) break;
    } else {
      ++failed;
      ASSERT_EQ(status, WEIR_E_NOMEM) << n << ": " << err.message;
    }
  }
  fmt::print("{} allocations failed\n", failed);
  EXPECT_GT(failed, 50);
}

weir_compile_options interpreted() {
  weir_compile_options options = WEIR_INIT(weir_compile_options);
  options.tier = WEIR_TIER_INTERPRETER;
  return options;
}

TEST(AllocationOfALoad, FromText) {
  const Engine engine = make_engine();
  const std::string text = rules_text();
  const weir_compile_options options = interpreted();
  for (const Failing failing : {Failing::kOne, Failing::kAll}) {
    fail_loading(61, failing, [&](weir_ruleset** out, weir_error* err) {
      const weir_source source = {WEIR_STR("a.weir"), str(text)};
      weir_diags* diags = nullptr;
      const weir_status status = weir_compile(engine.get(), &source, 1, &options, out, &diags, err);
      weir_diags_release(diags);
      return status;
    });
  }
}

#ifdef WEIR_PROGRAM
TEST(AllocationOfALoad, FromFilesAndFromABundle) {
  namespace fs = std::filesystem;
  std::string root = (fs::temp_directory_path() / "weir_faults_XXXXXX").string();
  ASSERT_NE(mkdtemp(root.data()), nullptr);
  std::ofstream(root + "/a.weir") << rules_text();
  const std::string bundle = root + "/rules.weirb";
  ASSERT_EQ(std::system((WEIR_PROGRAM " bundle build --rules " + root + " --out " + bundle).c_str()), 0);
  const Engine engine = make_engine();
  const weir_compile_options options = interpreted();
  for (const std::string& path : {root, bundle}) {
    const weir_str paths[] = {str(path)};
    fail_loading(199, Failing::kOne, [&](weir_ruleset** out, weir_error* err) {
      return weir_compile_files(engine.get(), paths, 1, &options, out, nullptr, err);
    });
  }
  fs::remove_all(root);
}
#endif

// A snapshot that could not be made changes neither the state nor the next snapshot.
TEST(AllocationOfASnapshot, Fails) {
  if (!memory_can_fail()) GTEST_SKIP() << "the sanitizer's malloc is in place";
  const std::string path = (std::filesystem::temp_directory_path() / fmt::format("weir_faults_{}", getpid())).string();
  const Way way = {"", WEIR_TIER_INTERPRETER, Failing::kOne, 60, false};
  for (const Failing failing : {Failing::kOne, Failing::kAll}) {
    long failed = 0;
    for (long n = 0;; n += 5) {
      const Session session = make_session(rules_of(way.tier));
      const Event event = make_event(rules_of(way.tier));
      for (int i = 0; i < way.warm; ++i) (void)verdict_of(session.get(), event.get(), event_json(i, "k", i % 8));
      weir_error err = WEIR_INIT(weir_error);
      weir_status status = WEIR_OK;
      long used = 0;
      {
        const FailingMemory memory(n, failing);
        status = weir_session_snapshot(session.get(), str(path), &err);
        used = FailingMemory::count();
      }
      if (status != WEIR_OK) {
        ++failed;
        ASSERT_EQ(status, WEIR_E_NOMEM) << n << ": " << err.message;
        ASSERT_EQ(weir_session_snapshot(session.get(), str(path), &err), WEIR_OK) << err.message;
      }
      const Session restored = make_session(rules_of(way.tier));
      ASSERT_EQ(weir_session_restore(restored.get(), str(path), &err), WEIR_OK) << n << ": " << err.message;
      const std::string next = event_json(way.warm, "k", 9);
      ASSERT_EQ(verdict_of(session.get(), event.get(), next), verdict_of(restored.get(), event.get(), next)) << n;
      if (status == WEIR_OK && used <= n) break;
    }
    fmt::print("{} allocations failed\n", failed);
    EXPECT_GT(failed, 10);
  }
  std::filesystem::remove(path);
}

// State goes over to other rules whole, or not at all.
TEST(AllocationOfALoad, OfAReload) {
  if (!memory_can_fail()) GTEST_SKIP() << "the sanitizer's malloc is in place";
  const Engine engine = make_engine();
  const std::string text =
      "entity A: string\nevent e { k: A }\nlabel seen on A\nfeature n = count() from e by e.k over 1h\n"
      "rule r on e { id \"R\" when n > 0 score 1 then { label e.k as seen } once per e.k every 1d limit 9 per 1h "
      "because \"{n} {labels(e.k)}\" mode live }\n"
      "rule t on e { id \"T\" when n > 0 because \"{n} {labels(e.k)}\" mode live }\n";
  const Rules before = compile(engine.get(), text);
  const Rules after = compile(engine.get(), text + "rule another on e { id \"X\" when n > 100 score 2 mode live }\n");
  const auto json = [](int i) {
    return fmt::format(R"({{"time":"2026-01-01T00:00:{:02}Z","id":"{}","k":"k"}})", i, i);
  };
  std::string expected;
  long failed = 0;
  for (long n = LONG_MAX;; n = n == LONG_MAX ? 0 : n + 1) {
    const Session session = make_session(before.get());
    const Event event = make_event(before.get());
    for (int i = 0; i < 5; ++i) (void)verdict_of(session.get(), event.get(), json(i));
    weir_error err = WEIR_INIT(weir_error);
    weir_status status = WEIR_OK;
    long used = 0;
    {
      const FailingMemory memory(n, Failing::kOne);
      status = weir_session_adopt(session.get(), after.get(), &err);
      used = FailingMemory::count();
    }
    if (status != WEIR_OK) {
      ++failed;
      ASSERT_EQ(status, WEIR_E_NOMEM) << err.message;
      ASSERT_EQ(weir_session_adopt(session.get(), after.get(), &err), WEIR_OK) << n << ": " << err.message;
    }
    const std::string got = verdict_of(session.get(), event.get(), json(5));
    if (n == LONG_MAX) expected = got;
    ASSERT_EQ(got, expected) << n;
    if (n != LONG_MAX && status == WEIR_OK && used <= n) break;
  }
  fmt::print("{} allocations failed\n", failed);
  EXPECT_GT(failed, 20);
  EXPECT_NE(expected.find("6 [\\\"seen\\\"]"), std::string::npos) << expected;
}

}  // namespace
}  // namespace weir::faults
