// questclient slot list: what lies in the slots of a folder.
#include <array>
#include <cstdio>
#include <ctime>
#include <iostream>

#include <nlohmann/json.hpp>

#include <questclient/slot.hpp>

#include "commands.hpp"
#include "console.hpp"
#include "text_table.hpp"

namespace questclient::tool {

namespace {

std::string utc(std::int64_t wall_nanos) {
  if (wall_nanos == 0) return "";
  const std::time_t seconds = wall_nanos / 1'000'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::string readable_bytes(std::uint64_t bytes) {
  constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text;
}

nlohmann::ordered_json to_json(const SlotInfo& slot) {
  nlohmann::ordered_json json;
  json["name"] = slot.name;
  json["path"] = slot.path.string();
  json["holder_pid"] = nullptr;
  if (slot.holder_pid) json["holder_pid"] = *slot.holder_pid;
  json["segments"] = slot.segments;
  json["first_fsn"] = slot.first_fsn;
  json["last_fsn"] = slot.last_fsn;
  json["frames"] = slot.frames;
  json["rows"] = slot.rows;
  json["bytes"] = slot.bytes;
  json["oldest"] = nullptr;
  if (slot.oldest_wall_nanos != 0) json["oldest"] = utc(slot.oldest_wall_nanos);
  json["dead_letters"] = slot.dead_letters;
  json["quarantined_files"] = slot.quarantined_files;
  return json;
}

void print_table(const std::vector<SlotInfo>& slots) {
  TextTable table;
  table.header = {"slot", "held by", "frames", "rows", "on disk", "oldest", "dead letters", "quarantined"};
  table.right_aligned = {false, true, true, true, true, false, true, true};
  for (const SlotInfo& slot : slots) {
    table.rows.push_back({slot.name, slot.holder_pid ? std::to_string(*slot.holder_pid) : "-",
                          with_commas(slot.frames), with_commas(slot.rows), readable_bytes(slot.bytes),
                          utc(slot.oldest_wall_nanos), with_commas(slot.dead_letters),
                          with_commas(slot.quarantined_files)});
  }
  std::cout << table.to_string();
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

Examples:
  questclient slot list /var/lib/quest
  questclient slot list /var/lib/quest --json

Exit codes: 0 done; 1 a slot cannot be read; 2 the command line is wrong.
)");
  return command;
}

int run_slot_list(const cli::ParsedArguments& arguments) {
  const auto slots = list_slots(arguments.text("DIR"));
  if (arguments.has("json")) {
    auto json = nlohmann::ordered_json::array();
    for (const SlotInfo& slot : slots) json.push_back(to_json(slot));
    std::cout << json.dump(2) << "\n";
  } else {
    print_table(slots);
  }
  return cli::kExitOk;
}

}  // namespace questclient::tool
