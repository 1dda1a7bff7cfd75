#include <algorithm>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <questclient/log.hpp>

namespace questclient {
namespace {

/// The default again, whatever a test did.
class Log : public ::testing::Test {
 protected:
  ~Log() override {
    set_log_sink({});
    set_log_level(LogLevel::warning);
  }
};

TEST_F(Log, IsQuietBelowItsLevel) {
  std::vector<std::string> lines;
  set_log_sink([&](LogLevel, std::string_view line) { lines.emplace_back(line); });
  EXPECT_EQ(log_level(), LogLevel::warning);
  log(LogLevel::info, "quiet");
  log(LogLevel::warning, "heard");
  set_log_level(LogLevel::debug);
  log(LogLevel::debug, "heard too");
  set_log_level(LogLevel::off);
  log(LogLevel::error, "quiet again");
  EXPECT_EQ(lines, (std::vector<std::string>{"heard", "heard too"}));
}

TEST_F(Log, GoesToStandardErrorByDefault) {
  testing::internal::CaptureStderr();
  log(LogLevel::error, "the {disk} is full");
  EXPECT_NE(testing::internal::GetCapturedStderr().find("the {disk} is full"), std::string::npos);
}

TEST_F(Log, LinesComeOneAtATime) {
  int inside = 0, most = 0, count = 0;
  set_log_sink([&](LogLevel, std::string_view) {
    most = std::max(most, ++inside);
    ++count;
    --inside;
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 1000; ++i) log(LogLevel::error, "line");
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(most, 1);
  EXPECT_EQ(count, 4000);
}

TEST_F(Log, ASinkMayThrowLogAndReplaceItself) {
  int calls = 0;
  set_log_sink([&](LogLevel, std::string_view) {
    ++calls;
    log(LogLevel::error, "from within a sink");
    set_log_sink([&](LogLevel, std::string_view) { calls += 10; });
    throw std::runtime_error("the sink's own trouble");
  });
  log(LogLevel::error, "first");
  log(LogLevel::error, "second");
  EXPECT_EQ(calls, 11);
}

}  // namespace
}  // namespace questclient
