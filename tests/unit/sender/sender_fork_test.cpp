// A child of fork() has no sender.
#include <memory>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "driver_support.hpp"

namespace questclient {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

class SenderFork : public ::testing::Test {
 protected:
  using Call = std::function<void()>;

  /// The place of the first of these calls that a child was not refused, from 1; 0: each was.
  int not_refused_in_child(const std::vector<Call>& calls) {
    const pid_t child = fork();
    if (child == 0) {
      ::alarm(20);  // a call that waits for a lock of the parent's waits for ever
      int number = 0;
      for (const Call& call : calls) {
        ++number;
        if (!is_refused(call)) ::_exit(number);
      }
      sender_.reset();
      ::_exit(0);
    }
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    return WEXITSTATUS(status);
  }

  TemporaryDirectory directory_;
  Database database_;
  std::unique_ptr<Sender> sender_ = std::make_unique<Sender>(
      Options::from_conf(conf(database_.address(), "sf_dir=" + directory_.path().string() + ";")), kIgnore);

 private:
  static bool is_refused(const Call& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.code() == ErrorCode::forked;
    }
    return false;
  }
};

TEST_F(SenderFork, AChildIsRefusedEveryCallAndDoesNoHarm) {
  Sender& sender = *sender_;
  row(sender, 1);
  sender.flush();
  LineBuffer rows = sender.new_buffer();
  rows.table("t").column("v", 2).at(TimestampNanos{2});
  const auto prepared = sender.row("t", {}, {"v"});
  const std::string encoded = line(3) + "\n";
  const std::vector<std::uint32_t> lengths{static_cast<std::uint32_t>(encoded.size())};
  const std::vector<std::string> names{"v"};
  const std::vector<std::string_view> views{"v"};
  EXPECT_EQ(not_refused_in_child({
                [&] { sender.table("t"); },
                [&] { sender.symbol("s", "x"); },
                [&] { sender.column("v", 1); },
                [&] { sender.at(TimestampNanos{1}); },
                [&] { sender.at(TimestampMicros{1}); },
                [&] { sender.at_now(); },
                [&] { sender.cancel_row(); },
                [&] { sender.add(prepared, 1, TimestampNanos{1}); },
                [&] { sender.add_values(prepared, {}, TimestampNanos{1}); },
                [&] { sender.row("t", {}, {"v"}); },
                [&] { sender.row("t", {}, std::span(names)); },
                [&] { sender.row("t", {}, std::span(views)); },
                [&] { sender.new_buffer(); },
                [&] { sender.flush(); },
                [&] { sender.flush(rows); },
                [&] { sender.flush(SourcePosition{"p"}); },
                [&] { sender.flush(rows, SourcePosition{"p"}); },
                [&] { sender.flush_async(); },
                [&] { sender.flush_async(rows); },
                [&] { sender.flush_async(rows, [](const FlushResult&) {}); },
                [&] { sender.try_flush(); },
                [&] { sender.try_flush(rows); },
                [&] { sender.flush_and_wait(); },
                [&] { sender.flush_and_wait(rows); },
                [&] { sender.flush_encoded(encoded, lengths); },
                [&] { sender.flush_encoded(encoded, lengths, SourcePosition{"p"}); },
                [&] { sender.wait(0, Ack::committed, kShort); },
                [&] { sender.wait(1, Ack::committed, kShort); },
                [&] { sender.drain(kShort); },
                [&] { sender.resume(); },
                [&] { sender.acked_fsn(); },
                [&] { sender.durable_fsn(); },
                [&] { sender.stats(); },
                [&] { sender.position(); },
                [&] { sender.poll_events(); },
                [&] { sender.close(); },
            }),
            0);
  EXPECT_EQ(sender.flush(rows), 2U);
  EXPECT_TRUE(sender.drain(kLong));
  EXPECT_EQ(database_.rows(), lines(1, 3));
}

TEST_F(SenderFork, ARowThatTheParentHasBegunIsNotEndedInTheChild) {
  Sender& sender = *sender_;
  sender.table("t").column("v", 1);
  EXPECT_EQ(not_refused_in_child({[&] { sender.flush(); }, [&] { sender.cancel_row(); },
                                  [&] { sender.at(TimestampNanos{1}); }}),
            0);
  EXPECT_EQ(not_refused_in_child({[&] { sender.at_now(); }}), 0);
  sender.at(TimestampNanos{1});
  EXPECT_TRUE(sender.wait(sender.flush(), Ack::committed, kLong));
  EXPECT_EQ(database_.rows(), lines(1, 2));
}

}  // namespace
}  // namespace questclient
