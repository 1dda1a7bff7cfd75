// Rows of an input, encoded one by one into a batch that is flushed as one frame.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace questclient::tool {

/// How far an input is read. Lines count from 1.
struct Place {
  std::uint64_t offset = 0;  ///< Where what follows begins.
  std::uint64_t line = 1;    ///< The line it begins on.
  std::uint64_t rows = 0;    ///< In front of it.
  std::uint64_t last_row_offset = 0;
  std::uint64_t last_row_line = 0;  ///< 0: there is no row in front of it.
};

class RowSource {
 public:
  virtual ~RowSource() = default;
  /// Adds the next row to the batch; false at the end of the input. Throws InputError; the batch then holds
  /// every row before the one concerned.
  virtual bool next() = 0;
  /// Right behind the row that next() added last, or the end of the input.
  virtual const Place& place() const = 0;

  virtual std::string_view payload() const = 0;
  virtual std::span<const std::uint32_t> row_lengths() const = 0;
  virtual void clear() = 0;
};

}  // namespace questclient::tool
