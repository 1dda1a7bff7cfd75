// What became of the rows of `send`, as text and as JSON.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <questclient/events.hpp>
#include <questclient/stats.hpp>

#include "console.hpp"
#include "delivery_monitor.hpp"
#include "row_source.hpp"

namespace questclient::tool {

struct SendSummary {
  std::uint64_t rows_before = 0;  ///< Of the input, taken by earlier runs.
  std::uint64_t rows_sent = 0;
  std::uint64_t rows_acked = 0;
  std::uint64_t rows_durable = 0;
  std::uint64_t rows_rejected = 0;
  std::uint64_t rows_missing = 0;
  std::uint64_t rows_waiting = 0;
  std::uint64_t rows_empty = 0;
  std::uint64_t last_line = 0;  ///< Where the last row begins that was taken.
  std::uint64_t slot_rows_peak = 0;
  std::chrono::milliseconds longest_ack_gap{0};
  double seconds = 0;
  std::string host;
  std::string slot;  ///< Empty: memory.
  std::string failure;

  bool is_good() const { return failure.empty() && rows_rejected == 0 && rows_missing == 0; }
};

void fill_in(SendSummary& summary, const Stats& stats, const DeliveryMonitor& monitor);
void print_as_json(const SendSummary& summary);
void print_text(const SendSummary& summary);
void explain_rejections(const std::vector<SenderEvent>& rejections, const SendSummary& summary,
                        const DeliveryMonitor& monitor, Console& console);

}  // namespace questclient::tool
