#include "timestamp_text.hpp"

#include <charconv>
#include <chrono>
#include <limits>
#include <time.h>

namespace questclient::tool {

namespace {

constexpr std::int64_t kNanos = 1'000'000'000;

std::optional<std::int64_t> scaled(std::int64_t count, std::int64_t unit, std::int64_t rest) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  const std::int64_t limit = kMost / unit - 1;
  if (count > limit || count < -limit) return std::nullopt;
  return count * unit + rest;
}

/// Takes exactly `digits` digits off the front.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int number = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return number;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

/// ".123" as a share of `unit`; digits beyond the unit are dropped. nullopt: no digit follows the point.
std::optional<std::int64_t> take_fraction(std::string_view& text, std::int64_t unit) {
  std::int64_t value = 0;
  bool any = false;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    unit /= 10;
    value += (text.front() - '0') * unit;
    text.remove_prefix(1);
    any = true;
  }
  return any ? std::optional(value) : std::nullopt;
}

/// "Z", "+01:00", "-0530", "+02" or nothing, in seconds east of UTC.
std::optional<int> take_offset(std::string_view& text) {
  if (text.empty() || take(text, 'Z') || take(text, 'z')) return 0;
  const int sign = text.front() == '-' ? -1 : 1;
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  const auto hours = take_number(text, 2);
  if (!hours) return std::nullopt;
  int minutes = 0;
  if (!text.empty()) {
    take(text, ':');
    const auto given = take_number(text, 2);
    if (!given || *given > 59) return std::nullopt;
    minutes = *given;
  }
  return sign * (*hours * 3600 + minutes * 60);
}

std::optional<std::int64_t> read_iso(std::string_view text) {
  const auto year = take_number(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  std::int64_t seconds = std::chrono::sys_days(date).time_since_epoch().count() * std::int64_t{86400};
  std::int64_t nanos = 0;
  if (take(text, 'T') || take(text, ' ')) {
    const auto hour = take_number(text, 2);
    if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
    const auto minute = take_number(text, 2);
    if (!minute || *minute > 59) return std::nullopt;
    seconds += *hour * 3600 + *minute * 60;
    if (take(text, ':')) {
      const auto second = take_number(text, 2);
      if (!second || *second > 59) return std::nullopt;
      seconds += *second;
      if (take(text, '.')) {
        const auto fraction = take_fraction(text, kNanos);
        if (!fraction) return std::nullopt;
        nanos = *fraction;
      }
    }
    const auto offset = take_offset(text);
    if (!offset) return std::nullopt;
    seconds -= *offset;
  }
  if (!text.empty()) return std::nullopt;
  return scaled(seconds, kNanos, nanos);
}

std::optional<std::int64_t> read_count(std::string_view text, std::int64_t unit) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{}) return std::nullopt;
  const bool negative = text.front() == '-';
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  std::int64_t rest = 0;
  if (take(text, '.')) {
    const auto fraction = take_fraction(text, unit);
    if (!fraction) return std::nullopt;
    rest = *fraction;
  }
  if (!text.empty()) return std::nullopt;
  return scaled(count, unit, negative ? -rest : rest);
}

/// timegm() makes the second of March of the 31st of February; nullopt for such a time.
std::optional<std::int64_t> seconds_of(const tm& parts) {
  tm normal = parts;  // timegm() clears tm_gmtoff too
  const std::int64_t seconds = timegm(&normal);
  const bool exists = normal.tm_mday == parts.tm_mday && normal.tm_mon == parts.tm_mon &&
                      normal.tm_year == parts.tm_year && normal.tm_hour == parts.tm_hour &&
                      normal.tm_min == parts.tm_min && normal.tm_sec == parts.tm_sec;
  return exists ? std::optional(seconds - parts.tm_gmtoff) : std::nullopt;
}

/// Where "%f" stands, which strptime(3) does not know; npos: nowhere.
std::size_t find_fraction(std::string_view pattern) {
  for (std::size_t at = 0; at + 1 < pattern.size(); ++at) {
    if (pattern[at] != '%') continue;
    if (pattern[at + 1] == 'f') return at;
    ++at;
  }
  return std::string_view::npos;
}

std::optional<std::int64_t> read_pattern(std::string pattern, std::string text) {
  std::int64_t nanos = 0;
  tm parts{};
  if (const std::size_t at = find_fraction(pattern); at != std::string::npos) {
    const char* begin = strptime(text.c_str(), pattern.substr(0, at).c_str(), &parts);
    if (begin == nullptr) return std::nullopt;
    std::string_view rest = begin;
    const auto fraction = take_fraction(rest, kNanos);
    if (!fraction) return std::nullopt;
    nanos = *fraction;
    // The rest in one call, for what stands on both sides may belong together: %I and %p.
    text.erase(static_cast<std::size_t>(begin - text.c_str()), static_cast<std::size_t>(rest.data() - begin));
    pattern.erase(at, 2);
    parts = {};
  }
  parts.tm_mday = 1;
  const char* end = strptime(text.c_str(), pattern.c_str(), &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  const auto seconds = seconds_of(parts);
  return seconds ? scaled(*seconds, kNanos, nanos) : std::nullopt;
}

}  // namespace

std::optional<TimestampFormat> TimestampFormat::parse(std::string_view name) {
  TimestampFormat format;
  format.name_ = name;
  if (name == "s") format.unit_nanos_ = kNanos;
  if (name == "ms") format.unit_nanos_ = 1'000'000;
  if (name == "us") format.unit_nanos_ = 1'000;
  if (name == "ns") format.unit_nanos_ = 1;
  if (format.unit_nanos_ == 0 && name != "iso" && name.find('%') == std::string_view::npos)
    return std::nullopt;
  return format;
}

std::optional<std::int64_t> TimestampFormat::read(std::string_view text) const {
  if (text.empty()) return std::nullopt;
  if (unit_nanos_ != 0) return read_count(text, unit_nanos_);
  return name_ == "iso" ? read_iso(text) : read_pattern(name_, std::string(text));
}

}  // namespace questclient::tool
