// questclient slot list, slot show: what lies in slots.
#include <algorithm>
#include <chrono>
#include <iostream>

#include <nlohmann/json.hpp>

#include <questclient/slot.hpp>

#include "commands.hpp"
#include "console.hpp"
#include "json_text.hpp"
#include "sender_stats.hpp"
#include "slot_text.hpp"
#include "text_table.hpp"

namespace questclient::tool {

namespace {

constexpr std::size_t kLineLength = 160;

Json time_or_null(std::int64_t wall_nanos) {
  return wall_nanos == 0 ? Json() : Json(utc(wall_nanos));
}

Json to_json(const SlotInfo& slot) {
  Json json;
  json["name"] = slot.name;
  json["path"] = slot.path.string();
  json["holder_pid"] = slot.holder_pid ? Json(*slot.holder_pid) : Json();
  json["segments"] = slot.segments;
  json["first_fsn"] = slot.first_fsn;
  json["last_fsn"] = slot.last_fsn;
  json["frames"] = slot.frames;
  json["rows"] = slot.rows;
  json["bytes"] = slot.bytes;
  json["oldest"] = time_or_null(slot.oldest_wall_nanos);
  json["dead_letters"] = slot.dead_letters;
  json["dead_letter_bytes"] = slot.dead_letter_bytes;
  json["quarantined_files"] = slot.quarantined_files;
  json["damage"] = slot.damage;
  json["dead_letter_damage"] = slot.dead_letter_damage;
  json["trouble"] = slot.trouble;
  return json;
}

Json to_json(const SegmentInfo& segment) {
  Json json;
  json["file"] = segment.path.filename().string();
  json["bytes"] = segment.bytes;
  json["format"] = segment.format;
  json["encrypted"] = segment.encrypted;
  json["salvaged"] = segment.salvaged;
  json["stream"] = segment.stream;
  json["stream_first"] = segment.stream_first;
  json["first_fsn"] = segment.first_fsn;
  json["last_fsn"] = segment.last_fsn;
  json["rows"] = segment.rows;
  json["created"] = time_or_null(segment.created_wall_nanos);
  json["damage"] = segment.damage;
  return json;
}

/// What is wrong with a slot; empty: nothing was seen.
std::string notes_on(const SlotInfo& slot) {
  if (!slot.trouble.empty()) return "UNREADABLE: " + slot.trouble;
  std::string notes = slot.damage;
  if (!slot.dead_letter_damage.empty()) notes += (notes.empty() ? "" : "; ") + slot.dead_letter_damage;
  return notes.empty() ? notes : "DAMAGED: " + notes;
}

void print_table(const std::vector<SlotInfo>& slots) {
  TextTable table;
  table.header = {"slot",   "held by",      "frames",      "rows", "on disk",
                  "oldest", "dead letters", "quarantined", "notes"};
  table.right_aligned = {false, true, true, true, true, false, true, true, false};
  for (const SlotInfo& slot : slots) {
    const std::string notes = one_line(notes_on(slot), kLineLength);
    if (!slot.trouble.empty()) {
      table.rows.push_back({slot.name, "?", "?", "?", "?", "?", "?", "?", notes});
      continue;
    }
    table.rows.push_back({slot.name, slot.holder_pid ? std::to_string(*slot.holder_pid) : "-",
                          with_commas(slot.frames), with_commas(slot.rows), readable_bytes(slot.bytes),
                          utc(slot.oldest_wall_nanos), with_commas(slot.dead_letters),
                          with_commas(slot.quarantined_files), notes});
  }
  std::cout << table.to_string();
}

std::string formats_of(const SlotDetails& details) {
  std::int64_t lowest = 0, highest = 0;
  bool encrypted = false, plain = false;
  for (const SegmentInfo& segment : details.segments) {
    if (segment.format == 0) continue;
    lowest = lowest == 0 ? segment.format : std::min(lowest, segment.format);
    highest = std::max(highest, segment.format);
    if (!segment.stream.empty()) (segment.encrypted ? encrypted : plain) = true;
  }
  std::string text = std::to_string(lowest);
  if (highest != lowest) text += " to " + std::to_string(highest);
  return text + (encrypted ? plain ? ", in part encrypted" : ", encrypted" : ", not encrypted");
}

void print_sender(const SlotDetails& details) {
  const auto stats = parse_sender_stats(details.stats.json);
  if (!stats) return;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::chrono::nanoseconds age = std::chrono::duration_cast<std::chrono::nanoseconds>(now) -
                                       std::chrono::nanoseconds(details.stats.wall_nanos);
  std::cout << "quota         " << readable_bytes(stats->slot_bytes) << " of "
            << readable_bytes(stats->slot_max_bytes) << "\n"
            << "sender        "
            << (stats->connected_to.empty() ? "no host" : "connected to " + stats->connected_to)
            << ", committed up to " << stats->acked_fsn << ", durable up to " << stats->durable_fsn
            << (details.slot.holder_pid ? "" : ", has ended") << " (" << readable_time(age) << " ago)\n";
  if (!stats->last_error.empty())
    std::cout << "last error    " << one_line(stats->last_error, kLineLength) << "\n";
  if (!stats->last_terminal_error.empty())
    std::cout << "stopped       " << one_line(stats->last_terminal_error, kLineLength) << "\n";
}

void print_details(const SlotDetails& details) {
  const SlotInfo& slot = details.slot;
  std::cout << "slot          " << slot.name << "\n"
            << "path          " << slot.path.string() << "\n"
            << "held by       "
            << (slot.holder_pid ? "process " + std::to_string(*slot.holder_pid) : "nobody") << "\n"
            << "waiting       " << counted(slot.frames, "frame");
  if (slot.frames != 0)
    std::cout << " (" << slot.first_fsn << "-" << slot.last_fsn << "), " << counted(slot.rows, "row")
              << ", oldest " << utc(slot.oldest_wall_nanos);
  std::cout << "\non disk       " << readable_bytes(slot.bytes) << "\n"
            << "format        " << formats_of(details) << "\n";
  if (details.position) std::cout << "position      " << one_line(*details.position, kLineLength) << "\n";
  std::cout << "dead letters  " << with_commas(slot.dead_letters) << " ("
            << readable_bytes(slot.dead_letter_bytes) << ")\n"
            << "quarantined   " << counted(slot.quarantined_files, "file") << "\n";
  if (const std::string notes = notes_on(slot); !notes.empty())
    std::cout << "notes         " << one_line(notes, kLineLength) << "\n";
  print_sender(details);
  TextTable table;
  table.header = {"segment", "frames", "rows", "on disk", "begun", "stream", "notes"};
  table.right_aligned = {false, true, true, true, false, false, false};
  for (const SegmentInfo& segment : details.segments) {
    std::string notes = segment.damage.empty() ? "" : "DAMAGED: " + one_line(segment.damage, kLineLength);
    if (segment.salvaged) notes += notes.empty() ? "salvaged" : ", salvaged";
    table.rows.push_back(
        {segment.path.filename().string(),
         segment.first_fsn == 0 ? "-" : readable_ranges({{segment.first_fsn, segment.last_fsn}}),
         with_commas(segment.rows), readable_bytes(segment.bytes), utc(segment.created_wall_nanos),
         segment.stream, notes});
  }
  std::cout << "\n" << table.to_string();
}

}  // namespace

cli::Command slot_list_command() {
  cli::Command command("questclient slot list",
                       "Shows what waits in the slots of a folder. Changes nothing.");
  command.flag("json", "Print a JSON list")
      .positional("DIR", "The folder given to senders as sf_dir")
      .notes(R"(Columns:
  held by       process that has the slot open now
  frames, rows  not trimmed yet: at most so much is still to be sent
  oldest        when the oldest of them was flushed
  dead letters  rows that a server refused
  quarantined   damaged files that were set aside
  notes         damage that a look shows ('slot verify' looks at every frame and tells what can be
                saved), or why the slot cannot be read

Examples:
  questclient slot list /var/lib/quest
  questclient slot list /var/lib/quest --json

Exit codes: 0 done; 1 a slot is damaged or cannot be read; 2 the command line is wrong.
)");
  return command;
}

int run_slot_list(const cli::ParsedArguments& arguments) {
  const auto folder = slot_folder(arguments.text("DIR"));
  const auto slots = list_slots(folder);
  if (slots.empty() && std::filesystem::exists(folder / ".lock"))
    throw cli::UsageError(folder.string() +
                          " is itself a slot: 'questclient slot show' shows it; 'slot list' " +
                          "takes the folder above it");
  if (arguments.has("json")) {
    Json json = Json::array();
    for (const SlotInfo& slot : slots) json.push_back(to_json(slot));
    print_json(json);
  } else {
    print_table(slots);
  }
  const bool all_sound =
      std::all_of(slots.begin(), slots.end(), [](const SlotInfo& slot) { return notes_on(slot).empty(); });
  return all_sound ? cli::kExitOk : cli::kExitFailed;
}

cli::Command slot_show_command() {
  cli::Command command("questclient slot show", "Shows one slot in detail. Changes nothing.");
  command.flag("json", "Print a JSON object")
      .positional("SLOT", "The slot's folder: <sf_dir>/<sender_id>")
      .notes(R"(Shows who holds the slot, what waits in it, its format, whether it is encrypted, the source's
position (of a slot that is not encrypted), the sender's own view where it publishes one, and
each segment with its frames and the stream that numbers them. A stream is one opening of the
slot by a sender. Works while the sender runs, and does not disturb it.

Examples:
  questclient slot show /var/lib/quest/ingest-1
  questclient slot show /var/lib/quest/ingest-1 --json | jq .segments

Exit codes: 0 done; 1 the slot cannot be read; 2 the command line is wrong.
)");
  return command;
}

int run_slot_show(const cli::ParsedArguments& arguments) {
  const SlotDetails details = describe_slot(slot_folder(arguments.text("SLOT")));
  if (!arguments.has("json")) {
    print_details(details);
    return cli::kExitOk;
  }
  Json json = to_json(details.slot);
  json["position"] = details.position ? Json(*details.position) : Json();
  json["sender"] = Json::parse(details.stats.json, nullptr, false);
  if (json["sender"].is_discarded()) json["sender"] = nullptr;
  json["sender_seen"] = time_or_null(details.stats.wall_nanos);
  const std::uint64_t segments = details.segments.size();
  json["segments"] = Json::array();
  for (const SegmentInfo& segment : details.segments) json["segments"].push_back(to_json(segment));
  json["segment_count"] = segments;
  print_json(json);
  return cli::kExitOk;
}

}  // namespace questclient::tool
