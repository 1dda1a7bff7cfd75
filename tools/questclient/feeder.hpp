// Moves the rows of an input into a sender.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include <questclient/options.hpp>
#include <questclient/sender.hpp>

#include "delivery_monitor.hpp"
#include "interruption.hpp"
#include "row_source.hpp"

namespace questclient::tool {

class Feeder {
 public:
  struct Settings {
    std::uint64_t rate = 0;  ///< At most so many rows a second; 0: as fast as they are taken.
    std::chrono::milliseconds append_deadline{0};
    /// What to commit with the rows up to a place (`at_end`: the last ones); null: nothing.
    std::function<std::string(const Place&, bool at_end)> position;
  };
  /// How long a flush may wait before it looks whether to stop; for Options::sf_append_deadline_millis.
  static constexpr std::chrono::milliseconds kLongestFlush{500};

  /// All must outlive it.
  Feeder(Sender& sender, RowSource& rows, DeliveryMonitor& monitor, const Interruption& interruption,
         Settings settings);

  /// Until the input ends. Throws InputError and Interrupted after everything that was read is flushed, and
  /// what a flush throws; taken() then tells how far it came.
  void run();
  /// What was read so far.
  void flush() { flush(false); }

  const Place& taken() const { return taken_; }
  /// 0: nothing was flushed.
  Fsn last_fsn() const { return last_fsn_; }

 private:
  void read_all();
  void flush(bool at_end);
  Fsn append(bool at_end);
  Fsn append_when_there_is_room(bool at_end);
  void keep_to_rate() const;

  Sender& sender_;
  RowSource& rows_;
  DeliveryMonitor& monitor_;
  const Interruption& interruption_;
  const Settings settings_;
  std::size_t frame_rows_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::uint64_t flushed_rows_ = 0;
  Fsn last_fsn_ = 0;
  Place taken_;
};

}  // namespace questclient::tool
