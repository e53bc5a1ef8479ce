#include "runtime/state/id_window.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "runtime/state/event_clock.h"

namespace weir::state {
namespace {

uint64_t hash(uint64_t id) { return (id + 1) * 0x9e3779b97f4a7c15ull; }

Writer saved(IdWindow& ids) {
  Writer out;
  ids.begin_copy();
  EXPECT_TRUE(ids.copy_some(SIZE_MAX));
  ids.end_copy(out);
  return out;
}

TEST(IdWindow, TheSecondOfAnIdIsKnownWithItsNote) {
  IdWindow ids(10, 100);
  EXPECT_EQ(ids.add(hash(1), 0), -1);
  EXPECT_EQ(ids.add(hash(1), 0), 0);
  ids.set_note(hash(1), 5);
  EXPECT_EQ(ids.add(hash(2), 5), -1);
  EXPECT_EQ(ids.add(hash(1), 10), 5);
  EXPECT_EQ(ids.add(hash(1), 11), -1);  // forgotten, and there again, without its note
  EXPECT_EQ(ids.add(hash(1), 12), 0);
}

TEST(IdWindow, AgreesWithAMapOnRandomStreams) {
  constexpr int64_t kWindow = 50;
  std::mt19937_64 random(7);
  IdWindow ids(kWindow, 1'000'000);
  std::map<uint64_t, std::pair<int64_t, uint8_t>> model;
  int64_t now = 0;
  for (int i = 0; i < 100'000; ++i) {
    now += random() % 500 == 0 ? static_cast<int64_t>(random() % 200) : static_cast<int64_t>(random() % 2);
    const uint64_t id = hash(random() % 300);
    const auto it = model.find(id);
    const bool known = it != model.end() && now - it->second.first <= kWindow;
    ASSERT_EQ(ids.add(id, now), known ? it->second.second : -1) << i;
    if (known) continue;
    const auto note = static_cast<uint8_t>(random() % 16);
    model[id] = {now, note};
    ids.set_note(id, note);
  }
  Writer out = saved(ids);
  IdWindow copy(kWindow, 1'000'000);
  Reader in(out.bytes());
  ASSERT_TRUE(copy.load(in)) << in.failure();
  EXPECT_EQ(in.left(), 0u);
  EXPECT_EQ(copy.size(), ids.size());
  EXPECT_EQ(copy.bytes(), ids.bytes());
  for (uint64_t id = 0; id < 300; ++id) ASSERT_EQ(copy.add(hash(id), now), ids.add(hash(id), now)) << id;
}

TEST(IdWindow, ACopyIsAsOfItsBeginningWhateverComesAndGoes) {
  for (const size_t most : {100u, 400u}) {
    IdWindow ids(250, most);
    for (uint64_t i = 0; i < 300; ++i) ids.add(hash(i), static_cast<int64_t>(i));
    const std::string before = saved(ids).bytes();
    ids.begin_copy();
    bool done = false;
    for (uint64_t i = 300; i < 2000; ++i) {
      if (ids.add(hash(i), static_cast<int64_t>(i)) < 0) ids.set_note(hash(i), 5);
      if (i % 7 == 0) done = ids.copy_some(1);
    }
    EXPECT_TRUE(done);
    Writer out;
    ids.end_copy(out);
    EXPECT_EQ(out.bytes(), before) << most;
    EXPECT_NE(saved(ids).bytes(), before);
  }
}

TEST(IdWindow, KeepsNoMoreThanItsMostAndForgetsTheFirst) {
  IdWindow ids(1'000'000, 100);
  for (uint64_t i = 0; i < 1000; ++i) ASSERT_EQ(ids.add(hash(i), static_cast<int64_t>(i)), -1);
  EXPECT_EQ(ids.size(), 100u);
  EXPECT_EQ(ids.forgotten(), 900u);
  EXPECT_LT(ids.bytes(), 100 * 40u);
  EXPECT_EQ(ids.add(hash(900), 1000), 0);
  EXPECT_EQ(ids.add(hash(899), 1000), -1);
}

TEST(IdWindow, IdleIdsGoAsTimePasses) {
  IdWindow ids(100, 1'000'000);
  for (uint64_t i = 0; i < 100'000; ++i) ids.add(hash(i), static_cast<int64_t>(i));
  EXPECT_LE(ids.size(), 102u);
}

TEST(EventClock, ATimeFarAheadWaitsForASecondOne) {
  EventClock clock(100);
  EXPECT_FALSE(clock.advance(0));
  EXPECT_FALSE(clock.advance(100));
  EXPECT_TRUE(clock.advance(100'000));  // a stray one
  EXPECT_EQ(clock.now(), 100);
  EXPECT_FALSE(clock.advance(110));
  EXPECT_TRUE(clock.advance(100'000));  // and another, not in a row
  EXPECT_FALSE(clock.advance(120));
  EXPECT_EQ(clock.now(), 120);
}

TEST(EventClock, APauseOfTheLogIsBelievedAtTheSecondEvent) {
  EventClock clock(100);
  clock.advance(0);
  EXPECT_TRUE(clock.advance(5000));
  EXPECT_EQ(clock.now(), 0);
  EXPECT_TRUE(clock.advance(5010));
  EXPECT_EQ(clock.now(), 5010);
  EXPECT_FALSE(clock.advance(5005));
  EXPECT_EQ(clock.now(), 5010);
}

TEST(EventClock, OfTwoAheadTheEarlierIsBelieved) {
  EventClock clock(100);
  clock.advance(0);
  EXPECT_TRUE(clock.advance(9'000'000));
  EXPECT_TRUE(clock.advance(5000));  // the truth, after a stray one
  EXPECT_EQ(clock.now(), 5000);
  EXPECT_FALSE(clock.advance(5001));
  EXPECT_EQ(clock.now(), 5001);
}

TEST(EventClock, ARareTypeLagsByOneEvent) {
  EventClock clock(100);
  for (int64_t week = 0; week < 10; ++week) {
    clock.advance(week * 1000);
    EXPECT_EQ(clock.now(), week < 2 ? 0 : (week - 1) * 1000);
  }
}

TEST(EventClock, AStrayFirstEventIsTakenBack) {
  EventClock clock(100);
  EXPECT_FALSE(clock.advance(9'000'000));
  EXPECT_TRUE(clock.advance(10));
  EXPECT_EQ(clock.now(), 10);
  EXPECT_FALSE(clock.advance(11));
}

TEST(EventClock, WithoutAGuardItIsTheNewest) {
  EventClock clock;
  EXPECT_FALSE(clock.advance(0));
  EXPECT_FALSE(clock.advance(INT64_MAX));
  EXPECT_EQ(clock.now(), INT64_MAX);
}

}  // namespace
}  // namespace weir::state
