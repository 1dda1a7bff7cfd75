#include "send_summary.hpp"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <limits>

#include <nlohmann/json.hpp>

#include "json_text.hpp"

namespace questclient::tool {

void print_as_json(const SendSummary& summary) {
  nlohmann::ordered_json json;
  json["rows_before"] = summary.rows_before;
  json["rows_sent"] = summary.rows_sent;
  json["rows_acked"] = summary.rows_acked;
  json["rows_durable"] = summary.rows_durable;
  json["dead_letters"] = summary.rows_rejected;
  json["rows_missing"] = summary.rows_missing;
  json["rows_waiting"] = summary.rows_waiting;
  json["rows_without_values"] = summary.rows_empty;
  json["last_line"] = summary.last_line;
  json["slot_rows_peak"] = summary.slot_rows_peak;
  json["longest_ack_gap_ms"] = summary.longest_ack_gap.count();
  json["seconds"] = summary.seconds;
  json["host"] = summary.host;
  json["slot"] = summary.slot;
  json["error"] = summary.failure;
  std::cout << on_one_line(json) << std::endl;
}

void print_text(const SendSummary& summary) {
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.2f", summary.seconds);
  if (summary.rows_before > 0) std::cout << "sent before    " << with_commas(summary.rows_before) << "\n";
  std::cout << "rows sent      " << with_commas(summary.rows_sent) << "\n"
            << "acknowledged   " << with_commas(summary.rows_acked) << "\n";
  // A server without an object store never says that rows are durable.
  if (summary.rows_durable > 0) std::cout << "durable        " << with_commas(summary.rows_durable) << "\n";
  std::cout << "dead letters   " << with_commas(summary.rows_rejected) << "\n";
  if (summary.rows_missing > 0) std::cout << "missing        " << with_commas(summary.rows_missing) << "\n";
  if (summary.rows_empty > 0)
    std::cout << "without values " << with_commas(summary.rows_empty) << " (skipped)\n";
  if (summary.rows_waiting > 0) std::cout << "waiting        " << with_commas(summary.rows_waiting) << "\n";
  std::cout << "seconds        " << seconds << std::endl;
}

void explain_rejections(const std::vector<SenderEvent>& rejections, const SendSummary& summary,
                        const DeliveryMonitor& monitor, Console& console) {
  for (const SenderEvent& event : rejections) {
    const std::uint64_t before = monitor.rows_before(event.fsn);
    const std::string where =
        before == std::numeric_limits<std::uint64_t>::max()
            ? "a row of an earlier run"
            : "row " + std::to_string(summary.rows_before + before + event.first_row + 1) + " of the input";
    console.note("rejected: " + where + ": " + event.message);
  }
  if (summary.rows_rejected > rejections.size()) {
    console.note("rejected: " + with_commas(summary.rows_rejected) + " rows in all");
  }
  console.note(
      summary.slot.empty()
          ? "the dead letters were kept in memory only; give sf_dir in the connect string to keep them"
          : "the rejected rows lie in the dead letters of slot " + summary.slot + " (dead.db)");
}

void fill_in(SendSummary& summary, const Stats& stats, const DeliveryMonitor& monitor) {
  summary.rows_sent = monitor.rows_flushed();
  // A frame counts as acknowledged once its rows are committed or in the dead letters.
  const auto without_rejected = [&](std::uint64_t rows) {
    return rows - std::min(rows, stats.rows_rejected);
  };
  summary.rows_acked = without_rejected(monitor.rows_up_to(stats.acked_fsn));
  summary.rows_durable = without_rejected(monitor.rows_up_to(stats.durable_fsn));
  summary.rows_rejected = stats.rows_rejected;
  summary.rows_missing = stats.rows_missing;
  summary.rows_waiting = stats.slot_rows;
  summary.slot_rows_peak = monitor.slot_rows_peak();
  summary.longest_ack_gap = monitor.longest_ack_gap();
  summary.seconds = monitor.elapsed().count();
}

}  // namespace questclient::tool
