// Carries out what Core decides: owns the I/O thread, the connections, the timer and the slot. No policy.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <questclient/sender.hpp>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "buffer/slot.hpp"
#include "net/event_loop.hpp"
#include "net/http_client.hpp"
#include "sender/core.hpp"

namespace questclient::sender {

/// Thread-safe, but for the constructor and the destructor. Numbered invariants: README.md.
class Driver {
 public:
  using EventHandler = std::function<void(const SenderEvent&)>;

  /// Starts sending what the slot holds. `random` and `clock` outlive the driver. `on_event` is called on the
  /// I/O thread under no lock; what it throws is dropped.
  Driver(CoreOptions options, std::unique_ptr<buffer::Slot> slot, const buffer::SlotReport& report,
         const base::Clock& clock, base::RandomSource& random, EventHandler on_event);
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  /// REQUIRES: not stopped, nor being stopped meanwhile. Throws as Slot::append does.
  Fsn append(std::string_view payload, std::span<const std::uint32_t> row_lengths);

  /// As Sender's members of these names.
  bool wait(Fsn fsn, Ack ack, std::chrono::milliseconds timeout) const;
  bool drain(std::chrono::milliseconds timeout) const;
  Fsn acked_fsn() const;
  Fsn durable_fsn() const;
  /// rows_flushed and bytes_flushed are not filled in.
  Stats stats() const;

  /// Ends the I/O thread and releases the slot. Idempotent. Not from a handler.
  void stop();

 private:
  /// What waiting threads look at.
  struct Observed {
    Fsn acked = 0;
    Fsn durable = 0;
    std::optional<bool> durable_offered;  ///< Does the server tell what is durable? Unset: not known yet.
    std::string unauthorised;             ///< Why sending has stopped; empty: it has not.
    bool stopped = false;
    bool drained = false;  ///< At the time it stopped.
  };

  template <class Event>
  void handle(Event event);
  void carry_out(std::vector<Action> actions);
  void act(Connect& action);
  void act(Disconnect& action);
  void act(Send& action);
  void act(Progress& action);
  void act(Acknowledged& action);
  void act(AskToken& action);
  void act(Report& action);
  void on_lost(ConnectionId connection, const net::NetError& error);
  void arm_timer();
  void on_appended();
  Stats stats_locked() const;
  template <class Reached>
  bool wait_until(std::chrono::milliseconds timeout, Reached reached) const;
  void deliver(const SenderEvent& event) const;

  const base::Clock& clock_;
  EventHandler on_event_;
  net::EventLoop loop_;

  mutable std::mutex core_mutex_;  // core_ and final_stats_; held while core_ decides, never while acting
  std::unique_ptr<buffer::Slot> slot_;
  std::unique_ptr<Core> core_;
  Stats final_stats_;

  mutable std::mutex observed_mutex_;
  mutable std::condition_variable observed_changed_;
  Observed observed_;

  std::atomic<bool> append_posted_{false};
  std::mutex stop_mutex_;

  // The I/O thread's own.
  std::map<ConnectionId, std::unique_ptr<net::HttpConnection>> connections_;
  net::EventLoop::Timer timer_{loop_};
  base::Time armed_for_ = base::Time::max();
  std::optional<base::Time> retry_at_;  // after a failure that Core does not know

  std::thread thread_;
  std::thread::id thread_id_;  // readable while stop() joins
};

}  // namespace questclient::sender
