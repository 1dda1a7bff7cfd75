// Carries out what Core decides: owns the I/O thread, the connections, the timers and the slot. No policy.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <questclient/events.hpp>
#include <questclient/stats.hpp>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "buffer/slot.hpp"
#include "net/connection.hpp"
#include "net/event_loop.hpp"
#include "sender/core.hpp"
#include "sender/event_inbox.hpp"
#include "sender/later_appends.hpp"

namespace questclient::sender {

struct DriverOptions {
  CoreOptions core;
  net::Endpoint endpoint;
  std::uint64_t slot_max_bytes = 0;  ///< For Stats.
  bool publishes_stats = false;      ///< Into the slot, once a second while anything changes.
  std::size_t inbox_capacity = 0;
  std::function<void(Stats&)> add_stats;  ///< Fills in what the driver does not know, if set.
};

/// Thread-safe, but for the constructor and the destructor. Numbered invariants: README.md.
class Driver {
 public:
  /// Called on the I/O thread; returns when to call it again.
  using FlushTimer = std::function<std::optional<base::Time>(base::Time now)>;

  /// Opens nothing and starts nothing. `random` and `clock` outlive the driver.
  Driver(DriverOptions options, std::unique_ptr<buffer::Slot> slot, const buffer::SlotReport& report,
         const base::Clock& clock, base::RandomSource& random, Handlers handlers,
         FlushTimer flush_timer = {});
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  /// Starts the I/O thread, which sends what the slot holds. Idempotent; the calls below that need it start
  /// it themselves.
  void start();
  /// Waits for the first host that takes us. Throws why sending stopped, or Error{connect}: none did before
  /// `timeout`, or (`only_one_round`) each was tried once.
  void await_connection(bool only_one_round, std::chrono::milliseconds timeout);

  // REQUIRES for the appends: not stopped, nor being stopped meanwhile.
  /// Throws as Slot::append does.
  Fsn append(const buffer::AppendRows& rows);
  LaterAppends& later();
  /// The flush timer is to be called at `when`. Starts the I/O thread.
  void arm_flush_timer(base::Time when);

  std::optional<std::string> position() const;

  /// As Sender's members of these names. Each throws Error{invalid_api_call} from a handler, and
  /// Error{closed} where it was stopped first.
  bool wait(Fsn fsn, Ack ack, std::chrono::milliseconds timeout) const;
  bool drain(std::chrono::milliseconds timeout) const;
  /// The rejection of rows of that frame, if one is remembered: the newest kRememberedRejections are.
  std::optional<SenderEvent> rejection(Fsn fsn) const;
  static constexpr std::size_t kRememberedRejections = 256;

  /// As Sender's member of this name.
  void resume();

  Fsn acked_fsn() const;
  Fsn durable_fsn() const;
  Stats stats() const;
  std::vector<SenderEvent> poll_events() { return inbox_.take(); }
  /// An event of somebody else, for the same handler and inbox. Not after stop() for the handler.
  void tell(SenderEvent event);
  void refuse_in_handler(const char* call) const;
  /// Runs the application's `call` as a handler: now, or as soon as no lock is held on this thread.
  void call_outside(std::function<void()> call);

  /// Ends the I/O thread and releases the slot; start() starts none any more. Idempotent. Not from a handler.
  void stop();

 private:
  /// What waiting threads look at.
  struct Observed {
    Fsn acked = 0;
    Fsn durable = 0;
    std::optional<bool> durable_offered;  ///< Does the server tell what is durable? Unset: not known yet.
    std::optional<SenderEvent> stopped_by;
    bool resuming = false;       ///< resume() was called, and Core does not know yet.
    bool was_connected = false;  ///< Ever.
    bool round_failed = false;   ///< Every host was tried, and none took us.
    bool stopped = false;
    bool drained = false;                 ///< At the time it stopped.
    std::optional<std::string> position;  ///< At the time it stopped.
    std::deque<SenderEvent> rejections;
    /// Frames that the slot gave up, and how safe frames were by then; the newest kRememberedRejections.
    struct Lost {
      GivenUp frames;
      Progress before;
    };
    std::deque<Lost> given_up;
    std::uint64_t changes = 0;  ///< Of what is above and waited for.
  };

  void report_damage(const std::vector<buffer::SlotReport::Damage>& damage);
  void report_unsynced(Fsn first);
  using Event = std::function<std::vector<Action>(Core&, base::Time now)>;
  void handle(const Event& event);
  void observe(const std::vector<Action>& actions, const std::optional<Capabilities>& capabilities,
               std::optional<SenderEvent> stopped_by);
  void carry_out(std::vector<Action> actions);
  void tell_waiting();
  void act(Connect& action);
  void act(Disconnect& action);
  void act(Send& action);
  void act(Progress& action);
  void act(Acknowledged& action);
  void act(GivenUp& action);
  void act(AskToken& action);
  void act(LookAhead& action);
  void act(Report& action);
  void on_lost(ConnectionId connection, const net::NetError& error);
  void arm_timer();
  void arm_housekeeping();
  void keep_house();
  void run_flush_timer();
  void on_appended();
  void report_given_up();
  void on_slot_event(const buffer::SlotEvent& event);
  void on_rows_dropped(const buffer::SlotEvent& found);
  Stats stats_locked() const;
  /// REQUIRES: observed_mutex_ is held.
  bool is_given_up(Fsn fsn, Ack ack) const;
  template <class Reached>
  bool wait_until(const char* call, std::chrono::milliseconds timeout, Reached reached) const;
  [[noreturn]] static void throw_closed();
  [[noreturn]] void throw_why_stopped(const SenderEvent& event) const;
  void call_handler(const std::function<void()>& call) const;
  void call_deferred();
  void deliver(const SenderEvent& event);
  void run_handler(const SenderEvent& event) const;

  const DriverOptions options_;
  const base::Clock& clock_;
  const Handlers handlers_;
  const FlushTimer on_flush_timer_;
  EventInbox inbox_;
  net::EventLoop loop_;

  mutable std::mutex core_mutex_;  // core_ and final_stats_; held while core_ decides, never while acting
  std::unique_ptr<buffer::Slot> slot_;
  std::unique_ptr<Core> core_;
  Stats final_stats_;
  LaterAppends later_;

  mutable std::mutex observed_mutex_;
  mutable std::condition_variable observed_changed_;
  Observed observed_;
  mutable std::size_t draining_ = 0;  ///< Threads that wait for an empty slot; guarded as observed_ is.

  std::atomic<bool> append_posted_{false};
  std::mutex dropped_mutex_;
  std::optional<buffer::SlotEvent> dropped_;  ///< What Core is still to be told of, as one.
  std::atomic<bool> is_started_{false};       ///< Or stopped before it was.
  std::atomic<std::uint64_t> bytes_on_wire_{0};
  std::mutex start_mutex_;
  std::mutex stop_mutex_;

  // The I/O thread's own.
  std::uint64_t told_changes_ = 0;
  std::map<ConnectionId, std::unique_ptr<net::Connection>> connections_;
  net::EventLoop::Timer timer_{loop_};
  net::EventLoop::Timer flush_timer_{loop_};
  net::EventLoop::Timer housekeeping_{loop_};
  bool housekeeping_armed_ = false;
  base::Time armed_for_ = base::Time::max();
  std::vector<std::function<void()>> deferred_;  // until Core has decided
  std::optional<base::Time> retry_at_;           // after a failure that Core does not know

  std::thread thread_;
};

}  // namespace questclient::sender
