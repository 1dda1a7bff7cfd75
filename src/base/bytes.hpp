// Little-endian writing and bounds-checked reading of every format that this project stores or sends.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace questclient::base {

static_assert(std::endian::native == std::endian::little, "formats are written in the machine's own order");

/// Appends fixed-width numbers and length-prefixed strings to a std::string that it does not own.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  template <class T>
  requires std::is_arithmetic_v<T>
  void number(T value) { out_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void raw(std::string_view bytes) { out_.append(bytes); }
  /// u32 length, then the bytes.
  void text(std::string_view bytes) {
    number(static_cast<std::uint32_t>(bytes.size()));
    raw(bytes);
  }
  std::size_t size() const { return out_.size(); }
  /// Overwrites a number written earlier, for example a length known only afterwards.
  template <class T>
  requires std::is_arithmetic_v<T>
  void patch(std::size_t at, T value) { std::memcpy(out_.data() + at, &value, sizeof value); }

 private:
  std::string& out_;
};

/// Thrown by ByteReader when the bytes end too early or hold an impossible length.
struct MalformedBytes : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Reads what ByteWriter wrote from bytes that it does not own. Never reads past the end.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  template <class T>
  requires std::is_arithmetic_v<T> T number() {
    T value;
    std::memcpy(&value, raw(sizeof value).data(), sizeof value);
    return value;
  }
  std::string_view raw(std::size_t length) {
    if (length > rest_.size()) throw MalformedBytes("the bytes end too early");
    const std::string_view taken = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return taken;
  }
  std::string_view text() { return raw(number<std::uint32_t>()); }
  std::string_view rest() const { return rest_; }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace questclient::base
