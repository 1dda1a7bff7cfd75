// drain_rate: how fast a backlog is replayed beside live rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/clock.hpp"
#include "base/delivery.hpp"

namespace questclient::sender {

/// Backlog is what lies in the slot when a host takes us: left by an earlier process, or flushed while no
/// host was there. Frames go in order, so live rows stand behind the backlog and cannot overtake it. What the
/// limit means is therefore how fast the backlog shrinks: each frame that is flushed while we are connected
/// adds its own size to what may be sent, and `rate` bytes a second come on top. The server sees at most the
/// live rate plus `rate`, and without a backlog nothing is limited. A token bucket; its burst is a quarter of
/// a second.
class DrainLimit {
 public:
  /// `bytes_per_second` 0: no limit.
  explicit DrainLimit(std::uint64_t bytes_per_second);

  /// A host takes us; frames below `end` are backlog.
  void connected(base::Fsn end, base::Time now);
  /// The slot's next frame has number `end`.
  void appended(base::Fsn end);
  /// Whether a request may be sent now; else not before next_at().
  bool may_send(base::Time now);
  base::Time next_at() const;
  void sent(std::span<const base::FramePart> parts);

  /// A request should not be larger than this, or the rate comes in lumps.
  std::size_t max_request_bytes(std::size_t otherwise) const;

 private:
  double mean_live_frame() const;

  double rate_;
  double level_ = 0;  ///< Bytes that may be sent; requests may overdraw it.
  base::Time filled_at_{};
  base::Fsn live_from_ = 0;
  base::Fsn end_ = 0;
  // A live frame's size is not known when it is flushed: it is credited, and later charged, with a mean.
  double credited_bytes_ = 0;
  std::uint64_t credited_frames_ = 0;
  double sent_bytes_ = 0;
  std::uint64_t sent_frames_ = 0;
};

}  // namespace questclient::sender
