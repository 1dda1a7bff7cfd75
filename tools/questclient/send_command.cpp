// questclient send: ILP or CSV into a cluster, with a report on what became of every row.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <nlohmann/json.hpp>

#include <questclient/sender.hpp>

#include "commands.hpp"
#include "console.hpp"
#include "csv_input.hpp"
#include "delivery_monitor.hpp"
#include "ilp_rows.hpp"
#include "json_text.hpp"
#include "resume_signal.hpp"

namespace questclient::tool {

namespace {

constexpr std::size_t kFrameBytes = 512 * 1024;
constexpr std::size_t kFrameRows = 50'000;
constexpr std::size_t kRejectionsShown = 5;

struct Input {
  std::unique_ptr<FileSource> file;  // of ILP
  std::unique_ptr<CsvInput> csv;
  std::unique_ptr<RowSource> ilp_rows;

  RowSource& rows() { return csv ? csv->rows() : *ilp_rows; }
  FileSource& source() { return csv ? csv->file() : *file; }
};

Input open_input(const cli::ParsedArguments& arguments, const Options& options, Console& console) {
  const std::string& path = arguments.text("FILE");
  Input input;
  if (!arguments.has("csv")) {
    for (const char* name : {"table", "symbols", "timestamp", "types", "null"}) {
      if (arguments.has(name))
        throw cli::UsageError("--" + std::string(name) + " is for CSV; give --csv too");
    }
    input.file = std::make_unique<FileSource>(path);
    input.ilp_rows = std::make_unique<IlpRows>(*input.file);
    return input;
  }
  if (!arguments.has("table"))
    throw cli::UsageError("--csv needs --table NAME, the table that the rows go to");
  CsvOptions csv;
  csv.symbols = arguments.text("symbols");
  csv.timestamp = arguments.text("timestamp");
  csv.types = arguments.text("types");
  if (arguments.has("null")) csv.null_texts = arguments.all("null");
  LineBuffer::Options buffer;
  buffer.version = static_cast<ProtocolVersion>(options.line_version());
  buffer.max_name_len = options.max_name_len;
  input.csv = std::make_unique<CsvInput>(path, csv, arguments.text("table"), LineBuffer(buffer));
  if (csv.timestamp.empty()) {
    console.note(
        "warning: without --timestamp the server stamps each row when it arrives; rows sent twice cannot be "
        "told apart by a server that is not questnode");
  }
  return input;
}

/// What the sender tells while it works, kept for the summary.
class EventLog {
 public:
  explicit EventLog(Console& console) : console_(console) {}

  void take(const SenderEvent& event) {
    if (event.kind == SenderEvent::Kind::connected || event.kind == SenderEvent::Kind::disconnected) return;
    if (event.kind == SenderEvent::Kind::rows_rejected) {
      const std::lock_guard lock(mutex_);
      if (rejections_.size() < kRejectionsShown) rejections_.push_back(event);
      return;
    }
    console_.note("warning: " + (event.host.empty() ? "" : event.host + ": ") + event.message);
  }

  std::vector<SenderEvent> rejections() const {
    const std::lock_guard lock(mutex_);
    return rejections_;
  }

 private:
  Console& console_;
  mutable std::mutex mutex_;
  std::vector<SenderEvent> rejections_;
};

/// Moves batches into the sender, at most `rate` rows a second (0: as fast as they are taken).
class Feeder {
 public:
  Feeder(Sender& sender, RowSource& rows, DeliveryMonitor& monitor, std::uint64_t rate)
      : sender_(sender), rows_(rows), monitor_(monitor), rate_(rate) {
    if (rate_ > 0) frame_rows_ = std::clamp<std::size_t>(rate_ / 20, 1, kFrameRows);
  }

  /// Until the input ends. Throws InputError after everything before the bad row is flushed.
  void run() {
    try {
      while (rows_.next()) {
        if (rows_.payload().size() >= kFrameBytes || rows_.row_lengths().size() >= frame_rows_) flush();
      }
    } catch (const InputError&) {
      flush();
      throw;
    }
    flush();
  }

  void flush() {
    const std::uint64_t rows = rows_.row_lengths().size();
    if (rows == 0) return;
    last_fsn_ = flush_when_there_is_room();
    rows_.clear();
    monitor_.flushed(last_fsn_, rows);
    flushed_rows_ += rows;
    if (rate_ > 0) {
      const auto due =
          std::chrono::duration<double>(static_cast<double>(flushed_rows_) / static_cast<double>(rate_));
      std::this_thread::sleep_until(begun_ +
                                    std::chrono::duration_cast<std::chrono::steady_clock::duration>(due));
    }
  }

