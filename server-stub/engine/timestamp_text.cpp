#include "engine/timestamp_text.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

namespace questnode::engine {
namespace {

/// Takes the parts of a text one after the other.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  bool accept(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// Exactly `digits` digits, the number from `lowest` to `highest`.
  std::optional<int> number(std::size_t digits, int lowest, int highest) {
    if (rest_.size() < digits) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return std::nullopt;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return value < lowest || value > highest ? std::nullopt : std::optional(value);
  }
  /// 1 to 9 digits behind the point.
  std::optional<std::int64_t> nanos() {
    constexpr std::size_t kMaxDigits = 9;
    std::int64_t value = 0;
    std::size_t digits = 0;
    for (; digits < rest_.size() && digits < kMaxDigits && rest_[digits] >= '0' && rest_[digits] <= '9';
         ++digits)
      value = value * 10 + (rest_[digits] - '0');
    if (digits == 0) return std::nullopt;
    rest_.remove_prefix(digits);
    for (; digits < kMaxDigits; ++digits) value *= 10;
    return value;
  }

 private:
  std::string_view rest_;
};

struct Moment {
  std::int64_t seconds = 0;  ///< Since 1970.
  std::int64_t nanos = 0;
};

/// Behind the date: hours, then perhaps minutes, seconds, a fraction.
bool read_time(Reader& in, Moment& moment) {
  const auto hours = in.number(2, 0, 23);
  if (!hours) return false;
  moment.seconds += *hours * 3600;
  if (!in.accept(':')) return true;
  const auto minutes = in.number(2, 0, 59);
  if (!minutes) return false;
  moment.seconds += *minutes * 60;
  if (!in.accept(':')) return true;
  const auto seconds = in.number(2, 0, 59);
  if (!seconds) return false;
  moment.seconds += *seconds;
  if (!in.accept('.')) return true;
  const auto nanos = in.nanos();
  moment.nanos = nanos.value_or(0);
  return nanos.has_value();
}

bool read_zone(Reader& in, Moment& moment) {
  if (in.accept('Z') || in.at_end()) return true;
  const bool east = in.accept('+');
  if (!east && !in.accept('-')) return false;
  const auto hours = in.number(2, 0, 23);
  in.accept(':');
  const auto minutes = in.at_end() ? std::optional(0) : in.number(2, 0, 59);
  if (!hours || !minutes) return false;
  const std::int64_t offset = *hours * 3600 + *minutes * 60;
  moment.seconds += east ? -offset : offset;
  return true;
}

std::optional<Moment> read_moment(std::string_view text) {
  Reader in(text);
  const auto year = in.number(4, 0, 9999);
  if (!year) return std::nullopt;
  std::optional<int> month = 1;
  std::optional<int> day = 1;
  bool whole_date = false;
  if (in.accept('-')) {
    month = in.number(2, 1, 12);
    whole_date = month && in.accept('-');
    if (whole_date) day = in.number(2, 1, 31);
  }
  if (!month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  Moment moment;
  moment.seconds = std::chrono::sys_seconds(std::chrono::sys_days(date)).time_since_epoch().count();
  if (whole_date && (in.accept('T') || in.accept(' ')) && !read_time(in, moment)) return std::nullopt;
  if (!read_zone(in, moment) || !in.at_end()) return std::nullopt;
  return moment;
}

}  // namespace

std::optional<std::int64_t> parse_timestamp_text(std::string_view text, ColumnType type) {
  const auto moment = read_moment(text);
  if (!moment) return std::nullopt;
  const std::int64_t units = type == ColumnType::date        ? 1000
                             : type == ColumnType::timestamp ? 1'000'000
                                                             : 1'000'000'000;
  std::int64_t value = 0;
  if (__builtin_mul_overflow(moment->seconds, units, &value) ||
      __builtin_add_overflow(value, moment->nanos / (1'000'000'000 / units), &value)) {
    return moment->seconds < 0 ? std::numeric_limits<std::int64_t>::min()
                               : std::numeric_limits<std::int64_t>::max();
  }
  return value;
}

}  // namespace questnode::engine
