// When slots of ended senders are looked for, which are sent, and what becomes of those that fail.
#include "sender/orphan_plan.hpp"

#include <gtest/gtest.h>

namespace questclient::sender {
namespace {

using End = OrphanPlan::End;
using Names = std::vector<std::string>;
using std::chrono::seconds;

class Orphans : public testing::Test {
 protected:
  Names take_all() {
    Names taken;
    while (const auto name = plan_.take()) taken.push_back(*name);
    return taken;
  }
  /// The names that looks find until `until`, each of which fails.
  int attempts(const std::string& name, base::Time until) {
    int count = 0;
    while (now_ < until) {
      plan_.found({name}, now_);
      for (const std::string& taken : take_all()) {
        ++count;
        plan_.ended(taken, End::failed, now_);
      }
      now_ = std::max(plan_.next_look(), now_ + seconds(1));
    }
    return count;
  }
  base::SeededRandom random_{7};
  OrphanPlan plan_{2, random_};
  base::Time now_{seconds(100)};
};

TEST_F(Orphans, AreLookedForAtOnceAndAgainAfterAJitteredInterval) {
  EXPECT_LE(plan_.next_look(), now_);
  base::Time shortest = base::Time::max(), longest{};
  for (int look = 0; look < 200; ++look) {
    plan_.found({}, now_);
    const base::Time pause = plan_.next_look() - now_;
    shortest = std::min(shortest, pause);
    longest = std::max(longest, pause);
    now_ = plan_.next_look();
  }
  EXPECT_GE(shortest, kOrphanInterval * 3 / 4);
  EXPECT_LT(longest, kOrphanInterval * 5 / 4);
  EXPECT_GT(longest - shortest, kOrphanInterval / 4) << "no jitter";
}

TEST_F(Orphans, NoMoreAreSentAtATimeThanAllowed) {
  plan_.found({"a", "b", "c"}, now_);
  EXPECT_EQ(take_all(), (Names{"a", "b"}));
  EXPECT_EQ(plan_.counts().active, 2U);
  EXPECT_GT(plan_.next_look(), now_);
  plan_.ended("a", End::sent, now_);
  EXPECT_EQ(plan_.next_look(), now_) << "others may have ended meanwhile";
  plan_.found({"b", "c", "d"}, now_);
  EXPECT_EQ(take_all(), (Names{"c"})) << "b is under way";
  EXPECT_EQ(plan_.counts().active, 2U);
  EXPECT_EQ(plan_.counts().finished, 1U);
}

TEST_F(Orphans, WhatIsNotFoundAnyMoreIsNotSent) {
  plan_.found({"a", "b", "c"}, now_);
  EXPECT_EQ(take_all(), (Names{"a", "b"}));
  plan_.found({"d"}, now_);
  plan_.ended("a", End::sent, now_);
  EXPECT_EQ(take_all(), (Names{"d"}));
}

TEST_F(Orphans, AFailedOneIsTriedAgainLessAndLessOften) {
  EXPECT_GE(attempts("a", now_ + seconds(60)), 2);
  now_ += seconds(3600);
  const int later = attempts("a", now_ + seconds(3600));
  EXPECT_GE(later, 3600 / 310);
  EXPECT_LE(later, 3600 / 150);
  EXPECT_EQ(plan_.counts().finished, 0U);
  EXPECT_EQ(plan_.counts().active, 0U);
  EXPECT_GE(plan_.counts().failed, static_cast<std::uint64_t>(later));
}

TEST_F(Orphans, AFailedOneHoldsUpNoOther) {
  plan_.found({"bad", "good"}, now_);
  EXPECT_EQ(take_all().size(), 2U);
  plan_.ended("bad", End::failed, now_);
  plan_.ended("good", End::sent, now_);
  plan_.found({"bad", "later"}, now_);
  EXPECT_EQ(take_all(), (Names{"later"}));
}

TEST_F(Orphans, OneThatIsStillFoundAfterItWasSentIsNotOpenedOverAndOver) {
  plan_.found({"a"}, now_);
  take_all();
  plan_.ended("a", End::sent, now_);
  plan_.found({"a"}, now_);
  EXPECT_TRUE(take_all().empty());
  now_ += 2 * kOrphanInterval;
  plan_.found({"a"}, now_);
  EXPECT_EQ(take_all(), (Names{"a"})) << "its sender may have lived and ended again";
}

TEST_F(Orphans, OneThatSomebodyElseHasIsNoFailure) {
  plan_.found({"a"}, now_);
  take_all();
  plan_.ended("a", End::left, now_);
  EXPECT_EQ(plan_.counts().failed, 0U);
  EXPECT_EQ(plan_.counts().finished, 0U);
  EXPECT_EQ(plan_.counts().active, 0U);
}

TEST_F(Orphans, ForgivenOnesAreTriedAtOnce) {
  attempts("a", now_ + seconds(600));
  plan_.forgive(now_);
  EXPECT_EQ(plan_.next_look(), now_);
  plan_.found({"a"}, now_);
  EXPECT_EQ(take_all(), (Names{"a"}));
}

}  // namespace
}  // namespace questclient::sender
