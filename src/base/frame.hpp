// A frame: one flushed batch of rows, as it lies in the slot and travels to the server.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/delivery.hpp"

namespace questclient::base {

/// Immutable once built; shared between the memory ring and the sender. The payload is opaque to the slot and
/// the sender: row_lengths alone tell where its rows begin, and add up to its size.
struct Frame {
  Fsn fsn = 0;
  Uuid stream;           ///< Who numbered it.
  Fsn stream_first = 0;  ///< The first number of that stream.
  std::int64_t flushed_wall_nanos = 0;
  std::string payload;
  std::vector<std::uint32_t> row_lengths;

  std::uint32_t rows() const { return static_cast<std::uint32_t>(row_lengths.size()); }
};

using FramePtr = std::shared_ptr<const Frame>;

}  // namespace questclient::base
