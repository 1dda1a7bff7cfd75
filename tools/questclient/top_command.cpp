// questclient top: a slot and its sender, live.
#include "commands.hpp"
#include "slot_text.hpp"
#include "terminal.hpp"
#include "top_view.hpp"

namespace questclient::tool {

namespace {

constexpr std::chrono::milliseconds kShortestInterval{100};
/// Without a look before there are no rates: the first ones come soon.
constexpr std::chrono::milliseconds kFirstInterval{200};

}  // namespace

cli::Command top_command() {
  cli::Command command("questclient top",
                       "Shows a slot and its sender live: depth, rates, hosts, latencies, errors.");
  command.option("interval", "TIME", "Between two looks, at least 100ms", "1s")
      .flag("once", "One look (two, an interval apart, for the rates), then the end")
      .flag("json", "Print a JSON object a line")
      .positional("SLOT", "The slot's folder: <sf_dir>/<sender_id>")
      .notes(
          R"(On a terminal the view is drawn in place; q or Ctrl-C ends it. Looks at the slot and at what its
sender writes into <slot>/stats.json once a second; does not disturb the sender.
  waiting    frames not trimmed yet, and how long ago the oldest was flushed
  quota      what counts against sf_max_total_bytes, as the sender says
  on disk    all files of the slot, dead letters and spare room included
  in, out    flushed into the slot; sent (bytes, replays included) and trimmed (rows, frames)
  host   *   the host that is written to; the others with what is known of them
  latency    append: flush() itself; request: until the server's answer; committed: from flush
             to the acknowledgement

Examples:
  questclient top /var/lib/quest/ingest-1
  questclient top /var/lib/quest/ingest-1 --once --json | jq .rows_in_per_second

Exit codes: 0 ended by q, Ctrl-C or --once; 1 the slot cannot be read; 2 the command line is wrong.
)");
  return command;
}

int run_top(const cli::ParsedArguments& arguments) {
  const auto path = slot_folder(arguments.text("SLOT"));
  const auto interval = arguments.duration("interval");
  if (interval < kShortestInterval) throw cli::UsageError("--interval takes at least 100ms");
  const bool once = arguments.has("once");
  const bool as_json = arguments.has("json");
  SlotSample before = look_at_slot(path);
  Terminal terminal(!once && !as_json);
  if (!once && !as_json) terminal.show(top_text(before, {}, terminal.columns()));
  auto next = once ? interval : std::min(interval, kFirstInterval);
  while (terminal.wait(next)) {
    const SlotSample now = look_at_slot(path);
    const SlotRates rates = rates_between(before, now);
    terminal.show(as_json ? top_json(now, rates) + "\n" : top_text(now, rates, terminal.columns()));
    if (once) break;
    // The sender speaks once a second; rates are between two of its words.
    const bool spoke = !now.sender || now.sender_wall_nanos != before.sender_wall_nanos;
    if (spoke || !now.sender_is_live()) before = now;
    next = interval;
  }
  return cli::kExitOk;
}

}  // namespace questclient::tool
