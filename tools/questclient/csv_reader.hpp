// CSV as RFC 4180 has it, record by record, in bounded memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "byte_source.hpp"

namespace questclient::tool {

/// Takes LF and CRLF, a byte order mark at the start, quoted fields with line ends and doubled quotes in
/// them. Empty lines are skipped.
class CsvReader {
 public:
  static constexpr std::size_t kMaxRecordBytes = std::size_t{16} << 20;

  explicit CsvReader(ByteSource& source, char delimiter = ',') : source_(source), delimiter_(delimiter) {}

  /// The source stands at `offset` of the input from now on, where line `line` begins.
  void go_on_at(std::uint64_t offset, std::uint64_t line);

  /// False at the end. The fields are valid until the next call. Throws InputError.
  bool next(std::vector<std::string_view>& fields);
  /// On which line of the input the record last returned begins, from 1.
  std::uint64_t line() const { return line_; }
  /// Where in the input it begins.
  std::uint64_t offset() const { return buffer_offset_ + begin_; }
  /// Where what follows it begins.
  std::uint64_t next_offset() const { return buffer_offset_ + next_; }
  std::uint64_t next_line() const { return next_line_; }

 private:
  bool find_record();
  bool refill();
  void split(std::string_view record, std::vector<std::string_view>& fields);
  [[noreturn]] void fail(std::size_t field, const std::string& why) const;

  ByteSource& source_;
  const char delimiter_;
  std::string buffer_;
  std::uint64_t buffer_offset_ = 0;  // of buffer_ in the input
  std::size_t begin_ = 0;            // of the record in buffer_
  std::size_t end_ = 0;              // of the record, its line end excluded
  std::size_t next_ = 0;             // of what follows it
  bool at_start_ = true;
  bool ended_ = false;
  std::uint64_t line_ = 0;
  std::uint64_t next_line_ = 1;
  std::string unquoted_;  // the fields of a record that had quotes
};

}  // namespace questclient::tool
