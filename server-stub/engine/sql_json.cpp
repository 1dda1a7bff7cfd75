#include "engine/sql_json.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "engine/names.hpp"

namespace questnode::engine {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x20) {
    out += c;
  } else {
    out += "\\u00";
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
}

template <class Number>
void append_shortest(std::string& out, Number value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  std::array<char, 40> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  const std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  if (valid_utf8(text)) {
    for (const char c : text) append_escaped(out, c);
  } else {
    for (std::size_t at = 0; at < text.size();) {
      std::size_t length = 4;
      while (length > 0 && !(at + length <= text.size() && valid_utf8(text.substr(at, length)))) --length;
      if (length == 0) {
        out += kReplacement;
        ++at;
        continue;
      }
      for (const char c : text.substr(at, length)) append_escaped(out, c);
      at += length;
    }
  }
  out += '"';
}

void append_json_double(std::string& out, double value) {
  append_shortest(out, value);
}

void append_json_float(std::string& out, float value) {
  append_shortest(out, value);
}

void append_json_integer(std::string& out, std::int64_t value) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

void append_json_timestamp(std::string& out, std::int64_t value, int digits) {
  std::int64_t unit = 1;
  for (int i = 0; i < digits; ++i) unit *= 10;
  std::int64_t second = value / unit;
  std::int64_t fraction = value % unit;
  if (fraction < 0) {
    fraction += unit;
    --second;
  }
  constexpr std::int64_t kDay = 86'400;
  const std::int64_t day = (second < 0 ? second - kDay + 1 : second) / kDay;
  const std::int64_t in_day = second - day * kDay;
  // Howard Hinnant's civil_from_days: std::chrono's year ends at 32767, milliseconds and micros go beyond.
  const std::int64_t shifted = day + 719'468;
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const std::int64_t day_of_era = shifted - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const std::int64_t day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const std::int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  std::array<char, 80> text;
  const int length = std::snprintf(
      text.data(), text.size(), "\"%04lld-%02lld-%02lldT%02lld:%02lld:%02lld.%0*lldZ\"",
      static_cast<long long>(year), static_cast<long long>(month), static_cast<long long>(day_of_month),
      static_cast<long long>(in_day / 3600), static_cast<long long>(in_day / 60 % 60),
      static_cast<long long>(in_day % 60), digits, static_cast<long long>(fraction));
  out.append(text.data(), static_cast<std::size_t>(length));
}

}  // namespace questnode::engine
