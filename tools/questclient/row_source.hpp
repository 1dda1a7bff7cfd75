// Rows of an input, encoded one by one into a batch that is flushed as one frame.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace questclient::tool {

class RowSource {
 public:
  virtual ~RowSource() = default;
  /// Adds the next row to the batch; false at the end of the input. Throws InputError; the batch then holds
  /// every row before the one concerned.
  virtual bool next() = 0;

  virtual std::string_view payload() const = 0;
  virtual std::span<const std::uint32_t> row_lengths() const = 0;
  virtual void clear() = 0;
};

}  // namespace questclient::tool
