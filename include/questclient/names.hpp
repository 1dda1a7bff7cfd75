// Names that are checked once and used often.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace questclient {

/// A table name, checked and escaped once so that rows can reuse it at the cost of a copy. Immutable.
///
///     const TableName trades("trades");
///
/// Throws Error{invalid_name}, naming the character and its place.
class TableName {
 public:
  explicit TableName(std::string_view name, std::size_t max_name_len = 127);
  /// As it stands on the wire.
  std::string_view encoded() const noexcept { return {padded_.data(), length_}; }

 private:
  friend class LineBuffer;
  friend class PreparedRow;

  std::string padded_;  // the encoded name, then zeros up to whole 16-byte blocks, which are quick to copy
  std::size_t length_ = 0;
};

/// A column or symbol name, checked and escaped once. Immutable. Throws Error{invalid_name}.
class ColumnName {
 public:
  explicit ColumnName(std::string_view name, std::size_t max_name_len = 127);
  /// As it stands on the wire.
  std::string_view encoded() const noexcept { return {padded_.data() + 1, length_ - 2}; }

 private:
  friend class LineBuffer;
  friend class PreparedRow;

  std::string padded_;  // ',', the encoded name, '=', then zeros up to whole 16-byte blocks
  std::size_t length_ = 0;
};

}  // namespace questclient
