#include "slot_text.hpp"

#include <array>
#include <cstdio>
#include <ctime>

#include <questclient/error.hpp>

#include "cli/arguments.hpp"
#include "console.hpp"

namespace questclient::tool {
namespace {

std::string formatted(const char* format, double value) {
  char text[48];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

}  // namespace

std::string utc(std::int64_t wall_nanos) {
  if (wall_nanos == 0) return "";
  const std::time_t seconds = wall_nanos / 1'000'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::string readable_bytes(std::uint64_t bytes) {
  constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return formatted(unit == 0 ? "%.0f " : "%.1f ", value) + kUnits[unit];
}

std::string readable_time(std::chrono::nanoseconds time) {
  const double micros = static_cast<double>(time.count()) / 1000;
  if (micros < 1000) return formatted("%.0f us", micros);
  if (micros < 1e6) return formatted("%.1f ms", micros / 1000);
  if (micros < 60e6) return formatted("%.1f s", micros / 1e6);
  const auto seconds = static_cast<std::uint64_t>(micros / 1e6);
  if (seconds < 3600) return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
  return with_commas(seconds / 3600) + " h " + std::to_string(seconds / 60 % 60) + " min";
}

std::string readable_ranges(const std::vector<FsnRange>& ranges) {
  std::string text;
  for (const auto& [first, last] : ranges) {
    text += (text.empty() ? "" : ", ") + std::to_string(first);
    if (last != first) text += "-" + std::to_string(last);
  }
  return text;
}

std::string one_line(std::string_view text, std::size_t longest) {
  std::string line;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F) {
      line += c;
      continue;
    }
    char escaped[8];
    std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
    line += escaped;
  }
  if (line.size() <= longest) return line;
  line.resize(longest - 3);
  // Not in the middle of a character.
  while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xC0) == 0x80) line.pop_back();
  if (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xC0) == 0xC0) line.pop_back();
  return line + "...";
}

std::string counted(std::uint64_t number, const std::string& noun) {
  return with_commas(number) + " " + noun + (number == 1 ? "" : "s");
}

std::string read_key(const std::filesystem::path& path) {
  if (path.empty()) return {};
  try {
    return read_slot_key(path);
  } catch (const Error& error) {
    throw cli::UsageError("--key takes the file that sf_key names. " + std::string(error.what()));
  }
}

std::filesystem::path slot_folder(const std::string& argument) {
  const auto path = std::filesystem::absolute(argument).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

}  // namespace questclient::tool
