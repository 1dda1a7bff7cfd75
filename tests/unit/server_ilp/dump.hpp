// Parsed requests as text, so that a test reads as: this body, these rows.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <variant>

#include "ilp/parser.hpp"

namespace questnode::ilp::test {

inline constexpr std::int64_t kArrival = 1'000'000'000;

inline std::string value_text(const engine::BlockColumn& column, std::size_t value) {
  switch (engine::storage_of(column.type)) {
    case engine::Storage::integer:
      return std::to_string(column.integers[value]);
    case engine::Storage::real: {
      std::array<char, 32> digits;
      return {digits.data(),
              std::to_chars(digits.data(), digits.data() + digits.size(), column.reals[value]).ptr};
    }
    case engine::Storage::text:
      return std::string(column.text_at(value));
  }
  return {};
}

/// "t a:SYMBOL=x f:LONG=1 @5": one line a row; "us" behind a timestamp in microseconds.
inline std::string dump(const engine::ParsedTable& table) {
  std::string out;
  for (std::uint32_t row = 0; row < table.block.rows; ++row) {
    out += table.name;
    for (const engine::BlockColumn& column : table.block.columns) {
      const auto value = column.value_of(row);
      if (!value) continue;
      out += ' ' + column.name + ':' + std::string(engine::type_name(column.type));
      for (int i = 1; i < column.dimensions; ++i) out += "[]";
      out += '=' + value_text(column, *value);
    }
    out +=
        " @" + std::to_string(table.block.timestamps[row]) + (table.timestamps_in_micros ? "us" : "") + '\n';
  }
  return out;
}

/// All tables, or "line n: message" without QuestDB's introduction.
inline std::string parsed(std::string_view body, Precision precision = Precision::nanos) {
  const auto result = parse(body, precision, kArrival);
  if (const auto* error = std::get_if<ParseError>(&result)) {
    const std::string introduction =
        "failed to parse line protocol:errors encountered on line(s):\nerror in line " +
        std::to_string(error->line) + ": ";
    if (!error->message.starts_with(introduction)) return "unexpected message: " + error->message;
    return "line " + std::to_string(error->line) + ": " + error->message.substr(introduction.size());
  }
  std::string out;
  for (const engine::ParsedTable& table : std::get<engine::WriteRequest>(result).tables) out += dump(table);
  return out;
}

template <class T>
std::string bytes_of(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

inline std::string binary_double(double value) {
  return "=\x10" + bytes_of(value);
}

}  // namespace questnode::ilp::test