  Fsn last_fsn() const { return last_fsn_; }

 private:
  /// A full slot is no failure as long as the server goes on taking rows.
  Fsn flush_when_there_is_room() {
    while (true) {
      const Fsn acked = sender_.acked_fsn();
      try {
        return sender_.flush_encoded(rows_.payload(), rows_.row_lengths());
      } catch (const Error& error) {
        if (error.code() != ErrorCode::slot_full || sender_.acked_fsn() == acked) throw;
      }
    }
  }

  Sender& sender_;
  RowSource& rows_;
  DeliveryMonitor& monitor_;
  const std::uint64_t rate_;
  std::size_t frame_rows_ = kFrameRows;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::uint64_t flushed_rows_ = 0;
  Fsn last_fsn_ = 0;
};

struct Summary {
  std::uint64_t rows_sent = 0;
  std::uint64_t rows_acked = 0;
  std::uint64_t rows_durable = 0;
  std::uint64_t rows_rejected = 0;
  std::uint64_t rows_missing = 0;
  std::uint64_t rows_waiting = 0;
  std::uint64_t rows_empty = 0;
  std::uint64_t slot_rows_peak = 0;
  std::chrono::milliseconds longest_ack_gap{0};
  double seconds = 0;
  std::string host;
  std::string slot;  // empty: memory
  std::string failure;
};

void print_as_json(const Summary& summary) {
  nlohmann::ordered_json json;
  json["rows_sent"] = summary.rows_sent;
  json["rows_acked"] = summary.rows_acked;
  json["rows_durable"] = summary.rows_durable;
  json["dead_letters"] = summary.rows_rejected;
  json["rows_missing"] = summary.rows_missing;
  json["rows_waiting"] = summary.rows_waiting;
  json["rows_without_values"] = summary.rows_empty;
  json["slot_rows_peak"] = summary.slot_rows_peak;
  json["longest_ack_gap_ms"] = summary.longest_ack_gap.count();
  json["seconds"] = summary.seconds;
  json["host"] = summary.host;
  json["slot"] = summary.slot;
  json["error"] = summary.failure;
  std::cout << one_line(json) << std::endl;
}

void print_text(const Summary& summary) {
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.2f", summary.seconds);
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

void explain_rejections(const std::vector<SenderEvent>& rejections, const Summary& summary,
                        const DeliveryMonitor& monitor, Console& console) {
  for (const SenderEvent& event : rejections) {
    const std::uint64_t before = monitor.rows_before(event.fsn);
    const std::string where = before == std::numeric_limits<std::uint64_t>::max()
                                  ? "a row of an earlier run"
                                  : "row " + std::to_string(before + event.first_row + 1) + " of the input";
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

void fill_in(Summary& summary, const Stats& stats, const DeliveryMonitor& monitor) {
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

std::string not_awaited(const Options& options, const Stats& stats, Ack ack) {
  const std::string what = is_tcp(options.transport) ? "sent"
                           : ack == Ack::durable     ? "durable"
                                                     : "acknowledged";
  const std::string why = stats.last_error.empty() ? "" : " Last trouble: " + stats.last_error;
  if (options.sf_dir.empty()) {
    return "not every row was " + what +
           " within --timeout; the slot is in memory, so rows that still wait are lost "
           "with this process. Give sf_dir in the connect string to keep them." +
           why;
  }
  return "not every row was " + what + " within --timeout; rows that still wait stay in slot " +
         options.sf_dir + "/" + options.sender_id + " and are sent first by the next sender that opens it." +
         why;
}

Ack ack_of(const cli::ParsedArguments& arguments) {
  const std::string& text = arguments.text("ack");
  if (text == "committed") return Ack::committed;
  if (text == "durable") return Ack::durable;
  throw cli::UsageError("--ack takes committed or durable, not '" + text + "'");
}

}  // namespace

cli::Command send_command() {
  cli::Command command("questclient send",
                       "Sends the rows of a file into QuestDB and waits until they are safe.");
  command.option("conf", "CONF", "Connect string (default: environment variable QDB_CLIENT_CONF)")
      .flag("csv", "The input is CSV with a header line (default: ILP lines)")
      .option("table", "NAME", "CSV: the table that the rows go to")
      .option("symbols", "A,B", "CSV: columns to send as symbols")
      .option("timestamp", "COLUMN[:FORMAT]",
              "CSV: the column that holds the row's time. FORMAT: iso, s, ms,\n"
              "us, ns or a strptime pattern (default iso, UTC)")
      .option("types", "COL=TYPE,...",
              "CSV: symbol, bool, long, double, string, timestamp[:FORMAT]\n"
              "(default: double if every value is a number, else string)")
      .option("null", "TEXT", "CSV: text that stands for no value, beside the empty field;\nmay be repeated",
              "NA")
      .option("rate", "N", "At most so many rows a second; 0: no limit", "0")
      .option("ack", "LEVEL", "What to wait for at the end: committed, or durable\n(in the object store)",
              "committed")
      .option("timeout", "TIME", "How long to wait for it after the last row", "60s")
      .flag("json", "Print the summary as one line of JSON")
      .positional("FILE", "What to send; - is standard input")
      .notes(R"(Examples:
  questclient send metrics.ilp --conf 'http::addr=localhost:9000;'
  questclient send trades.csv --csv --table trades --symbols symbol,side \
      --timestamp time --conf 'http::addr=a:9000,b:9000;sf_dir=/var/lib/quest;'
  tail -f app.ilp | questclient send - --conf 'http::addr=localhost:9000;'
  questclient send x.csv --csv --table x --timestamp 'when:%d/%m/%Y %H:%M' \
      --types id=long,note=string --null NULL

With sf_dir in the connect string the rows lie on disk before they are sent: they survive
this process, and whatever was not acknowledged is sent first the next time.
From standard input the types are decided on the first 10,000 rows; name them with --types
and --symbols to have rows sent as they come.

What the server refuses for good (401, 403, or a policy that says halt) stops the sending, and
every row is kept. Signal USR1 lets it go on once the cause is mended: kill -USR1 PID.

Over tcp there are no acknowledgements: 0 then means only that the rows have left, and what
the server refuses is not known. Use http where rows matter.

Exit codes: 0 every row is as safe as --ack asks; 1 rows were rejected (they are in the
dead letters), still wait, or could not be read (the message names line and column; every
row before it was sent); 2 the command line or the connect string is wrong.
)");
  return command;
}

Options connection_options(const cli::ParsedArguments& arguments) {
  try {
    return arguments.has("conf") ? Options::from_conf(arguments.text("conf")) : Options::from_env();
  } catch (const Error& error) {
    throw cli::UsageError(error.what());
  }
}

/// On SIGUSR1. A sender that is closed meanwhile has nothing to go on with.
void resume(Sender& sender) {
  try {
    sender.resume();
  } catch (const Error&) {
  }
}

int run_send(const cli::ParsedArguments& arguments) {
  ResumeSignal::block();
  const Options options = connection_options(arguments);
  const Ack ack = ack_of(arguments);
  const auto timeout = arguments.duration("timeout");
  const auto rate = static_cast<std::uint64_t>(arguments.integer("rate", 0, 1'000'000'000));
  Console console;
  EventLog events(console);
  Input input = open_input(arguments, options, console);
  Sender sender(options, [&events](const SenderEvent& event) { events.take(event); });
  const ResumeSignal resume_signal([&sender] { resume(sender); });
  DeliveryMonitor monitor(sender, console);
  Feeder feeder(sender, input.rows(), monitor, rate);
  input.source().on_idle([&feeder] { feeder.flush(); });

  Summary summary;
  if (!options.sf_dir.empty()) summary.slot = options.sf_dir + "/" + options.sender_id;
  const auto note_failure = [&](const std::string& text) {
    if (summary.failure.empty()) summary.failure = text;
    console.note("error: " + text);
  };
  try {
    feeder.run();
  } catch (const std::exception& error) {
    note_failure(error.what());
  }
  try {
    // ILP over TCP has no answers: all that can be awaited is that the rows have left.
    const bool done =
        is_tcp(options.transport) ? sender.drain(timeout) : sender.wait(feeder.last_fsn(), ack, timeout);
    if (!done) note_failure(not_awaited(options, sender.stats(), ack));
    summary.host = sender.stats().connected_to;
    sender.close();
  } catch (const Error& error) {
    note_failure(error.what());
  }
  monitor.stop();
  fill_in(summary, sender.stats(), monitor);
  if (input.csv) summary.rows_empty = input.csv->rows().empty_rows();
  if (summary.rows_rejected > 0) explain_rejections(events.rejections(), summary, monitor, console);
  if (arguments.has("json")) {
    print_as_json(summary);
  } else {
    print_text(summary);
  }
  return summary.failure.empty() && summary.rows_rejected == 0 && summary.rows_missing == 0
             ? cli::kExitOk
             : cli::kExitFailed;
}

}  // namespace questclient::tool
