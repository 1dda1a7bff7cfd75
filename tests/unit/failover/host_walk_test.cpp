// Invariants of failover/README.md, cited by number.
#include "failover/host_walk.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "failover/answer_class.hpp"

namespace questclient::failover {
namespace {

using std::chrono::milliseconds;

/// The hosts of one round, each failing with the state that `states` tells; ends with the sleep.
struct Round {
  std::vector<std::size_t> hosts;
  milliseconds sleep{0};
};
Round lose_round(HostWalk& walk, base::RandomSource& random, const std::vector<HostState>& states) {
  Round round;
  while (true) {
    const WalkStep step = walk.next(random);
    if (!step.host) {
      round.sleep = step.sleep;
      return round;
    }
    round.hosts.push_back(*step.host);
    walk.failed(*step.host, states[*step.host]);
  }
}

TEST(HostTracker, PrefersTheLowerStateAndThenTheOrderOfAddr) {  // 1
  HostTracker tracker(6);
  tracker.mark(0, HostState::topology_reject);
  tracker.mark(1, HostState::transport_error);
  tracker.mark(2, HostState::transient_reject);
  tracker.mark(4, HostState::healthy);
  std::vector<std::size_t> order;
  while (const auto host = tracker.best()) {
    order.push_back(*host);
    tracker.mark_tried(*host);
  }
  EXPECT_EQ(order, (std::vector<std::size_t>{4, 3, 5, 2, 1, 0}));
}

TEST(HostTracker, TheHealthyHostHeardFromLastIsSticky) {  // 1
  HostTracker tracker(3);
  tracker.mark(0, HostState::healthy);
  tracker.mark(2, HostState::healthy);
  EXPECT_EQ(tracker.best(), 2U);
  tracker.begin_round();
  EXPECT_EQ(tracker.best(), 2U);
  tracker.mark(2, HostState::transport_error);
  EXPECT_EQ(tracker.best(), 0U);
}

TEST(HostWalk, ARoundTriesEveryHostOnceAndSleepsOnce) {  // 2
  base::SeededRandom random(1);
  HostWalk walk(3, {});
  const Round round = lose_round(walk, random, std::vector(3, HostState::transport_error));
  EXPECT_EQ(round.hosts, (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_GE(round.sleep, milliseconds(100));
  EXPECT_LT(round.sleep, milliseconds(200));
}

TEST(HostWalk, SleepsDoubleUpToTheirMaximum) {  // 4
  base::SeededRandom random(2);
  HostWalk walk(1, {});
  milliseconds base{100};
  for (int round = 0; round < 10; ++round) {
    const Round lost = lose_round(walk, random, {HostState::transport_error});
    EXPECT_GE(lost.sleep, std::min(base, milliseconds(5000)));
    EXPECT_LE(lost.sleep, std::min(base * 2, milliseconds(5000)));
    base = std::min(base * 2, milliseconds(5000));
  }
}

TEST(HostWalk, ARoundLostOnlyToRoleRejectsSleepsTheInitialBackoff) {  // 3
  base::SeededRandom random(3);
  HostWalk walk(2, {});
  for (int round = 0; round < 4; ++round) {
    lose_round(walk, random, {HostState::transport_error, HostState::transport_error});
  }
  for (int round = 0; round < 5; ++round) {
    const Round lost = lose_round(walk, random, {HostState::topology_reject, HostState::transient_reject});
    EXPECT_LT(lost.sleep, milliseconds(200));
  }
}

TEST(HostWalk, OneHostOutOfOrderMakesTheRoundAnOrdinaryOne) {  // 3
  base::SeededRandom random(4);
  HostWalk walk(2, {});
  const std::vector<HostState> states{HostState::topology_reject, HostState::transport_error};
  lose_round(walk, random, states);
  EXPECT_GE(lose_round(walk, random, states).sleep, milliseconds(200));
}

TEST(HostWalk, WhatWasLearntOutlivesTheRound) {  // 5
  base::SeededRandom random(5);
  HostWalk walk(3, {});
  const std::vector<HostState> states{HostState::topology_reject, HostState::transport_error,
                                      HostState::transient_reject};
  lose_round(walk, random, states);
  EXPECT_EQ(lose_round(walk, random, states).hosts, (std::vector<std::size_t>{2, 1, 0}));
}

TEST(HostWalk, AHostThatSaysYesAndBreaksDoesNotResetTheBackoff) {  // 6
  base::SeededRandom random(6);
  HostWalk walk(1, {});
  milliseconds last{0};
  for (int round = 0; round < 6; ++round) {
    ASSERT_TRUE(walk.next(random).host);
    walk.accepted(0);
    walk.failed(0, HostState::transport_error);
    const WalkStep step = walk.next(random);
    ASSERT_FALSE(step.host);
    last = step.sleep;
  }
  EXPECT_GE(last, milliseconds(3200));
}

TEST(HostWalk, ProgressStartsARoundWithTheShortestBackoff) {  // 6
  base::SeededRandom random(7);
  HostWalk walk(1, {});
  for (int round = 0; round < 6; ++round) lose_round(walk, random, {HostState::transport_error});
  ASSERT_TRUE(walk.next(random).host);
  walk.accepted(0);
  walk.progressed();
  walk.failed(0, HostState::transport_error);
  EXPECT_EQ(walk.next(random).host, 0U) << "once without a pause";
  walk.failed(0, HostState::transport_error);
  EXPECT_LT(walk.next(random).sleep, milliseconds(200));
}

TEST(HostWalk, ABusyHostWaitsUntilTheOthersWereAsked) {
  base::SeededRandom random(8);
  HostWalk walk(2, {});
  ASSERT_EQ(walk.next(random).host, 0U);
  walk.accepted(0);
  walk.progressed();
  walk.busy(0);
  EXPECT_EQ(walk.next(random).host, 1U);
  walk.failed(1, HostState::topology_reject);
  EXPECT_FALSE(walk.next(random).host);
  EXPECT_EQ(walk.next(random).host, 0U);
}

TEST(Backoff, IsNeverZeroAndNeverAboveItsMaximum) {  // 4
  base::SeededRandom random(9);
  Backoff nothing({milliseconds(0), milliseconds(0)});
  EXPECT_GT(nothing.next(random), milliseconds(0));
  Backoff inverted({milliseconds(500), milliseconds(100)});
  for (int step = 0; step < 20; ++step) EXPECT_EQ(inverted.next(random), milliseconds(500));
}

TEST(AnswerClass, EveryRowOfTheTable) {
  const std::vector<std::pair<int, AnswerClass>> table{
      {200, AnswerClass::ok},
      {204, AnswerClass::ok},
      {206, AnswerClass::incomprehensible},
      {301, AnswerClass::incomprehensible},
      {400, AnswerClass::bad_rows},
      {401, AnswerClass::unauthorised},
      {403, AnswerClass::unauthorised},
      {404, AnswerClass::no_such_route},
      {405, AnswerClass::incomprehensible},
      {409, AnswerClass::gap},
      {413, AnswerClass::too_large},
      {415, AnswerClass::incomprehensible},
      {421, AnswerClass::not_writable},
      {426, AnswerClass::incomprehensible},
      {429, AnswerClass::busy},
      {500, AnswerClass::busy},
      {503, AnswerClass::busy},
      {599, AnswerClass::busy},
      {600, AnswerClass::incomprehensible},
      {0, AnswerClass::incomprehensible},
      {-1, AnswerClass::incomprehensible},
  };
  for (const auto& [status, expected] : table) EXPECT_EQ(classify_status(status), expected) << status;
}

TEST(AnswerClass, TheRoleSaysHowARejectIsMeant) {
  EXPECT_EQ(rejected_state("PRIMARY_CATCHUP"), HostState::transient_reject);
  EXPECT_EQ(rejected_state("REPLICA"), HostState::topology_reject);
  EXPECT_EQ(rejected_state("anything"), HostState::topology_reject);
  EXPECT_EQ(rejected_state(""), HostState::transport_error);
}

TEST(HostState, NamesAreThoseOfTheStatistics) {
  EXPECT_STREQ(to_string(HostState::healthy), "healthy");
  EXPECT_STREQ(to_string(HostState::unknown), "unknown");
  EXPECT_STREQ(to_string(HostState::transient_reject), "transient_reject");
  EXPECT_STREQ(to_string(HostState::transport_error), "transport_error");
  EXPECT_STREQ(to_string(HostState::topology_reject), "topology_reject");
}

}  // namespace
}  // namespace questclient::failover
