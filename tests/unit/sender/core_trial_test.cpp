// ErrorPolicy::isolate: a row is given up only while the server takes others (trial.hpp).
#include <algorithm>

#include "unit/sender/poisoned_host.hpp"

namespace questclient::sender {
namespace {

class CoreTrial : public testing::Test {
 protected:
  /// A row each: letters are good, '!' is bad.
  void append_each(const std::string& rows) {
    for (const char row : rows) store_.append({std::string(1, row)});
  }
  std::string buried() const {
    std::string rows;
    for (const buffer::DeadLetter& letter : store_.letters) rows += letter.payload;
    return rows;
  }
  static std::string sorted(std::string text) {
    std::sort(text.begin(), text.end());
    return text;
  }
  VectorStore store_;
};

TEST_F(CoreTrial, IsTheDefault) {
  EXPECT_EQ(Options().on_internal_error, ErrorPolicy::isolate);
  EXPECT_EQ(CoreOptions().on_internal_error, ErrorPolicy::isolate);
}

TEST_F(CoreTrial, EveryOtherRowArrivesOnceAndOnlyTheBadOneIsBuried) {
  for (const int status : {0, 500}) {
    for (std::size_t bad = 0; bad < 6; ++bad) {
      store_ = VectorStore();
      std::string rows = "abcdefghi";
      std::string expected = rows;
      expected.erase(bad, 1);
      rows[bad] = '!';
      append_each(rows);
      Rig rig(store_);
      rig.connect(kPlain);
      PoisonedHost host(rig, status);
      host.run(kLong);
      EXPECT_EQ(sorted(host.accepted), expected) << status << " " << bad;
      EXPECT_EQ(buried(), "!") << status << " " << bad;
      EXPECT_TRUE(store_.frames.empty());
    }
  }
}

TEST_F(CoreTrial, RowsOfOneFrameAreWitnessesToo) {
  store_.append({"a", "!", "b", "c", "d"});
  Rig rig(store_);
  rig.connect(kPlain);
  PoisonedHost host(rig, 500);
  host.run(kLong);
  EXPECT_EQ(sorted(host.accepted), "abcd");
  EXPECT_EQ(buried(), "!");
  EXPECT_EQ(store_.letters[0].first_row, 1U);
  EXPECT_TRUE(store_.frames.empty());
}

TEST_F(CoreTrial, AWitnessComesAlsoFromALaterStream) {
  append_each("!");
  store_.open(2);
  append_each("abc");
  Rig rig(store_);
  rig.connect(kPlain);
  PoisonedHost host(rig, 500);
  host.run(kLong);
  EXPECT_EQ(sorted(host.accepted), "abc");
  EXPECT_EQ(buried(), "!");
}

TEST_F(CoreTrial, ARunOfBadRowsIsIsolatedRowByRow) {
  append_each("ab!!!!!!cdefghijklmnopqrstuvwxyz");
  Rig rig(store_);
  rig.connect(kPlain);
  PoisonedHost host(rig, 500);
  host.run(10 * kLong);
  EXPECT_EQ(buried(), "!!!!!!");
  EXPECT_EQ(sorted(host.accepted), "abcdefghijklmnopqrstuvwxyz");
  EXPECT_TRUE(store_.frames.empty());
}

TEST_F(CoreTrial, AnOutageOfAnyLengthCostsNoRowAndNoOrder) {
  append_each("abcdefgh");
  Rig rig(store_);
  rig.connect(kPlain);
  PoisonedHost host(rig, 500);
  host.fails = [](const std::string&) { return true; };
  host.run(10 * kLong);
  EXPECT_GT(host.refusals, 100);
  EXPECT_TRUE(store_.letters.empty());
  host.fails = [](const std::string&) { return false; };
  host.run(11 * kLong);
  EXPECT_EQ(host.accepted, "abcdefgh");
  EXPECT_TRUE(store_.letters.empty());
  EXPECT_TRUE(store_.frames.empty());
}

// The disk of one table is full, the others' is not.
TEST_F(CoreTrial, WhatTheServersMachineIsBlamedForCostsNoRow) {
  append_each("ab!cdefgh");
  Rig rig(store_);
  rig.connect(kPlain);
  PoisonedHost host(rig, 500);
  host.message =
      "failed to parse line protocol:errors encountered on line(s):write error: t, errno: 28, error: No "
      "space left";
  host.run(10 * kLong);
  EXPECT_GT(host.refusals, 100);
  EXPECT_TRUE(store_.letters.empty());
  host.fails = [](const std::string&) { return false; };
  host.run(11 * kLong);
  EXPECT_EQ(host.accepted, "ab!cdefgh");
  EXPECT_TRUE(store_.frames.empty());
}

TEST_F(CoreTrial, WithoutWitnessesTheRowWaitsForThem) {
  append_each("!");
  Rig rig(store_);
  rig.connect(kPlain);
  PoisonedHost host(rig, 500);
  host.run(kLong);
  EXPECT_TRUE(store_.letters.empty());
  append_each("ab");
  rig.appended();
  host.run(2 * kLong);
  EXPECT_EQ(host.accepted, "ab") << "rows behind it are not held up";
  EXPECT_TRUE(store_.letters.empty()) << "two are not enough";
  append_each("c");
  rig.appended();
  host.run(3 * kLong);
  EXPECT_EQ(host.accepted, "abc");
  EXPECT_EQ(buried(), "!");
  EXPECT_TRUE(store_.frames.empty());
}

TEST_F(CoreTrial, AServerThatFailsAtRandomCostsNoRow) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    store_ = VectorStore();
    std::string rows;
    for (int row = 0; row < 40; ++row) rows += static_cast<char>('0' + row);
    append_each(rows);
    Rig rig(store_);
    rig.connect(kPlain);
    PoisonedHost host(rig, 500);
    base::SeededRandom random(seed);
    host.fails = [&random](const std::string&) { return random.below(2) == 0; };
    host.run(10 * kLong);
    EXPECT_TRUE(store_.letters.empty()) << seed;
    EXPECT_EQ(sorted(host.accepted), rows) << seed;
  }
}

TEST_F(CoreTrial, ARefusedWitnessIsAnsweredAsAnyRow) {
  append_each("!?abcd");
  Rig rig(store_);
  rig.connect(kPlain);
  PoisonedHost host(rig, 500);
  host.answer_400 = [](const std::string& body) { return body == "?"; };
  host.fails = [](const std::string& body) { return body.find_first_of("!?") != std::string::npos; };
  host.run(kLong);
  EXPECT_EQ(sorted(buried()), "!?");
  EXPECT_EQ(sorted(host.accepted), "abcd");
  EXPECT_TRUE(store_.frames.empty());
}

TEST_F(CoreTrial, WhereRowsAreNumberedNothingIsSentOutOfTurn) {
  append_each("!abc");
  Rig rig(store_);
  rig.connect(kOwnCommitted);
  rig.own(200, "");
  for (int round = 0; round < 50; ++round) {
    ASSERT_TRUE(rig.is_write());
    ASSERT_EQ(rig.request->body, "!abc");
    rig.own(500, "");
    rig.sleep_to_deadline();
    rig.connect(kOwnCommitted);
    rig.own(200, "");
  }
  EXPECT_TRUE(store_.letters.empty());
}

}  // namespace
}  // namespace questclient::sender
