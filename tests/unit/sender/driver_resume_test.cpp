// A real Sender that stops and is told to go on; orphans that appear while it runs.
#include <atomic>
#include <future>
#include <poll.h>
#include <thread>

#include <gtest/gtest.h>

#include <questclient/slot.hpp>

#include "driver_support.hpp"
#include "sender/drainers.hpp"
#include "sender/sender_options.hpp"

namespace questclient {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

/// The code that waiting for frame 1 throws.
ErrorCode stopped_with(const Sender& sender) {
  try {
    sender.wait(1, Ack::committed, kLong);
  } catch (const Error& error) {
    return error.code();
  }
  throw std::runtime_error("it did not stop");
}

using Resume = BothSlots;
INSTANTIATE_TEST_SUITE_P(, Resume, ::testing::Bool(),
                         [](const auto& which) { return which.param ? "DiskSlot" : "MemorySlot"; });

TEST_P(Resume, SendsEverythingOnceTheCauseIsMended) {
  std::atomic<bool> refuses{true};
  Database database([&](const ReceivedRequest&) {
    return refuses ? answer("403 Forbidden", R"({"code":"forbidden","message":"no INSERT on t"})")
                   : kNoContent;
  });
  Events events;
  Sender sender = Sender::from_conf(conf(database.address(), slot()), events.handler());
  row(sender, 0);
  sender.flush();
  EXPECT_EQ(stopped_with(sender), ErrorCode::unauthorised);
  EXPECT_NE(events.wait_for(SenderEvent::Kind::unauthorised).message.find("resume()"), std::string::npos);
  row(sender, 1);
  EXPECT_EQ(sender.flush(), 2U) << "the slot goes on taking rows";
  EXPECT_FALSE(sender.stats().last_terminal_error.empty());
  refuses = false;
  sender.resume();
  EXPECT_TRUE(sender.wait(2, Ack::committed, kLong))
      << "who waits after resume() is not told of what was before";
  EXPECT_EQ(database.rows(), lines(0, 2));
  events.wait_for(SenderEvent::Kind::resumed);
  EXPECT_TRUE(sender.stats().last_terminal_error.empty());
  EXPECT_TRUE(sender.drain(kLong));
}

TEST_P(Resume, StopsAgainWhereNothingIsMended) {
  Database database([&](const ReceivedRequest&) { return bad_line(1); });
  Sender sender = Sender::from_conf(
      conf(database.address(), slot() + "on_parse_error=halt;on_schema_error=halt;on_write_error=halt;"),
      kIgnore);
  row(sender, 0);
  sender.flush();
  for (int round = 0; round < 4; ++round) {
    EXPECT_EQ(stopped_with(sender), ErrorCode::rejected) << round;
    EXPECT_EQ(sender.stats().slot_rows, 1U);
    sender.resume();
  }
  EXPECT_GE(database.writes(), 4);
}

TEST_P(Resume, MayBeCalledByTheHandlerThatIsTold) {
  std::atomic<int> refusals{3};
  Database database([&](const ReceivedRequest&) { return refusals-- > 0 ? bad_line(1) : kNoContent; });
  Sender* opened = nullptr;
  Sender sender = Sender::from_conf(
      conf(database.address(), slot() + "on_parse_error=halt;on_schema_error=halt;on_write_error=halt;"),
      [&](const SenderEvent& event) {
        if (event.kind == SenderEvent::Kind::halted) opened->resume();
      });
  opened = &sender;
  row(sender, 0);
  sender.flush();
  // Who waits at the moment between the halt and the handler's call is told of the halt.
  const auto drained = [&sender] {
    try {
      return sender.drain(kLong);
    } catch (const Error&) {
      return false;
    }
  };
  const auto until = std::chrono::steady_clock::now() + kLong;
  while (!drained() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  EXPECT_EQ(database.rows(), lines(0, 1));
}

TEST(ResumeSender, DoesNothingWhereNothingStoppedAndThrowsOnceClosed) {
  Database database;
  Sender sender = Sender::from_conf(conf(database.address()), kIgnore);
  sender.resume();
  row(sender, 0);
  EXPECT_TRUE(sender.wait(sender.flush(), Ack::committed, kLong));
  sender.resume();
  EXPECT_EQ(sender.stats().connects, 1U);
  sender.close();
  try {
    sender.resume();
    ADD_FAILURE() << "a closed sender cannot go on";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::closed);
  }
}

// adr/0006
TEST(ResumeSender, AKeyThatIsRefusedLateCostsNoRow) {
  std::promise<std::string> seen;
  std::atomic<int> logins{0};
  const auto is_silent = [](const Peer& peer, int millis) {
    pollfd waiting{peer.descriptor(), POLLIN, 0};
    return ::poll(&waiting, 1, millis) == 0;
  };
  LoopbackServer server([&](Peer& peer) {
    peer.read_line();
    // A host that takes its time over the challenge is given twice that for its refusal.
    EXPECT_TRUE(is_silent(peer, 300));
    peer.send("challenge\n");
    peer.read_line();
    if (++logins > 1) return seen.set_value(peer.read_all());
    EXPECT_TRUE(is_silent(peer, 100)) << "rows were sent before the server had made up its mind";
  });
  Sender sender = Sender::from_conf("tcp::addr=" + server.address() +
                                        ";username=ingest;token=jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI;"
                                        "token_x=f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU;"
                                        "token_y=x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0;",
                                    kIgnore);
  row(sender, 7);
  sender.flush();
  EXPECT_THROW(sender.drain(kLong), Error) << "unauthorised";
  EXPECT_EQ(sender.stats().slot_rows, 1U);
  sender.resume();
  EXPECT_TRUE(sender.drain(kLong)) << "the server knows the key by now";
  sender.close();
  EXPECT_EQ(seen.get_future().get(), line(7) + "\n");
}

/// Drainers beside no sender, which look for orphans all the time.
class RunningDrainers : public ::testing::Test {
 protected:
  void SetUp() override { options_.sf_dir = directory_.path().string(); }

