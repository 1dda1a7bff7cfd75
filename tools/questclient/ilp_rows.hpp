// Cuts ILP into its rows without understanding more of it than where a row ends.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "byte_source.hpp"
#include "row_source.hpp"

namespace questclient::tool {

/// Finds the end of a row, byte by byte: a line end is none when it is escaped or belongs to a binary value
/// (protocol version 2 and later), and a CR is none in quotes either. An LF in quotes ends the row: the
/// server refuses that row in any case, and what follows it must not go with it.
class RowEndFinder {
 public:
  /// True when `byte` is a line end that ends the row; the next byte then begins another one.
  bool ends_row(char byte);
  bool in_binary() const { return state_ >= State::binary_type; }

 private:
  enum class State : std::uint8_t {
    names,         // table and symbols: quotes mean nothing
    fields,        // names and plain values
    value,         // right behind the equals sign of a field
    quoted,        // in a string
    binary_type,   // behind "=="
    array_header,  // element type, dimensions and their lengths
    decimal_header,
    skip,  // `skip_` bytes of a binary value
  };
  void take_array_header(unsigned char byte);

  State state_ = State::names;
  bool escaped_ = false;
  std::uint64_t skip_ = 0;
  std::array<unsigned char, 2 + 32 * 4> header_{};
  std::size_t header_size_ = 0;
};

/// Empty lines and a byte order mark at the start are left out; CRLF becomes LF; the last line needs no line
/// end.
class IlpRows final : public RowSource {
 public:
  static constexpr std::size_t kMaxRowBytes = std::size_t{16} << 20;

  explicit IlpRows(ByteSource& source) : source_(source) {}

  /// Before the first row: the source stands at this place of the input.
  void go_on_at(const Place& place);

  bool next() override;
  const Place& place() const override { return place_; }
  std::string_view payload() const override { return std::string_view(batch_).substr(0, row_start_); }
  std::span<const std::uint32_t> row_lengths() const override { return lengths_; }
  void clear() override;

 private:
  bool refill();
  /// False: there was nothing on the line.
  bool end_row();
  void move_place();

  ByteSource& source_;
  std::vector<char> input_ = std::vector<char>(256 * 1024);
  std::size_t input_at_ = 0;
  std::size_t input_end_ = 0;
  std::uint64_t input_offset_ = 0;  // of input_ in the whole
  bool input_ended_ = false;
  RowEndFinder finder_;
  std::string batch_;  // whole rows, then the row under way
  std::size_t row_start_ = 0;
  std::vector<std::uint32_t> lengths_;
  std::uint64_t line_ = 1;
  std::uint64_t row_line_ = 1;  // where the row under way begins
  std::uint64_t row_offset_ = 0;
  Place place_;
};

}  // namespace questclient::tool
