#include "top_view.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "console.hpp"
#include "json_text.hpp"
#include "sender_stats.hpp"
#include "slot_text.hpp"

namespace questclient::tool {
namespace {

using std::chrono::nanoseconds;

/// A sender writes once a second; after this time it is taken to have stopped doing so.
constexpr std::int64_t kFreshNanos = 5'000'000'000;
constexpr std::size_t kGaugeWidth = 30;

/// The lines of the view, none of them longer than the terminal is wide.
class Lines {
 public:
  explicit Lines(std::size_t columns) : columns_(std::max<std::size_t>(columns, 20)) {}
  void add(const std::string& name, const std::string& text) {
    std::string line = name;
    line.resize(std::max<std::size_t>(name.size() + 1, 11), ' ');
    out_ += one_line(line + text, columns_) + "\n";
  }
  void blank() { out_ += "\n"; }
  std::string take() { return std::move(out_); }

 private:
  const std::size_t columns_;
  std::string out_;
};

std::string bar(double share) {
  const auto filled = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * kGaugeWidth);
  char percent[16];
  std::snprintf(percent, sizeof percent, "] %.0f %%", share * 100);
  return "[" + std::string(filled, '#') + std::string(kGaugeWidth - filled, '.') + percent;
}

std::string rate(const std::optional<double>& rows, const std::optional<double>& bytes,
                 const std::optional<double>& frames) {
  const auto whole = [](double value) { return static_cast<std::uint64_t>(std::llround(value)); };
  std::string text;
  if (rows) text = with_commas(whole(*rows)) + " rows/s";
  if (bytes) text += (text.empty() ? "" : ", ") + readable_bytes(whole(*bytes)) + "/s";
  if (frames) text += (text.empty() ? "" : ", ") + with_commas(whole(*frames)) + " frames/s";
  return text.empty() ? "-" : text;
}

void add_latency(Lines& lines, const std::string& name, const LatencyStats& latency) {
  if (latency.count == 0) return;
  lines.add("  " + name, "p50 " + readable_time(latency.p50) + "  p90 " + readable_time(latency.p90) +
                             "  p99 " + readable_time(latency.p99) + "  max " + readable_time(latency.max));
}

void add_sender(Lines& lines, const SlotSample& now) {
  if (!now.sender) {
    lines.add("sender", "says nothing about itself (no stats.json)");
    return;
  }
  const Stats& stats = *now.sender;
  const nanoseconds age(std::max<std::int64_t>(0, now.wall_nanos - now.sender_wall_nanos));
  if (!now.sender_is_live()) lines.add("sender", "last heard of " + readable_time(age) + " ago; it said:");
  lines.add("committed", "up to frame " + with_commas(stats.acked_fsn) + ", durable up to " +
                             with_commas(stats.durable_fsn));
  lines.blank();
  for (const HostStats& host : stats.hosts)
    lines.add(host.address == stats.connected_to ? "host   *" : "host", host.address + "  " + host.state);
  lines.add("trouble", counted(stats.transport_errors, "transport error") + ", " +
                           counted(stats.server_errors, "server error") + ", " +
                           counted(stats.reconnects, "reconnect") + ", " +
                           counted(stats.backpressure_stalls, "stall") + " at the quota");
  lines.add("latency", "");
  add_latency(lines, "append", stats.append_latency);
  add_latency(lines, "request", stats.request_latency);
  add_latency(lines, "committed", stats.ack_latency);
  if (stats.rows_dropped + stats.rows_missing > 0)
    lines.add("LOST", counted(stats.rows_dropped, "row") + " dropped, " + counted(stats.rows_missing, "row") +
                          " missing");
  if (!stats.last_error.empty()) lines.add("last error", stats.last_error);
  if (!stats.last_terminal_error.empty()) lines.add("STOPPED", stats.last_terminal_error);
}

Json number_or_null(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

Json latency_json(const LatencyStats& latency) {
  const auto micros = [](nanoseconds time) { return static_cast<double>(time.count()) / 1000; };
  return {{"count", latency.count},
          {"p50_us", micros(latency.p50)},
          {"p90_us", micros(latency.p90)},
          {"p99_us", micros(latency.p99)},
          {"max_us", micros(latency.max)}};
}

Json sender_json(const Stats& stats) {
  Json json{{"acked_fsn", stats.acked_fsn},
            {"durable_fsn", stats.durable_fsn},
            {"connected_to", stats.connected_to},
            {"rows_rejected", stats.rows_rejected},
            {"rows_dropped", stats.rows_dropped},
            {"rows_missing", stats.rows_missing},
            {"reconnects", stats.reconnects},
            {"transport_errors", stats.transport_errors},
            {"server_errors", stats.server_errors},
            {"backpressure_stalls", stats.backpressure_stalls},
            {"append_latency", latency_json(stats.append_latency)},
            {"request_latency", latency_json(stats.request_latency)},
            {"ack_latency", latency_json(stats.ack_latency)},
            {"last_error", stats.last_error},
            {"last_terminal_error", stats.last_terminal_error},
            {"hosts", Json::array()}};
  for (const HostStats& host : stats.hosts)
    json["hosts"].push_back({{"address", host.address}, {"state", host.state}});
  return json;
}

}  // namespace

bool SlotSample::sender_is_live() const {
  return sender && slot.holder_pid && wall_nanos - sender_wall_nanos < kFreshNanos;
}

SlotSample look_at_slot(const std::filesystem::path& path) {
  SlotSample sample;
  sample.slot = inspect_slot(path);
  const PublishedStats published = published_stats(path);
  sample.sender = parse_sender_stats(published.json);
  sample.sender_wall_nanos = published.wall_nanos;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  sample.wall_nanos = std::chrono::duration_cast<nanoseconds>(now).count();
  return sample;
}

SlotRates rates_between(const SlotSample& before, const SlotSample& now) {
  SlotRates rates;
  const auto seconds = [](std::int64_t from, std::int64_t to) {
    return static_cast<double>(to - from) / 1e9;
  };
  const auto difference = [](std::uint64_t from, std::uint64_t to) {
    return static_cast<double>(to) - static_cast<double>(from);
  };
  const double slot_seconds = seconds(before.wall_nanos, now.wall_nanos);
  // An empty slot does not tell its numbers.
  if (slot_seconds > 0 && before.slot.last_fsn != 0 && now.slot.last_fsn >= before.slot.last_fsn) {
    const double in = difference(before.slot.last_fsn, now.slot.last_fsn);
    rates.frames_in = in / slot_seconds;
    rates.frames_out = std::max(0.0, in - difference(before.slot.frames, now.slot.frames)) / slot_seconds;
  }
  if (!before.sender || !now.sender || before.slot.holder_pid != now.slot.holder_pid) return rates;
  const double sender_seconds = seconds(before.sender_wall_nanos, now.sender_wall_nanos);
  if (sender_seconds <= 0) {
    // It has not spoken since.
    if (!now.sender_is_live()) rates.rows_in = rates.rows_out = rates.bytes_in = rates.bytes_out = 0;
    return rates;
  }
  const double rows_in = difference(before.sender->rows_flushed, now.sender->rows_flushed);
  const double bytes_in = difference(before.sender->bytes_flushed, now.sender->bytes_flushed);
  const double bytes_out = difference(before.sender->bytes_sent, now.sender->bytes_sent);
  if (rows_in < 0 || bytes_in < 0 || bytes_out < 0) return rates;  // another sender since
  rates.rows_in = rows_in / sender_seconds;
  rates.rows_out =
      std::max(0.0, rows_in - difference(before.sender->slot_rows, now.sender->slot_rows)) / sender_seconds;
  rates.bytes_in = bytes_in / sender_seconds;
  rates.bytes_out = bytes_out / sender_seconds;
  return rates;
}

std::string top_text(const SlotSample& now, const SlotRates& rates, std::size_t columns) {
  const SlotInfo& slot = now.slot;
  Lines lines(columns);
  lines.add("slot", slot.path.string());
  lines.add("held by", slot.holder_pid ? "process " + std::to_string(*slot.holder_pid)
                                       : "nobody: what waits is not being sent");
  const nanoseconds age(slot.oldest_wall_nanos == 0 ? 0 : now.wall_nanos - slot.oldest_wall_nanos);
  lines.add("waiting", counted(slot.frames, "frame") + ", " + counted(slot.rows, "row") +
                           (slot.frames == 0 ? "" : ", the oldest for " + readable_time(age)));
  if (now.sender && now.sender->slot_max_bytes != 0) {
    const auto used = now.sender->slot_bytes, quota = now.sender->slot_max_bytes;
    lines.add("quota", readable_bytes(used) + " of " + readable_bytes(quota) + "  " +
                           bar(static_cast<double>(used) / static_cast<double>(quota)));
  }
  lines.add("on disk", readable_bytes(slot.bytes));
  lines.add("in", rate(rates.rows_in, rates.bytes_in, rates.frames_in));
  lines.add("out", rate(rates.rows_out, rates.bytes_out, rates.frames_out));
  if (slot.dead_letters != 0)
    lines.add("dead", counted(slot.dead_letters, "letter") + ", " + readable_bytes(slot.dead_letter_bytes));
  if (slot.quarantined_files != 0)
    lines.add("damaged", counted(slot.quarantined_files, "file") + " in quarantine");
  add_sender(lines, now);
  return lines.take();
}

std::string top_json(const SlotSample& now, const SlotRates& rates) {
  const SlotInfo& slot = now.slot;
  Json json;
  json["time"] = utc(now.wall_nanos);
  json["slot"] = slot.path.string();
  json["holder_pid"] = slot.holder_pid ? Json(*slot.holder_pid) : Json();
  json["frames"] = slot.frames;
  json["rows"] = slot.rows;
  json["bytes"] = slot.bytes;
  json["quota_bytes"] = now.sender ? Json(now.sender->slot_bytes) : Json();
  json["max_bytes"] = now.sender ? Json(now.sender->slot_max_bytes) : Json();
  json["oldest_age_us"] = slot.oldest_wall_nanos == 0 ? 0 : (now.wall_nanos - slot.oldest_wall_nanos) / 1000;
  json["dead_letters"] = slot.dead_letters;
  json["quarantined_files"] = slot.quarantined_files;
  json["frames_in_per_second"] = number_or_null(rates.frames_in);
  json["frames_out_per_second"] = number_or_null(rates.frames_out);
  json["rows_in_per_second"] = number_or_null(rates.rows_in);
  json["rows_out_per_second"] = number_or_null(rates.rows_out);
  json["bytes_in_per_second"] = number_or_null(rates.bytes_in);
  json["bytes_out_per_second"] = number_or_null(rates.bytes_out);
  json["sender_is_live"] = now.sender_is_live();
  json["sender"] = now.sender ? sender_json(*now.sender) : Json();
  return on_one_line(json);
}

}  // namespace questclient::tool
