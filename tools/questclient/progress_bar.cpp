#include "progress_bar.hpp"

#include <algorithm>
#include <cstdio>

#include "slot_text.hpp"

namespace questclient::tool {
namespace {

constexpr std::size_t kBarWidth = 24;
constexpr std::chrono::milliseconds kRedrawEvery{100};

}  // namespace

std::string progress_line(std::uint64_t done, std::uint64_t total, std::chrono::duration<double> elapsed,
                          const std::string& rest, const std::string& unit) {
  const double share = total == 0 ? 1 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const auto filled = static_cast<std::size_t>(share * kBarWidth);
  char percent[16];
  std::snprintf(percent, sizeof percent, "] %3.0f %%", share * 100);
  std::string line = "[" + std::string(filled, '#') + std::string(kBarWidth - filled, '.') + percent;
  const double rate = elapsed.count() > 0 ? static_cast<double>(done) / elapsed.count() : 0;
  if (rate > 0) {
    const auto whole = static_cast<std::uint64_t>(rate);
    line += "  " + (unit.empty() ? readable_bytes(whole) : with_commas(whole) + " " + unit) + "/s";
    const double left = static_cast<double>(total - std::min(done, total)) / rate;
    if (left > 0 && left < 1e6)
      line += ", " + readable_time(std::chrono::nanoseconds(static_cast<std::int64_t>(left * 1e9))) + " left";
  }
  return rest.empty() ? line : line + "  " + rest;
}

void ProgressBar::show(std::uint64_t done, std::uint64_t total, const std::string& rest,
                       const std::string& unit) {
  const auto now = Clock::now();
  if (!console_.is_terminal() || (shown_ != Clock::time_point::min() && now - shown_ < kRedrawEvery)) return;
  shown_ = now;
  console_.progress(progress_line(done, total, now - begun_, rest, unit));
}

}  // namespace questclient::tool
