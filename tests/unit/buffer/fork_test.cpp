// What a child process may do with its parent's slot: nothing (I3).
#include <atomic>
#include <csignal>
#include <functional>
#include <sys/wait.h>
#include <thread>

#include <sqlite3.h>

#include "slot_fixture.hpp"

namespace questclient::buffer {
namespace {

class Fork : public SlotTest {
 protected:
  /// The exit status of a child that runs `work`.
  static int in_child(const std::function<bool()>& work) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(work() ? 0 : 1);
    int status = -1;
    ::waitpid(child, &status, 0);
    return status;
  }
  template <class Work>
  static bool is_refused(Work&& work) {
    try {
      work();
    } catch (const Error& error) {
      return error.code() == ErrorCode::forked;
    }
    return false;
  }
  void expect_every_call_refused() {
    const Rows rows = rows_for(1);
    const std::vector<std::function<void()>> calls{
        [&] { slot_->append(rows.payload, rows.lengths); },
        [&] {
          slot_->append_later({rows.payload, rows.lengths}, [](Appended) {});
        },
        [&] { slot_->position(); },
        [&] { slot_->on_appended({}); },
        [&] { slot_->on_event({}); },
        [&] { slot_->publish_stats("{}"); },
        [&] { slot_->stats(); },
        [&] { slot_->take_damage(); },
        [&] { slot_->read(1, 1, 1); },
        [&] { slot_->end(); },
        [&] { slot_->trim(2); },
        [&] { slot_->bury({}); },
    };
    for (std::size_t at = 0; at < calls.size(); ++at)
      EXPECT_EQ(in_child([&] { return is_refused(calls[at]); }), 0) << "call " << at;
  }
};

TEST_F(Fork, EveryCallInAChildIsRefused) {
  open();
  append(1);
  expect_every_call_refused();
  EXPECT_EQ(append(2), 2U) << "the parent goes on";
}

TEST_F(Fork, EveryCallOfASlotInMemoryInAChildIsRefused) {
  options_.sf_dir.clear();
  open();
  append(1);
  expect_every_call_refused();
}

// Another thread may hold one of SQLite's own locks at the moment of the fork.
TEST_F(Fork, ChildOpensASlotOfItsOwnWhileOtherThreadsOfItsParentWork) {
  open();
  std::atomic<bool> done = false;
  std::thread busy([&] {
    sqlite3_mutex* const shared = sqlite3_mutex_alloc(SQLITE_MUTEX_STATIC_MEM);
    while (!done) {
      sqlite3_mutex_enter(shared);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      sqlite3_mutex_leave(shared);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  options_.sender_id = "child";
  for (int round = 0; round < 12; ++round)
    EXPECT_EQ(in_child([this] {
                ::alarm(20);  // a child that hangs dies of it
                SlotReport report;
                const Rows rows = rows_for(1);
                return Slot::open(options_, clock_, random_, report)->append(rows.payload, rows.lengths) != 0;
              }),
              0);
  done = true;
  busy.join();
}

TEST_F(Fork, DestroyingTheSlotInAChildTouchesNothing) {
  options_.max_segment_bytes = 64 << 10;
  options_.max_memory_bytes = 0;
  open();
  for (std::uint64_t n = 1; n <= 30; ++n) append(n, 9000);
  slot_->publish_stats("{}");
  // The parent's own thread may be making next.db at this moment.
  const auto before = files("seg-", "");
  EXPECT_EQ(in_child([this] {
              slot_.reset();
              return true;
            }),
            0);
  EXPECT_EQ(files("seg-", ""), before);
  EXPECT_EQ(files("stats.json", "").size(), 1U);
  std::ifstream lock(folder() / ".lock");
  long pid = 0;
  lock >> pid;
  EXPECT_EQ(pid, static_cast<long>(::getpid()));
  for (std::uint64_t n = 31; n <= 60; ++n) append(n, 9000);
  EXPECT_EQ(read_all().size(), 60U);
  EXPECT_TRUE(slot_->take_damage().empty());
}

TEST_F(Fork, ChildDoesNotKeepTheSlotLockedWhenItsParentDies) {
  int ready[2];
  int go[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(go), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    open();
    append(1);
    const pid_t grandchild = ::fork();
    char byte = 'r';
    if (grandchild == 0) ::_exit(::read(go[0], &byte, 1) == 1 ? 0 : 1);  // outlives its parent
    if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
    ::pause();
  }
  char byte = 'g';
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_THROW(open(), Error);
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  open();
  EXPECT_EQ(read_all().size(), 1U);
  ASSERT_EQ(::write(go[1], &byte, 1), 1);
  for (const int descriptor : {ready[0], ready[1], go[0], go[1]}) ::close(descriptor);
}

TEST_F(Fork, ExactlyOneOfManyAdoptsAnOrphan) {
  open();
  for (std::uint64_t n = 1; n <= 5; ++n) append(n);
  slot_.reset();
  constexpr int kRacers = 6;
  for (int round = 0; round < 8; ++round) {
    int start[2];
    int hold[2];
    int told[2];
    ASSERT_EQ(::pipe(start), 0);
    ASSERT_EQ(::pipe(hold), 0);
    ASSERT_EQ(::pipe(told), 0);
    std::vector<pid_t> racers;
    for (int n = 0; n < kRacers; ++n) {
      racers.push_back(::fork());
      if (racers.back() != 0) continue;
      char byte = 0;
      ::close(start[1]);
      ::close(hold[1]);
      if (::read(start[0], &byte, 1) < 0) ::_exit(9);  // ends when the parent closes it: all at once
      char outcome = 'x';
      try {
        open();
        outcome = read_all().size() == 5 ? 'w' : 'b';
      } catch (const Error& error) {
        outcome = error.code() == ErrorCode::slot_locked ? 'l' : 'e';
      }
      if (::write(told[1], &outcome, 1) != 1 || ::read(hold[0], &byte, 1) < 0) ::_exit(9);
      slot_.reset();
      ::_exit(0);
    }
    ::close(start[1]);
    std::string outcomes;
    for (int n = 0; n < kRacers; ++n) {
      char outcome = 0;
      ASSERT_EQ(::read(told[0], &outcome, 1), 1);
      outcomes.push_back(outcome);
    }
    ::close(hold[1]);
    for (const pid_t racer : racers) ::waitpid(racer, nullptr, 0);
    std::sort(outcomes.begin(), outcomes.end());
    EXPECT_EQ(outcomes, "lllllw");
    for (const int descriptor : {start[0], hold[0], told[0], told[1]}) ::close(descriptor);
  }
  open();
  EXPECT_EQ(read_all().size(), 5U);
}

}  // namespace
}  // namespace questclient::buffer