  void run(const std::string& address, std::size_t most = 2) {
    options_ = Options::from_conf(conf(address, "sf_dir=" + directory_.path().string() + ";sender_id=own;"));
    options_.max_background_drainers = most;
    sender::DriverOptions driver;
    driver.core = sender::core_options(options_, false);
    driver.endpoint = net::make_endpoint(options_);
    drainers_.emplace(
        options_, sender::slot_options(options_), driver, sender::Drainers::Token{}, clock_, random_,
        [this](const SenderEvent& event) { told_.handler()(event); }, milliseconds(5));
  }
  void leave_orphan(const std::string& name, int number) {
    Sender ended =
        Sender::from_conf(conf(dead_host(), "sf_dir=" + directory_.path().string() +
                                                ";close_flush_timeout_millis=0;sender_id=" + name + ";"),
                          kIgnore);
    row(ended, number);
  }
  template <class Reached>
  void await(Reached reached) {
    const auto until = std::chrono::steady_clock::now() + kLong;
    while (!reached(drainers_->counts()) && std::chrono::steady_clock::now() < until)
      std::this_thread::yield();
    EXPECT_TRUE(reached(drainers_->counts()));
  }

  TemporaryDirectory directory_;
  Options options_;
  base::SystemClock clock_;
  base::SystemRandom random_;
  Events told_;
  std::optional<sender::Drainers> drainers_;
};

TEST_F(RunningDrainers, SendWhatAppearsLater) {
  Database database;
  run(database.address());
  for (int number = 0; number < 3; ++number) {
    leave_orphan("ended-" + std::to_string(number), number);
    await([&](const auto& counts) { return counts.finished == static_cast<std::uint64_t>(number) + 1; });
  }
  EXPECT_EQ(database.rows(), lines(0, 3));
  EXPECT_EQ(drainers_->counts().active, 0U);
  EXPECT_EQ(drainers_->counts().failed, 0U);
  leave_orphan("ended-0", 3);
  await([](const auto& counts) { return counts.finished == 4; });
  EXPECT_EQ(database.rows(), lines(0, 4)) << "a slot may be orphaned again";
}

TEST_F(RunningDrainers, TryAgainWhatFailed) {
  std::atomic<bool> refuses{true};
  Database database(
      [&](const ReceivedRequest&) { return refuses ? answer("403 Forbidden", "") : kNoContent; });
  leave_orphan("ended", 0);
  run(database.address());
  await([](const auto& counts) { return counts.failed >= 2; });
  const SenderEvent event = told_.wait_for(SenderEvent::Kind::drainer);
  EXPECT_NE(event.message.find("ended"), std::string::npos);
  refuses = false;
  drainers_->resume();
  await([](const auto& counts) { return counts.finished == 1; });
  EXPECT_EQ(database.rows(), lines(0, 1));
  EXPECT_EQ(drainers_->counts().active, 0U);
}

TEST_F(RunningDrainers, SendNoMoreAtATimeThanAllowed) {
  std::promise<void> release;
  auto released = release.get_future().share();
  std::atomic<int> under_way{0}, most{0};
  Database database([&](const ReceivedRequest&) {
    const int now = ++under_way;
    int before = most;
    while (now > before && !most.compare_exchange_weak(before, now)) {
    }
    released.wait();
    --under_way;
    return kNoContent;
  });
  for (int number = 0; number < 4; ++number) leave_orphan("ended-" + std::to_string(number), number);
  run(database.address(), 2);
  await([&](const auto&) { return under_way == 2; });
  EXPECT_EQ(drainers_->counts().active, 2U);
  release.set_value();
  await([](const auto& counts) { return counts.finished == 4; });
  EXPECT_EQ(most, 2);
}

}  // namespace
}  // namespace questclient
