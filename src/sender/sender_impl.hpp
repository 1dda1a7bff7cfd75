// What stands behind the public Sender.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>

#include <questclient/sender.hpp>

#include "base/clock.hpp"
#include "base/histogram.hpp"
#include "base/random.hpp"
#include "sender/drainers.hpp"
#include "sender/driver.hpp"
#include "sender/handler_scope.hpp"
#include "sender/own_buffer.hpp"

namespace questclient {

/// The buffer, automatic flush and closing around a Driver. Threads as for Sender.
class Sender::Impl {
 public:
  Impl(const Options& given, Handlers handlers);

  /// Throws Error{forked} in a child of the process that opened the sender.
  void check_process() const;
  bool is_in_child() const noexcept;

  // --- The row thread's.
  LineBuffer& open_row() {
    if (!own_.is_open()) check_process();  // not for each column: the row's end asks again
    return own_.open();
  }
  void leave_row() noexcept { own_.leave(); }
  void row_ended();
  /// Runs `call` on the sender's own rows, which it may have taken out; they are the row thread's meanwhile.
  template <class Call>
  auto with_own_rows(Call call) {
    check_process();
    LineBuffer& rows = own_.open();
    const Leaving leaving{*this};
    return call(rows);
  }

  Fsn flush(LineBuffer& buffer, bool automatic = false);
  Fsn flush(LineBuffer& buffer, const SourcePosition& position);
  /// `position`: null for none.
  Fsn flush_encoded(std::string_view payload, std::span<const std::uint32_t> row_lengths,
                    const SourcePosition* position);
  void flush_async(LineBuffer& buffer, std::function<void(FlushResult)> done);
  bool try_flush(LineBuffer& buffer, bool automatic = false);
  bool flush_and_wait(LineBuffer& buffer);
  void resume();
  void close();
  bool is_in_handler() const noexcept { return sender::HandlerScope::is_inside(&*driver_); }

  std::optional<SourcePosition> position() const;
  Stats stats() const { return driver().stats(); }
  const Options& options() const { return options_; }
  sender::Driver& driver() {
    check_process();
    return *driver_;
  }
  const sender::Driver& driver() const {
    check_process();
    return *driver_;
  }

 private:
  /// The gate opens again whatever happens, and an empty buffer waits for no timer.
  struct Leaving {
    Impl& impl;
    ~Leaving() {
      if (impl.own_.open().empty()) impl.own_.note_empty();
      impl.own_.leave();
    }
  };

  /// Shared by appenders, taken whole by close(): no append is under way when the slot is released.
  std::shared_lock<std::shared_mutex> entered() const;
  static void refuse_open_row(const LineBuffer& buffer);
  void flush_own_rows();
  Fsn append(const buffer::AppendRows& rows);
  /// Throws Error{invalid_api_call, invalid_value}.
  void check_position(const SourcePosition& position) const;
  void count(std::size_t rows, std::size_t bytes, bool automatic);
  void add_stats(Stats& stats) const;
  std::optional<base::Time> on_flush_timer(base::Time now);
  void await_connection();
  sender::DriverOptions driver_options(bool asks_for_tokens);

  const Options options_;
  const std::uint64_t process_;
  base::SystemClock clock_;
  base::SystemRandom random_;
  sender::OwnBuffer own_;
  mutable std::shared_mutex closing_;
  bool closed_ = false;  // written under both mutexes
  std::mutex close_mutex_;
  std::atomic<std::uint64_t> rows_flushed_{0};
  std::atomic<std::uint64_t> bytes_flushed_{0};
  std::atomic<std::uint64_t> automatic_flushes_{0};
  base::Histogram append_latency_;
  std::optional<sender::Driver> driver_;
  std::optional<sender::Drainers> drainers_;
};

}  // namespace questclient
