// Samples this machine and streams what it sees into QuestDB, through any outage.
//
//   host_metrics --conf 'http::addr=localhost:9000;sf_dir=/var/lib/quest;' --interval-ms 1000
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <questclient/questclient.hpp>

#include "sampler.hpp"

namespace {

using namespace questclient;
using Clock = std::chrono::steady_clock;

constexpr const char* kHelp =
    R"(Streams this machine's CPU, memory, disk, network and process figures into QuestDB.

  --conf CONF        connect string (default http::addr=localhost:9000;)
  --interval-ms N    time between samples (default 1000)
  --seconds S        stop after so long (default: until SIGINT or SIGTERM)
  --rows N           stop after so many rows
  --burst N          send N rows a second, as many samples as that takes
  --copy FILE        append every row to FILE before it is flushed, and an empty line after
  --json             print a summary as one line of JSON at the end

Exit codes: 0 every row is acknowledged; 1 rows wait in the slot, or an error; 2 usage.
)";

struct Arguments {
  std::string conf = "http::addr=localhost:9000;";
  std::chrono::nanoseconds interval = std::chrono::seconds(1);
  double seconds = 0;  // 0: for ever
  std::uint64_t rows = 0;
  std::uint64_t burst = 0;
  std::string copy;
  bool json = false;
};

double positive(std::string_view option, const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(number > 0) || number > 1e12) {
    throw std::invalid_argument(std::string(option) + " takes a number above 0, not '" + text + "'");
  }
  return number;
}

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--json") {
      arguments.json = true;
      continue;
    }
    if (i + 1 == argc) throw std::invalid_argument(std::string(option) + " is unknown or needs a value");
    const std::string value = argv[++i];
    if (option == "--conf") {
      arguments.conf = value;
    } else if (option == "--copy") {
      arguments.copy = value;
    } else if (option == "--interval-ms") {
      arguments.interval = std::chrono::nanoseconds(static_cast<std::int64_t>(positive(option, value) * 1e6));
    } else if (option == "--seconds") {
      arguments.seconds = positive(option, value);
    } else if (option == "--rows") {
      arguments.rows = static_cast<std::uint64_t>(positive(option, value));
    } else if (option == "--burst") {
      arguments.burst = static_cast<std::uint64_t>(positive(option, value));
    } else {
      throw std::invalid_argument("there is no option " + std::string(option));
    }
  }
  return arguments;
}

/// SIGINT and SIGTERM, taken from the queue instead of interrupting.
sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

/// Sleeps; true when asked to stop.
bool stopped_before(Clock::time_point moment, const sigset_t& signals) {
  const auto left = std::max(moment - Clock::now(), Clock::duration::zero());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  const timespec wait{seconds.count(), std::chrono::nanoseconds(left - seconds).count()};
  return sigtimedwait(&signals, nullptr, &wait) > 0;
}

struct Summary {
  std::uint64_t rows_sent = 0;
  std::uint64_t slot_rows_peak = 0;
  Clock::time_point last_ack = Clock::now();
  Clock::duration longest_ack_gap{};

  void look_at(const Stats& stats, Fsn& acked) {
    slot_rows_peak = std::max(slot_rows_peak, stats.slot_rows);
    const auto now = Clock::now();
    if (stats.acked_fsn != acked || acked >= stats.last_fsn) last_ack = now;
    acked = stats.acked_fsn;
    longest_ack_gap = std::max(longest_ack_gap, now - last_ack);
  }
};

int run(const Arguments& arguments) {
  const sigset_t signals = block_stop_signals();
  std::ofstream copy;
  if (!arguments.copy.empty()) {
    copy.open(arguments.copy, std::ios::app | std::ios::binary);
    if (!copy) throw std::runtime_error("cannot write " + arguments.copy);
  }
  auto sender = Sender::from_conf(arguments.conf);
  Sampler sampler;
  Summary summary;
  Fsn acked = 0;
  LineBuffer rows = sender.new_buffer();
  const auto begun = Clock::now();
  for (auto next = begun; !stopped_before(next, signals);) {
    const std::chrono::duration<double> elapsed = Clock::now() - begun;
    if (arguments.seconds > 0 && elapsed.count() >= arguments.seconds) break;
    if (arguments.rows > 0 && summary.rows_sent >= arguments.rows) break;

    const auto due = static_cast<std::uint64_t>(elapsed.count() * static_cast<double>(arguments.burst));
    do {
      sampler.sample(rows);
    } while (arguments.burst > 0 && summary.rows_sent + rows.rows() < due && rows.size() < 1 << 20);

    if (copy.is_open()) copy << rows.payload() << std::flush;
    summary.rows_sent += rows.rows();
    sender.flush(rows);
    if (copy.is_open()) copy << "\n" << std::flush;  // what stands before an empty line is in the slot
    summary.look_at(sender.stats(), acked);
    // After a stall the missed samples are left out, not made up for.
    next = std::max(next + arguments.interval, Clock::now());
  }
  sender.close();
  const Stats stats = sender.stats();
  summary.look_at(stats, acked);
  const auto gap = std::chrono::duration_cast<std::chrono::milliseconds>(summary.longest_ack_gap);
  if (arguments.json) {
    std::cout << "{\"rows_sent\":" << summary.rows_sent << ",\"slot_rows\":" << stats.slot_rows
              << ",\"slot_rows_peak\":" << summary.slot_rows_peak
              << ",\"rows_rejected\":" << stats.rows_rejected << ",\"longest_ack_gap_ms\":" << gap.count()
              << "}" << std::endl;
  } else {
    std::cout << summary.rows_sent << " rows sent, " << stats.slot_rows
              << " wait in the slot, longest time without "
              << "an acknowledgement " << gap.count() << " ms" << std::endl;
  }
  return stats.slot_rows == 0 && stats.rows_rejected == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && (argv[1] == std::string_view("--help") || argv[1] == std::string_view("-h"))) {
    std::cout << kHelp;
    return 0;
  }
  try {
    return run(parse(argc, argv));
  } catch (const std::invalid_argument& error) {
    std::cerr << "host_metrics: " << error.what() << "\n" << kHelp;
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "host_metrics: " << error.what() << "\n";
    return 1;
  }
}
