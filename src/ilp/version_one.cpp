#include "ilp/version_one.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>

#include "ilp/items.hpp"
#include "ilp/number.hpp"

namespace questclient::ilp {
namespace {

std::optional<std::int64_t> as_integer(std::string_view digits) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

/// Goes through the rows and copies them, but for what it replaces.
class Rewriter {
 public:
  explicit Rewriter(std::string_view rows) : rows_(rows) { out_.reserve(rows.size() + rows.size() / 4); }

  std::string run() {
    while (at_ < rows_.size() && row()) {
    }
    out_ += rows_.substr(copied_);
    return std::move(out_);
  }

 private:
  /// False: this is not a row as a LineBuffer writes it.
  bool row() {
    skip_to(" \n");  // table and symbols
    if (!take(' ')) return take('\n');
    do {
      const std::size_t begin = at_;
      skip_to("=\n");
      if (!take('=')) return designated(begin);  // symbols only
      if (!value()) return false;
    } while (take(','));
    if (take(' ')) {
      const std::size_t begin = at_;
      skip_to("\n");
      return designated(begin);
    }
    return take('\n');
  }

  bool value() {
    if (take('=')) return binary();
    const std::size_t begin = at_;
    if (take('"')) {
      skip_to("\"");
      return take('"');
    }
    skip_to(", \n");
    std::string_view text = rows_.substr(begin, at_ - begin);
    if (!text.ends_with('n')) return true;
    text.remove_suffix(1);
    if (const auto nanos = as_integer(text)) replace_number(begin, floor_to_micros(*nanos), "t");
    return true;
  }

  bool binary() {
    const std::size_t equals = at_ - 1;
    if (at_ >= rows_.size()) return false;
    switch (rows_[at_++]) {
      case kBinaryDouble:
        return binary_double(equals);
      case kBinaryArray:
        return skip_array();
      case kBinaryDecimal:  // scale, length, digits
        return skip(2) && skip(byte_at(at_ - 1));
      default:
        return false;
    }
  }

  bool binary_double(std::size_t equals) {
    double number = 0;
    const std::size_t begin = at_;
    if (!skip(sizeof number)) return false;
    std::memcpy(&number, rows_.data() + begin, sizeof number);
    std::array<char, kNumberRoom> text{};
    replace(equals, {text.data(), write_double(text.data(), number)});
    return true;
  }

  bool skip_array() {  // element type, dimensions, their lengths, elements
    if (!skip(2)) return false;
    const std::size_t dimensions = byte_at(at_ - 1);
    std::uint64_t elements = dimensions == 0 ? 0 : 1;
    for (std::size_t i = 0; i < dimensions; ++i) {
      std::uint32_t length = 0;
      if (!skip(sizeof length)) return false;
      std::memcpy(&length, rows_.data() + at_ - sizeof length, sizeof length);
      elements *= length;
      if (elements > rows_.size()) return false;
    }
    return skip(elements * sizeof(double));
  }

  bool designated(std::size_t begin) {
    std::string_view text = rows_.substr(begin, at_ - begin);
    const char unit = text.empty() ? '\0' : text.back();
    if (unit == 'n' || unit == 't') {
      text.remove_suffix(1);
      const auto number = as_integer(text);
      constexpr std::int64_t kMostMicros = std::numeric_limits<std::int64_t>::max() / 1000;
      if (number && unit == 'n') replace_number(begin, *number, "");
      if (number && unit == 't' && *number <= kMostMicros) replace_number(begin, *number * 1000, "");
    }
    return take('\n');
  }

  /// To the first of these that no backslash stands before, or to the end.
  void skip_to(std::string_view ends) {
    while (at_ < rows_.size() && ends.find(rows_[at_]) == std::string_view::npos)
      at_ += rows_[at_] == '\\' ? 2 : 1;
    at_ = std::min(at_, rows_.size());
  }
  bool skip(std::size_t bytes) {
    if (bytes > rows_.size() - at_) return false;
    at_ += bytes;
    return true;
  }
  bool take(char wanted) {
    if (at_ >= rows_.size() || rows_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  std::size_t byte_at(std::size_t at) const { return static_cast<unsigned char>(rows_[at]); }

  /// `text` instead of what stands from `begin` to here.
  void replace(std::size_t begin, std::string_view text) {
    out_ += rows_.substr(copied_, begin - copied_);
    out_ += text;
    copied_ = at_;
  }
  void replace_number(std::size_t begin, std::int64_t number, std::string_view unit) {
    replace(begin, std::to_string(number).append(unit));
  }

  std::string_view rows_;
  std::size_t at_ = 0;
  std::size_t copied_ = 0;  ///< What is before it stands in out_.
  std::string out_;
};

}  // namespace

std::string in_version_one(std::string_view rows) {
  return Rewriter(rows).run();
}

}  // namespace questclient::ilp
