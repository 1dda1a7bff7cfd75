// resume(): what has stopped goes on once an operator has mended the cause.
#include "unit/sender/core_support.hpp"

namespace questclient::sender {
namespace {

std::string parse_refused(int line) {
  return R"({"code":"invalid","message":"failed to parse line protocol:errors encountered on line(s):\nerror in line )" +
         std::to_string(line) + R"(: INVALID_FIELD_SEPARATOR","line":)" + std::to_string(line) + "}";
}

class CoreResume : public testing::Test {
 protected:
  VectorStore store_;
  CoreOptions options_;
};

TEST_F(CoreResume, WhatWasHaltedGoesOnWhereItStopped) {
  store_.append({"a", "BAD"});
  options_.on_parse_error = ErrorPolicy::halt;
  Rig rig(store_, 1, options_);
  rig.connect(kPlain);
  rig.answer(400, {}, parse_refused(2));
  store_.append({"c"});
  rig.appended();
  EXPECT_EQ(rig.connects, 1U);
  rig.resume();
  EXPECT_FALSE(rig.core->stopped_by());
  EXPECT_EQ(rig.core->stats().last_terminal_error, "");
  ASSERT_EQ(rig.reports(Kind::resumed).size(), 1U);
  EXPECT_FALSE(rig.reports(Kind::resumed)[0].is_error());
  EXPECT_EQ(rig.connects, 2U) << "at once";
  rig.connect(kPlain);
  EXPECT_EQ(rig.request->body, "aBADc") << "the same rows, and those that came meanwhile, in order";
  rig.answer(204);
  EXPECT_TRUE(store_.frames.empty());
  EXPECT_TRUE(store_.letters.empty());
  rig.resume();
  EXPECT_TRUE(rig.actions.empty()) << "it has not stopped";
}

TEST_F(CoreResume, WhoHasStoppedSaysWhereTheRowsAreAndWhatWouldLoseThem) {
  store_.append({"BAD"});
  options_.on_parse_error = ErrorPolicy::halt;
  for (const int status : {400, 401}) {
    for (const bool in_memory : {false, true}) {
      options_.in_memory = in_memory;
      Rig rig(store_, 1, options_);
      rig.connect(kPlain);
      rig.answer(status, {}, parse_refused(1));
      ASSERT_TRUE(rig.core->stopped_by());
      const std::string message = rig.core->stopped_by()->message;
      EXPECT_EQ(message.find("every row is kept in memory:") != std::string::npos, in_memory) << message;
      EXPECT_EQ(message.find("begins without these rows") != std::string::npos, in_memory) << message;
      EXPECT_EQ(message.find("or open the sender again") != std::string::npos, !in_memory) << message;
    }
  }
}

TEST_F(CoreResume, ResumingInVainStopsAgainAndKnocksAfterABackoff) {
  store_.append({"BAD"});
  options_.on_parse_error = ErrorPolicy::halt;
  Rig rig(store_, 1, options_);
  rig.connect(kPlain);
  rig.answer(400, {}, parse_refused(1));
  rig.resume();
  base::Time before{};
  for (int round = 0; round < 5; ++round) {
    rig.connect(kPlain);
    rig.answer(400, {}, parse_refused(1));
    ASSERT_TRUE(rig.core->stopped_by()) << round;
    ASSERT_EQ(rig.reports(Kind::halted).size(), 1U) << "told each time";
    rig.resume();
    EXPECT_EQ(rig.connects, static_cast<std::size_t>(2 + round));
    const base::Time pause = rig.core->next_deadline() - rig.now;
    EXPECT_GT(pause * 2, before) << "it does not shrink";
    EXPECT_GE(pause, options_.initial_backoff);
    before = pause;
    rig.sleep_to_deadline();
  }
  rig.connect(kPlain);
  rig.answer(204);
  store_.append({"WORSE"});
  rig.appended();
  rig.answer(400, {}, parse_refused(1));
  const std::size_t connects = rig.connects;
  rig.resume();
  EXPECT_EQ(rig.connects, connects + 1) << "rows got through, so the next one is the first again";
}

TEST_F(CoreResume, RefusedCredentialsAreTriedAgainOnRequest) {
  store_.append({"a"});
  options_.authorization = "Basic x";
  Rig rig(store_, 2, options_);
  rig.start();
  rig.connected();
  rig.answer(403, {}, R"({"code":"forbidden","message":"no INSERT"})");
  ASSERT_TRUE(rig.core->stopped_by());
  EXPECT_EQ(rig.core->stopped_by()->code, ErrorCode::unauthorised);
  rig.resume();
  rig.connect(kPlain);
  EXPECT_EQ(rig.header("Authorization"), "Basic x");
  rig.answer(204);
  EXPECT_TRUE(store_.frames.empty());
}

}  // namespace
}  // namespace questclient::sender
