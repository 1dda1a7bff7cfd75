#include "config/values.hpp"

#include <charconv>
#include <limits>

namespace questclient::config {
namespace {

constexpr std::string_view kUnits = "kmgt";

}  // namespace

std::string join(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

std::optional<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const char last = text.back();
  const char unit = last >= 'A' && last <= 'Z' ? static_cast<char>(last - 'A' + 'a') : last;
  const std::size_t power = kUnits.find(unit);
  if (power == std::string_view::npos) return parse_count(text);
  const auto count = parse_count(text.substr(0, text.size() - 1));
  const std::uint64_t factor = std::uint64_t{1} << (10 * (power + 1));
  if (!count || *count > std::numeric_limits<std::uint64_t>::max() / factor) return std::nullopt;
  return *count * factor;
}

std::string print_size(std::uint64_t bytes) {
  std::size_t power = 0;
  while (bytes != 0 && bytes % 1024 == 0 && power < kUnits.size()) {
    bytes /= 1024;
    ++power;
  }
  const std::string digits = std::to_string(bytes);
  return power == 0 ? digits : digits + kUnits[power - 1];
}

}  // namespace questclient::config
