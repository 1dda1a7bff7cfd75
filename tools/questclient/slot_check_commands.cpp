// questclient slot verify, slot export: out of a slot without changing it.
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <system_error>

#include <nlohmann/json.hpp>

#include <questclient/slot.hpp>

#include "commands.hpp"
#include "console.hpp"
#include "interruption.hpp"
#include "json_text.hpp"
#include "progress_bar.hpp"
#include "row_output.hpp"
#include "slot_text.hpp"

namespace questclient::tool {

namespace {

constexpr int kExitUnchecked = 3;

/// Until it is interrupted: a slot that is damaged is looked at in a copy, which a process that is killed
/// leaves behind.
SlotProgressHandler shown_on(ProgressBar& bar, const Interruption& interruption) {
  return [&](const SlotProgress& progress) {
    bar.show(progress.bytes_done, progress.bytes_total, counted(progress.rows, "row"));
    return !interruption.requested();
  };
}

Json ranges_json(const std::vector<FsnRange>& ranges) {
  Json json = Json::array();
  for (const auto& [first, last] : ranges) json.push_back({first, last});
  return json;
}

Json damage_json(const std::vector<SlotDamage>& damage) {
  Json json = Json::array();
  for (const SlotDamage& found : damage)
    json.push_back(
        {{"file", found.file.string()}, {"message", found.message}, {"frames_behind", found.frames_behind}});
  return json;
}

void print_damage(std::ostream& out, const std::vector<SlotDamage>& damage,
                  const std::vector<FsnRange>& missing) {
  for (const SlotDamage& found : damage) out << "damaged       " << found.message << "\n";
  if (!missing.empty()) out << "missing       frames " << readable_ranges(missing) << "\n";
}

void print_verification(const SlotVerification& found) {
  std::cout << "segments      " << with_commas(found.segments) << "\n"
            << "good frames   " << with_commas(found.frames) << " (" << counted(found.rows, "row") << ", "
            << readable_bytes(found.bytes) << ")\n"
            << "dead letters  " << with_commas(found.dead_letters) << "\n";
  print_damage(std::cout, found.damage, found.missing);
  if (found.sound()) {
    std::cout << "sound" << std::endl;
    return;
  }
  std::cout
      << "DAMAGED: nothing was changed. A sender that opens the slot saves the good frames and sets the\n"
         "damaged files aside; 'questclient slot export' writes the good frames now."
      << std::endl;
}

int verify(const cli::ParsedArguments& arguments) {
  const std::string key = read_key(arguments.text("key"));
  Console console;
  const Interruption interruption;
  SlotVerification found;
  {
    ProgressBar bar(console);
    found = verify_slot(slot_folder(arguments.text("SLOT")), key, shown_on(bar, interruption));
  }
  if (!found.complete) {
    std::cerr << "questclient: interrupted after " << counted(found.frames, "good frame")
              << "; the slot is not checked\n";
    return kExitUnchecked;
  }
  if (!arguments.has("json")) {
    print_verification(found);
  } else {
    print_json({{"sound", found.sound()},
                {"segments", found.segments},
                {"frames", found.frames},
                {"rows", found.rows},
                {"bytes", found.bytes},
                {"dead_letters", found.dead_letters},
                {"damage", damage_json(found.damage)},
                {"missing", ranges_json(found.missing)}});
  }
  return found.sound() ? cli::kExitOk : cli::kExitFailed;
}

}  // namespace

cli::Command slot_verify_command() {
  cli::Command command("questclient slot verify",
                       "Checks every frame and every dead letter of a slot. Changes nothing.");
  command.option("key", "FILE", "The key of an encrypted slot, as given to sf_key")
      .flag("json", "Print a JSON object")
      .positional("SLOT", "The slot's folder: <sf_dir>/<sender_id>")
      .notes(
          R"(Reads the whole slot: each frame's checksum (and, with the key, its encryption), the log of each
segment, the numbers from the oldest frame that is not trimmed to the newest. Damaged files and
numbers that are missing are named, and how many good frames stand behind the damage: they are found
as the sender that opens the slot finds them, in a copy of the damaged segment (below TMPDIR, three
times its size). Works while the sender runs, and does not disturb it.

Examples:
  questclient slot verify /var/lib/quest/ingest-1
  questclient slot verify /mnt/rescued/ingest-1 --json || alert "exit code $?: 1 damaged, 3 not checked"

Exit codes: 0 sound; 1 damaged or frames missing; 2 the command line is wrong; 3 it could not be
checked: there is no slot, it cannot be read, the key does not fit, or it was interrupted.
)");
  return command;
}

int run_slot_verify(const cli::ParsedArguments& arguments) {
  try {
    return verify(arguments);
  } catch (const Error& error) {
    std::cerr << "questclient: " << error.what() << "\n";
    return kExitUnchecked;
  }
}

cli::Command slot_export_command() {
  cli::Command command("questclient slot export",
                       "Writes the rows of a slot as ILP that any server takes. Changes nothing.");
  command.option("output", "FILE", "Where to; complete when it has that name", "standard output")
      .option("from", "FSN", "First frame (default: the oldest that is not trimmed)")
      .option("to", "FSN", "Last frame (default: the newest)")
      .option("key", "FILE", "The key of an encrypted slot, as given to sf_key")
      .flag("json", "Print what was exported as JSON; needs --output")
      .positional("SLOT", "The slot's folder: <sf_dir>/<sender_id>")
      .notes(
          R"(The rows come byte for byte as they were encoded, in order, each ended by a line end. Values that
stand in binary (doubles and arrays since protocol version 2) stay so: 'questclient send FILE'
reads them. What is damaged is left out and named on standard error; what is good behind it is
written too.
A frame that a sender has delivered but not trimmed yet is exported too: send the rows only to
another server, or to a table with DEDUP UPSERT KEYS. Works while the sender runs.

Examples:
  questclient slot export /var/lib/quest/ingest-1 | head
  questclient slot export /var/lib/quest/ingest-1 --output backlog.ilp
  questclient slot export /var/lib/quest/ingest-1 --from 120 --to 180 --output part.ilp
  questclient send backlog.ilp --conf 'http::addr=other:9000;'

Exit codes: 0 every frame was written; 1 frames are damaged or missing (the others were written),
the slot cannot be read, or it was interrupted (FILE is then as it was); 2 the command line is wrong.
)");
  return command;
}

int run_slot_export(const cli::ParsedArguments& arguments) {
  if (arguments.has("json") && !arguments.has("output"))
    throw cli::UsageError("--json needs --output FILE: standard output takes the rows");
  SlotExport what;
  const auto number = [&](const char* name) {
    return arguments.has(name) ? static_cast<Fsn>(arguments.integer(name, 1, INT64_MAX)) : Fsn{0};
  };
  what.from = number("from");
  what.to = number("to");
  if (what.to != 0 && what.to < what.from) throw cli::UsageError("--to is lower than --from");
  what.key = read_key(arguments.text("key"));
  Console console;
  const Interruption interruption;
  RowOutput output(arguments.has("output") ? arguments.text("output") : "");
  SlotExported done;
  {
    ProgressBar bar(console);
    what.progress = shown_on(bar, interruption);
    done = export_slot(slot_folder(arguments.text("SLOT")), what,
                       [&](const SlotFrame& frame) { output.write_rows(frame.payload, frame.row_lengths); });
    if (done.complete) output.finish();
  }
  if (!done.complete) {
    std::cerr << "questclient: interrupted after " << counted(done.rows, "row")
              << (arguments.has("output") ? "; nothing was written\n" : "\n");
    return cli::kExitFailed;
  }
  if (arguments.has("json")) {
    print_json({{"frames", done.frames},
                {"rows", done.rows},
                {"bytes", done.bytes},
                {"first_fsn", done.first_fsn},
                {"last_fsn", done.last_fsn},
                {"damage", damage_json(done.damage)},
                {"missing", ranges_json(done.missing)}});
  } else {
    std::string text = "exported " + counted(done.rows, "row") + " of " + counted(done.frames, "frame");
    if (done.frames != 0) text += " (" + readable_ranges({{done.first_fsn, done.last_fsn}}) + ")";
    std::cerr << text << ", " << readable_bytes(done.bytes) << "\n";
    print_damage(std::cerr, done.damage, done.missing);
  }
  return done.damage.empty() && done.missing.empty() ? cli::kExitOk : cli::kExitFailed;
}

}  // namespace questclient::tool
