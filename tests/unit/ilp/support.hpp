#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <questclient/line_buffer.hpp>

namespace questclient::testing {

inline constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();

inline LineBuffer buffer_of(ProtocolVersion version) {
  LineBuffer::Options options;
  options.version = version;
  return LineBuffer(options);
}

/// The code of the Error that `call` throws; none if it throws nothing.
template <class Call>
std::optional<ErrorCode> code_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.disposition(), Disposition::fix_and_resend);
    return error.code();
  }
  return std::nullopt;
}

template <class Call>
std::string message_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

/// Invariant 1 of src/ilp/README.md.
inline void expect_lengths_add_up(const LineBuffer& buffer) {
  const auto lengths = buffer.row_lengths();
  EXPECT_EQ(std::accumulate(lengths.begin(), lengths.end(), std::size_t{0}), buffer.size());
  EXPECT_EQ(lengths.size(), buffer.rows());
  EXPECT_EQ(buffer.payload().size(), buffer.size());
}

/// Little-endian, as binary values hold it.
template <class T>
std::string bytes_of(T value) {
  std::string text(sizeof value, '\0');
  std::memcpy(text.data(), &value, sizeof value);
  return text;
}

/// A row-major array as version 2 writes it after the name.
inline std::string binary_array(const std::vector<std::uint32_t>& lengths,
                                const std::vector<double>& elements) {
  std::string text("==\x0e\x0a");
  text += static_cast<char>(lengths.size());
  for (const std::uint32_t length : lengths) text += bytes_of(length);
  for (const double element : elements) text += bytes_of(element);
  return text;
}

/// A double as version 2 writes it after the name.
inline std::string binary(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  std::string text = "==\x10";
  for (int i = 0; i < 8; ++i) text += static_cast<char>(bits >> (8 * i));
  return text;
}

}  // namespace questclient::testing
