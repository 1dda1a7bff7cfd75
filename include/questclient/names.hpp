// Names that are checked once and used often.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

namespace questclient {

/// A name as a call takes it: whatever a std::string_view can be made of. A null pointer stands for an empty
/// name, which is refused.
class NameView {
 public:
  NameView(const char* name) noexcept  // NOLINT(google-explicit-constructor)
      : name_(name == nullptr ? std::string_view() : std::string_view(name)) {}
  template <class Text>
  requires(std::is_convertible_v<const Text&, std::string_view> &&
           !std::is_convertible_v<const Text&, const char*>)
      NameView(const Text& name)  // NOLINT(google-explicit-constructor)
      : name_(name) {}
  operator std::string_view() const noexcept { return name_; }  // NOLINT(google-explicit-constructor)

 private:
  std::string_view name_;
};

/// A table name, checked and escaped once so that rows can reuse it at the cost of a copy. Immutable: to move
/// one is to copy it.
///
///     const TableName trades("trades");
///
/// Throws Error{invalid_name}, naming the character and its place. `max_name_len`: see LineBuffer::Options.
class TableName {
 public:
  explicit TableName(NameView name, std::size_t max_name_len = 127);
  TableName(const TableName&) = default;
  TableName& operator=(const TableName&) = default;
  /// As it stands on the wire.
  std::string_view encoded() const noexcept { return {padded_.data(), length_}; }

 private:
  friend class LineBuffer;
  friend class PreparedRow;

  std::string padded_;  // the encoded name, then zeros up to whole 16-byte blocks, which are quick to copy
  std::size_t length_ = 0;
};

/// A column or symbol name, checked and escaped once. Immutable: to move one is to copy it. Throws
/// Error{invalid_name}.
class ColumnName {
 public:
  explicit ColumnName(NameView name, std::size_t max_name_len = 127);
  ColumnName(const ColumnName&) = default;
  ColumnName& operator=(const ColumnName&) = default;
  /// As it stands on the wire.
  std::string_view encoded() const noexcept { return {padded_.data() + 1, length_ - 2}; }

 private:
  friend class LineBuffer;
  friend class PreparedRow;

  std::string padded_;  // ',', the encoded name, '=', then zeros up to whole 16-byte blocks
  std::size_t length_ = 0;
};

}  // namespace questclient
