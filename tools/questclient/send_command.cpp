// questclient send: ILP or CSV into a cluster, with a report on what became of every row.
#include <optional>

#include "commands.hpp"
#include "console.hpp"
#include "resume_signal.hpp"
#include "send_input.hpp"
#include "send_run.hpp"
#include "send_summary.hpp"

namespace questclient::tool {

namespace {

SendSettings settings_of(const cli::ParsedArguments& arguments, const Options& options) {
  SendSettings settings;
  const std::string& ack = arguments.text("ack");
  if (ack != "committed" && ack != "durable")
    throw cli::UsageError("--ack takes committed or durable, not '" + ack + "'");
  if (ack == "durable") settings.ack = Ack::durable;
  if (settings.ack == Ack::durable && is_tcp(options.transport)) {
    throw cli::UsageError(
        "--ack durable cannot be had over tcp, which has no acknowledgements; use http or https");
  }
  settings.timeout = arguments.duration("timeout");
  settings.rate = static_cast<std::uint64_t>(arguments.integer("rate", 0, 1'000'000'000));
  settings.restart = arguments.has("restart");
  return settings;
}

int report(const SendSummary& summary, bool as_json) {
  if (as_json) {
    print_as_json(summary);
  } else {
    print_text(summary);
  }
  return summary.is_good() ? cli::kExitOk : cli::kExitFailed;
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
              "us, ns or a strptime pattern, %f in it a fraction of a second\n"
              "(default iso, UTC)")
      .option("types", "COL=TYPE,...",
              "CSV: symbol, bool, long, double, string, timestamp[:FORMAT]\n"
              "(default: double if every value is a number; long for whole\n"
              "numbers beyond what a double holds; else, and for numbers\n"
              "with leading zeros, string)")
      .option("delimiter", "CHAR", "CSV: what stands between two fields; tab is written as tab", ",")
      .option("null", "TEXT", "CSV: text that stands for no value, beside the empty field;\nmay be repeated",
              "NA")
      .option("rate", "N", "At most so many rows a second; 0: no limit", "0")
      .option("ack", "LEVEL", "What to wait for at the end: committed, or durable\n(in the object store)",
              "committed")
      .option("timeout", "TIME", "How long to wait for it after the last row", "60s")
      .flag("restart", "Send all of FILE, also what was sent before")
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
this process, and whatever was not acknowledged is sent first the next time. The slot also
keeps how far FILE is sent. After Ctrl-C, a kill, a full slot or a bad row the same command
goes on behind the last row that was taken, and no row is sent twice; it says so. For a file
that has grown it sends what is new; one that was sent completely and not written since is
not sent again (exit code 0). One whose sent part has changed is sent from the beginning, and
so is one that was written anew since all of it was sent. --restart sends all in any case.
About twenty files are remembered in a slot, each for its table; other options of --csv count
from where it goes on. Standard input and a slot in memory are not gone on with, nor is a
slot that holds the position of another program.

From standard input the types are decided on the first 10,000 rows; name them with --types
and --symbols to have rows sent as they come.

What the server refuses for good (401, 403, or a policy that says halt) stops the sending.
Signal USR1 lets it go on once the cause is mended: kill -USR1 PID, while the input lasts and,
where rows lie in memory only, until --timeout. With sf_dir it ends then, and the rows are
kept for the next time.

Over tcp there are no acknowledgements: 0 then means only that the rows have left, and what
the server refuses is not known. Use http where rows matter.

Exit codes: 0 every row is as safe as --ack asks; 1 rows were rejected (they are in the
dead letters), still wait, or could not be read (the message names line and column; every
row before it was sent, but none if the types of a CSV file were still to be decided by its
values), or it was interrupted; 2 the command line or the connect string is wrong.
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

int run_send(const cli::ParsedArguments& arguments) {
  ResumeSignal::block();
  const Options options = connection_options(arguments);
  const SendSettings settings = settings_of(arguments, options);
  const bool as_json = arguments.has("json");
  Console console;
  std::optional<SendInput> input;
  try {
    input.emplace(arguments, options, console);
  } catch (const InputError& error) {
    if (!as_json) throw;
    console.note(std::string("error: ") + error.what());
    SendSummary summary;
    summary.failure = error.what();
    return report(summary, as_json);
  }
  return report(SendRun(options, settings, *input, console).run(), as_json);
}

}  // namespace questclient::tool
