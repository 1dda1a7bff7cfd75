// The vocabulary in which client and server speak about rows in flight, and its header syntax.
// Meaning and rules: "Our headers on ILP/HTTP" in DESIGN.md, repeated in docs/protocol.md.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/uuid.hpp"

namespace questclient::base {

/// Frame sequence number: the permanent number of a frame in its slot, growing by one, from 1.
using Fsn = std::uint64_t;

/// Names of the headers (HTTP compares them without case).
namespace header {
inline constexpr std::string_view kStream = "X-Questclient-Stream";
inline constexpr std::string_view kFrames = "X-Questclient-Frames";
inline constexpr std::string_view kGap = "X-Questclient-Gap";
inline constexpr std::string_view kAcked = "X-Questclient-Acked";
inline constexpr std::string_view kDurable = "X-Questclient-Durable";
inline constexpr std::string_view kCommit = "X-Questclient-Commit";
inline constexpr std::string_view kRequestDurableAck = "X-QWP-Request-Durable-Ack";
inline constexpr std::string_view kDurableAck = "X-QWP-Durable-Ack";
inline constexpr std::string_view kRole = "X-QuestDB-Role";
inline constexpr std::string_view kZone = "X-QuestDB-Zone";
}  // namespace header

/// A request joins at most this many frames or parts of frames.
inline constexpr std::size_t kMaxPartsPerRequest = 256;

/// How far a stream has come: everything below frame `fsn`, and the first `row` rows of frame `fsn`.
/// Also called the stream's token. Written "7:0".
struct StreamPosition {
  Fsn fsn = 0;
  std::uint32_t row = 0;

  auto operator<=>(const StreamPosition&) const = default;
  std::string to_string() const;
  static std::optional<StreamPosition> parse(std::string_view text);
};

/// Who numbers frames: one opening of a slot, and the number of the first frame that it numbered.
/// Written "<uuid>;first=<fsn>".
struct StreamHeader {
  Uuid stream;
  Fsn first = 0;

  bool operator==(const StreamHeader&) const = default;
  std::string to_string() const;
  static std::optional<StreamHeader> parse(std::string_view text);
};

/// Rows [first_row, first_row + rows) of frame `fsn`, which are `bytes` bytes of the request's body.
/// `last` tells that the frame ends with these rows; without it the token cannot step to the next frame.
/// Written "<fsn>:<first row>+<rows>;<bytes>", with "." behind `rows` when the frame goes on after them.
struct FramePart {
  Fsn fsn = 0;
  std::uint32_t first_row = 0;
  std::uint32_t rows = 0;
  std::uint64_t bytes = 0;
  bool last = true;

  bool operator==(const FramePart&) const = default;
  StreamPosition begin() const { return {fsn, first_row}; }
  /// Where the stream stands once these rows are committed.
  StreamPosition end() const {
    return last ? StreamPosition{fsn + 1, 0} : StreamPosition{fsn, first_row + rows};
  }
};

/// "1:0+20;4096,2:0+3.;300": at least one and at most kMaxPartsPerRequest parts.
std::string format_parts(const std::vector<FramePart>& parts);
std::optional<std::vector<FramePart>> parse_parts(std::string_view text);

/// The client holds nothing between `seen`, the server's token, and `start`, and accepts that gap.
/// A compare-and-set: it holds only while the token still equals `seen`; no `seen`: the stream is unknown
/// to the server. Written "7:0->9:0" or "->9:0".
struct GapAcceptance {
  std::optional<StreamPosition> seen;
  StreamPosition start;

  bool operator==(const GapAcceptance&) const = default;
  std::string to_string() const;
  static std::optional<GapAcceptance> parse(std::string_view text);
};

/// Where rows stand in the cluster's log: entry `number` of the log, written under `epoch`. "3.1207".
struct CommitPosition {
  std::uint64_t epoch = 0;
  std::uint64_t number = 0;

  bool operator==(const CommitPosition&) const = default;
  std::string to_string() const;
  static std::optional<CommitPosition> parse(std::string_view text);
};

}  // namespace questclient::base
