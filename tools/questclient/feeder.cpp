#include "feeder.hpp"

#include <algorithm>
#include <stdexcept>
#include <thread>
#include <utility>

#include "byte_source.hpp"

namespace questclient::tool {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kFrameBytes = 512 * 1024;
constexpr std::size_t kFrameRows = 50'000;

/// The error itself tells of the last of many tries.
std::string not_appended(const Error& error, std::chrono::milliseconds deadline) {
  const std::string waited = "for sf_append_deadline_millis=" + std::to_string(deadline.count()) + " ";
  if (error.code() != ErrorCode::slot_full) return waited + "the slot took no rows: " + error.what();
  return waited +
         "the slot was full: the cluster takes rows too slowly or not at all. Raise sf_max_total_bytes, or "
         "go "
         "on once it takes them.";
}

}  // namespace

Feeder::Feeder(Sender& sender, RowSource& rows, DeliveryMonitor& monitor, const Interruption& interruption,
               Settings settings)
    : sender_(sender),
      rows_(rows),
      monitor_(monitor),
      interruption_(interruption),
      settings_(std::move(settings)),
      frame_rows_(settings_.rate > 0 ? std::clamp<std::size_t>(settings_.rate / 20, 1, kFrameRows)
                                     : kFrameRows),
      taken_(rows.place()) {}

void Feeder::run() {
  try {
    read_all();
  } catch (const InputError&) {
    flush();
    throw;
  } catch (const Interrupted&) {
    flush();
    throw;
  }
  flush(true);
}

void Feeder::read_all() {
  while (rows_.next()) {
    if (rows_.payload().size() >= kFrameBytes || rows_.row_lengths().size() >= frame_rows_) flush();
    if (interruption_.requested()) throw Interrupted();
  }
}

void Feeder::flush(bool at_end) {
  const std::uint64_t rows = rows_.row_lengths().size();
  const bool ends_a_file = at_end && settings_.position;
  if (rows == 0 && !ends_a_file) return;
  const Fsn fsn = append_when_there_is_room(at_end);
  taken_ = rows_.place();
  if (rows == 0) return;  // the place alone
  last_fsn_ = fsn;
  rows_.clear();
  monitor_.flushed(last_fsn_, rows);
  flushed_rows_ += rows;
  keep_to_rate();
}

Fsn Feeder::append(bool at_end) {
  if (!settings_.position) return sender_.flush_encoded(rows_.payload(), rows_.row_lengths());
  return sender_.flush_encoded(rows_.payload(), rows_.row_lengths(),
                               SourcePosition{settings_.position(rows_.place(), at_end)});
}

/// A full slot is no failure as long as the server goes on taking rows.
Fsn Feeder::append_when_there_is_room(bool at_end) {
  auto deadline = Clock::now() + settings_.append_deadline;
  while (true) {
    const Fsn acked = sender_.acked_fsn();
    const auto begun = Clock::now();
    try {
      return append(at_end);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::slot_full && error.code() != ErrorCode::slot_io) throw;
      if (interruption_.requested()) throw Interrupted();
      const auto now = Clock::now();
      if (sender_.acked_fsn() != acked) deadline = now + settings_.append_deadline;
      const bool at_once = now - begun < std::min(settings_.append_deadline, kLongestFlush);
      if (at_once) throw;
      if (now >= deadline) throw std::runtime_error(not_appended(error, settings_.append_deadline));
    }
  }
}

void Feeder::keep_to_rate() const {
  if (settings_.rate == 0) return;
  const std::chrono::duration<double> due(static_cast<double>(flushed_rows_) /
                                          static_cast<double>(settings_.rate));
  std::this_thread::sleep_until(begun_ + std::chrono::duration_cast<Clock::duration>(due));
}

}  // namespace questclient::tool
