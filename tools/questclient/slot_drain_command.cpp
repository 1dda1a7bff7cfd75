// questclient slot drain: replays a slot to any server, from any machine.
#include <algorithm>
#include <iostream>

#include <nlohmann/json.hpp>

#include <questclient/sender.hpp>
#include <questclient/slot.hpp>

#include "commands.hpp"
#include "console.hpp"
#include "interruption.hpp"
#include "json_text.hpp"
#include "progress_bar.hpp"
#include "slot_drain.hpp"
#include "slot_text.hpp"

namespace questclient::tool {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookEvery{100};

std::string progress_text(const Stats& stats) {
  std::string text = counted(stats.slot_rows, "row") + " left, ";
  text += stats.connected_to.empty() ? "no host" : stats.connected_to;
  return text;
}

std::string why_not_empty(const Stats& stats, bool interrupted) {
  std::string why = interrupted ? "interrupted" : "not empty within --timeout";
  if (!stats.last_terminal_error.empty())
    why = "sending has stopped: " + stats.last_terminal_error;
  else if (!stats.last_error.empty())
    why += "; last trouble: " + stats.last_error;
  return why + ". What is left stays in the slot.";
}

/// A sender takes the folder's name for its sender_id.
void require_sender_id(const std::filesystem::path& slot) {
  Options named = Options::from_conf("http::addr=localhost;");
  named.sender_id = slot.filename().string();
  try {
    named.validate();
  } catch (const Error&) {
    throw Error(ErrorCode::config, Disposition::fix_and_resend,
                "No sender can take the slot " + slot.string() +
                    " under its folder's name: that takes 1 to 128 letters, digits, '-', '_' or '.', not "
                    "beginning with '.'. Rename the folder.");
  }
}

}  // namespace

void naming_the_holder(const std::filesystem::path& slot, const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::slot_locked) throw;
    const auto holder = inspect_slot(slot).holder_pid;
    throw Error(ErrorCode::slot_locked, error.disposition(),
                "The slot " + slot.string() + " is in use by process " +
                    (holder ? std::to_string(*holder) : "(unknown)") +
                    ", which sends its rows: stop that process first.");
  }
}

Drained drain_slot(Options options, const std::filesystem::path& slot, std::chrono::milliseconds timeout,
                   Console& console) {
  require_sender_id(slot);
  options.sf_dir = slot.parent_path().string();
  options.sender_id = slot.filename().string();
  options.drain_orphans = false;
  // The wait is made here, where it can be interrupted.
  options.initial_connect_retry = ConnectRetry::async;
  options.close_flush_timeout_millis = std::chrono::milliseconds(0);
  const Interruption interruption;
  const auto note = [&console](const SenderEvent& event) {
    if (event.kind == SenderEvent::Kind::connected || event.kind == SenderEvent::Kind::disconnected) return;
    console.note((event.kind == SenderEvent::Kind::rows_rejected ? "rejected: " : "warning: ") +
                 (event.host.empty() ? "" : event.host + ": ") + event.message);
  };
  std::optional<Sender> opened;
  naming_the_holder(slot, [&] { opened.emplace(options, note); });
  Sender& sender = *opened;
  const std::uint64_t rows = sender.stats().slot_rows;
  const auto deadline = Clock::now() + timeout;
  Drained drained;
  {
    ProgressBar bar(console);
    while (!drained.empty) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
      drained.empty = sender.drain(std::clamp(left, std::chrono::milliseconds(0), kLookEvery));
      const Stats stats = sender.stats();
      bar.show(rows - std::min(rows, stats.slot_rows), rows, progress_text(stats), "rows");
      const bool stopped = !stats.last_terminal_error.empty() || interruption.requested();
      if (stopped || left <= std::chrono::milliseconds(0)) break;
    }
  }
  const Stats stats = sender.stats();
  drained.rows_left = stats.slot_rows;
  drained.rows_rejected = stats.rows_rejected;
  drained.rows_missing = stats.rows_missing;
  drained.rows = rows - std::min(rows, stats.slot_rows + stats.rows_rejected);
  drained.host = stats.connected_to;
  if (!drained.empty) drained.failure = why_not_empty(stats, interruption.requested());
  sender.close();
  return drained;
}

int report_drained(const Drained& drained, bool as_json) {
  if (as_json) {
    nlohmann::ordered_json json{{"empty", drained.empty},
                                {"rows", drained.rows},
                                {"rows_left", drained.rows_left},
                                {"dead_letters", drained.rows_rejected},
                                {"rows_missing", drained.rows_missing},
                                {"host", drained.host},
                                {"error", drained.failure}};
    print_json(json);
  } else {
    std::cout << "delivered     " << counted(drained.rows, "row") << "\n"
              << "left          " << counted(drained.rows_left, "row") << "\n"
              << "dead letters  " << with_commas(drained.rows_rejected) << std::endl;
    if (drained.rows_missing > 0)
      std::cout << "missing       " << counted(drained.rows_missing, "row") << std::endl;
    if (!drained.failure.empty()) std::cerr << "questclient: " << drained.failure << "\n";
  }
  const bool all = drained.empty && drained.rows_rejected == 0 && drained.rows_missing == 0;
  return all ? cli::kExitOk : cli::kExitFailed;
}

Options drain_options(const cli::ParsedArguments& arguments) {
  Options options = connection_options(arguments);
  const std::string key = read_key(arguments.text("key"));
  if (key.empty()) return options;
  options.sf_key.clear();
  options.sf_key_provider = [key] { return key; };
  return options;
}

cli::Command slot_drain_command() {
  cli::Command command("questclient slot drain", "Sends what waits in a slot, until it is empty.");
  command
      .option("conf", "CONF",
              "Connect string: where to (default: environment variable QDB_CLIENT_CONF).\n"
              "Its sf_dir and sender_id do not count")
      .option("timeout", "TIME", "How long to go on at most", "1h")
      .option("key", "FILE", "The key of an encrypted slot, as given to sf_key")
      .flag("json", "Print a JSON object")
      .positional("SLOT", "The slot's folder: <sf_dir>/<sender_id>, or a copy of it")
      .notes(
          R"(Takes the slot as a sender does: it is refused while another process holds the slot. Rows that a
server refuses go to the slot's dead letters. Interrupted (Ctrl-C) or killed, it can be run
again: questnode recognises what it has; on another server the rows of the last requests may
arrive twice (not in a table with DEDUP UPSERT KEYS).
A copy of a slot holds the same rows: drain one of them, and delete the other.

Examples:
  questclient slot drain /var/lib/quest/ingest-1 --conf 'http::addr=a:9000,b:9000;'
  scp -r host:/var/lib/quest/ingest-1 . && questclient slot drain ingest-1 --conf 'http::addr=b:9000;'

Exit codes: 0 the slot is empty and every row was taken; 1 rows are left, were rejected or are
missing, or the slot is held by another process; 2 the command line or the connect string is wrong.
)");
  return command;
}

int run_slot_drain(const cli::ParsedArguments& arguments) {
  const Options options = drain_options(arguments);
  const auto timeout = arguments.duration("timeout");
  const auto slot = slot_folder(arguments.text("SLOT"));
  require_slot(slot);  // A sender would make a new one where there is none.
  Console console;
  return report_drained(drain_slot(options, slot, timeout, console), arguments.has("json"));
}

}  // namespace questclient::tool
