// questclient slot dead ...: the rows of a slot that a server refused.
#include <iostream>
#include <map>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include <questclient/slot.hpp>

#include "commands.hpp"
#include "console.hpp"
#include "json_text.hpp"
#include "letter_choice.hpp"
#include "row_output.hpp"
#include "slot_drain.hpp"
#include "slot_text.hpp"
#include "text_table.hpp"

namespace questclient::tool {

namespace {

constexpr std::size_t kReasonLength = 100;
constexpr std::size_t kRowLength = 80;

constexpr const char* kSlotHelp = "The slot's folder: <sf_dir>/<sender_id>";
constexpr const char* kKeysHelp =
    "Which letters, by the keys that 'slot dead list' shows (default: see below)";

Json to_json(const DeadLetterInfo& letter, bool with_rows) {
  Json json{{"key", letter.key},
            {"time", utc(letter.wall_nanos)},
            {"host", letter.host},
            {"rows", letter.rows},
            {"stream", letter.stream},
            {"fsn", letter.fsn},
            {"first_row", letter.first_row},
            {"reason", letter.reason},
            {"retry_fsn", letter.retry_fsn == 0 ? Json() : Json(letter.retry_fsn)}};
  if (letter.unreadable) json["unreadable"] = true;
  if (!with_rows || letter.unreadable) return json;
  json["ilp"] = letter.payload;
  // Binary values are no text; the bytes then stand as hexadecimal digits.
  try {
    static_cast<void>(json["ilp"].dump());
  } catch (const Json::exception&) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string hexadecimal;
    for (const char c : letter.payload) {
      const auto byte = static_cast<unsigned char>(c);
      hexadecimal += {kDigits[byte >> 4], kDigits[byte & 15]};
    }
    json.erase("ilp");
    json["ilp_hex"] = hexadecimal;
  }
  return json;
}

/// For commands that change something: all letters only on request.
LetterChoice explicit_choice(const cli::ParsedArguments& arguments) {
  LetterChoice choice(arguments);
  if (arguments.has("KEY") && arguments.has("all"))
    throw cli::UsageError("give the keys of letters, or --all, not both");
  if (!choice.narrows() && !arguments.has("all"))
    throw cli::UsageError(
        "which letters? Give their keys, --older-than TIME, --reason TEXT, --host HOST:PORT, --table NAME, "
        "or "
        "--all");
  return choice;
}

std::string shown_reason(const DeadLetterInfo& letter) {
  return letter.unreadable ? "(encrypted; give --key)" : kind_of_reason(letter.reason);
}

void print_reasons(const std::filesystem::path& slot, const LetterChoice& choice, const std::string& key) {
  struct Group {
    std::uint64_t letters = 0;
    std::int64_t last = 0;
  };
  std::map<std::pair<std::string, std::string>, Group> groups;
  choice.read(slot, key, [&](const DeadLetterInfo& letter) {
    Group& group = groups[{shown_reason(letter), letter.host}];
    ++group.letters;
    group.last = std::max(group.last, letter.wall_nanos);
  });
  TextTable table;
  table.header = {"letters", "newest", "host", "reason"};
  table.right_aligned = {true, false, false, false};
  for (const auto& [what, group] : groups)
    table.rows.push_back(
        {with_commas(group.letters), utc(group.last), what.second, one_line(what.first, kReasonLength)});
  std::cout << table.to_string();
}

void print_letters(const std::filesystem::path& slot, const LetterChoice& choice, const std::string& key) {
  TextTable table;
  table.header = {"key", "time", "host", "reason", "row"};
  table.right_aligned = {false, false, false, false, false};
  choice.read(slot, key, [&](const DeadLetterInfo& letter) {
    std::string reason = one_line(shown_reason(letter), kReasonLength);
    if (letter.retry_fsn != 0) reason = "(a retry was interrupted) " + reason;
    table.rows.push_back({letter.key, utc(letter.wall_nanos), letter.host, reason,
                          one_line(letter.payload.substr(0, letter.payload.find('\n')), kRowLength)});
  });
  std::cout << table.to_string();
}

/// Nothing before the first letter: a key that does not fit must not leave half a list.
void print_letters_json(const std::filesystem::path& slot, const LetterChoice& choice,
                        const std::string& key) {
  const char* separator = "[\n";
  choice.read(slot, key, [&](const DeadLetterInfo& letter) {
    std::cout << separator << on_one_line(to_json(letter, false));
    separator = ",\n";
  });
  std::cout << (*separator == '[' ? "[" : "") << "\n]" << std::endl;
}

bool confirmed(const std::string& question) {
  if (::isatty(STDIN_FILENO) == 0)
    throw cli::UsageError(question + " Give --yes to do so without being asked.");
  std::cerr << question << " Type yes: " << std::flush;
  std::string answer;
  return std::getline(std::cin, answer) && answer == "yes";
}

}  // namespace

cli::Command dead_list_command() {
  cli::Command command("questclient slot dead list",
                       "Shows the rows that a server refused, and why. Changes nothing.");
  LetterChoice::declare(command);
  command.flag("reasons", "Count the letters by reason and host instead of listing each")
      .flag("json", "Print a JSON list, with each reason as the server gave it")
      .positional("SLOT", kSlotHelp)
      .repeated_optional_positional("KEY", kKeysHelp)
      .notes(
          R"(A dead letter is a row (seldom: several) that the server answered with 400 or 413. It waits here
until it is retried or dropped; everything behind it was sent. Its key is
<stream>:<frame>:<row>. Works while the sender runs.

Examples:
  questclient slot dead list /var/lib/quest/ingest-1
  questclient slot dead list /var/lib/quest/ingest-1 --reasons
  questclient slot dead list /var/lib/quest/ingest-1 --json | jq -r .[].reason

Exit codes: 0 done; 1 the slot cannot be read; 2 the command line is wrong.
)");
  return command;
}

int run_dead_list(const cli::ParsedArguments& arguments) {
  const auto slot = slot_folder(arguments.text("SLOT"));
  const LetterChoice choice(arguments);
  const std::string key = read_key(arguments.text("key"));
  if (arguments.has("json")) {
    print_letters_json(slot, choice, key);
  } else if (arguments.has("reasons")) {
    print_reasons(slot, choice, key);
  } else {
    print_letters(slot, choice, key);
  }
  return cli::kExitOk;
}

cli::Command dead_export_command() {
  cli::Command command("questclient slot dead export",
                       "Writes dead letters as ILP, or as JSON. Changes nothing.");
  LetterChoice::declare(command);
  command.option("output", "FILE", "Where to; complete when it has that name", "standard output")
      .flag("json", "One JSON object a line: key, time, host, reason and the rows")
      .positional("SLOT", kSlotHelp)
      .repeated_optional_positional("KEY", kKeysHelp)
      .notes(
          R"(Without keys and conditions every letter is exported, oldest first. With --json the rows stand in "ilp", or where
they hold binary values as hexadecimal digits in "ilp_hex". Works while the sender runs.

Examples:
  questclient slot dead export /var/lib/quest/ingest-1 --output refused.ilp
  questclient slot dead export /var/lib/quest/ingest-1 --json | jq -r '.reason + "  " + .ilp'

Exit codes: 0 done; 1 the slot cannot be read or the key does not fit; 2 the command line is wrong.
)");
  return command;
}

int run_dead_export(const cli::ParsedArguments& arguments) {
  const auto slot = slot_folder(arguments.text("SLOT"));
  const LetterChoice choice(arguments);
  const std::string key = read_key(arguments.text("key"));
  const bool as_json = arguments.has("json");
  RowOutput output(arguments.has("output") ? arguments.text("output") : "");
  const std::uint64_t letters = choice.read(slot, key, [&](const DeadLetterInfo& letter) {
    require_readable(letter);
    if (as_json) return output.write(on_one_line(to_json(letter, true)) + "\n");
    output.write(letter.payload);
    if (!letter.payload.ends_with('\n')) output.write("\n");
  });
  output.finish();
  std::cerr << "exported " << counted(letters, "dead letter") << "\n";
  return cli::kExitOk;
}

cli::Command dead_drop_command() {
  cli::Command command("questclient slot dead drop", "Deletes dead letters for good.");
  LetterChoice::declare(command);
  command.flag("all", "Every letter")
      .flag("yes", "Do not ask")
      .positional("SLOT", kSlotHelp)
      .repeated_optional_positional("KEY", kKeysHelp)
      .notes(
          R"(Give the keys of letters, conditions, or --all. Asks on a terminal, else needs --yes. Works while
the sender runs; one that holds because its dead letters are at their quota then goes on.

Examples:
  questclient slot dead export /var/lib/quest/ingest-1 --output refused.ilp &&
    questclient slot dead drop /var/lib/quest/ingest-1 --all --yes
  questclient slot dead drop /var/lib/quest/ingest-1 --older-than 168h --reason 'cast error'

Exit codes: 0 done; 1 the slot cannot be read, there is no such letter, or the answer was not yes;
2 the command line is wrong.
)");
  return command;
}

int run_dead_drop(const cli::ParsedArguments& arguments) {
  const auto slot = slot_folder(arguments.text("SLOT"));
  const auto chosen = explicit_choice(arguments).choose(slot, read_key(arguments.text("key")));
  if (chosen.letters != 0 && !arguments.has("yes") &&
      !confirmed("Delete " + counted(chosen.letters, "dead letter") + " of " + slot.string() +
                 " for good?")) {
    std::cerr << "nothing was dropped\n";
    return cli::kExitFailed;
  }
  const std::uint64_t dropped = chosen.letters == 0 ? 0 : drop_dead_letters(slot, chosen.which);
  std::cout << "dropped " << counted(dropped, "dead letter") << std::endl;
  return cli::kExitOk;
}

cli::Command dead_retry_command() {
  cli::Command command("questclient slot dead retry",
                       "Moves dead letters back into the slot, to be sent again.");
  LetterChoice::declare(command);
  command.flag("all", "Every letter")
      .option("conf", "CONF", "Also send them now: connect string, as for 'slot drain'")
      .option("timeout", "TIME", "With --conf: how long to go on at most", "1h")
      .flag("json", "Print a JSON object")
      .positional("SLOT", kSlotHelp)
      .repeated_optional_positional("KEY", kKeysHelp)
      .notes(
          R"(For rows whose cause is mended: a column that was altered, a table that was created. They become
the newest frames of the slot, and the next sender that opens the slot sends them (with --conf
this command does). Killed at any moment, each letter is either in the slot or still a dead
letter, never both. Refused while a process holds the slot: stop that sender first.
Rows that are refused again become dead letters again, under new keys.

Examples:
  questclient slot dead retry /var/lib/quest/ingest-1 --all --conf 'http::addr=a:9000,b:9000;'
  questclient slot dead retry /var/lib/quest/ingest-1 --table trades --reason 'column: price'
  questclient slot dead retry /var/lib/quest/ingest-1 0b39a2c4-...:17:3

Exit codes: 0 done; 1 the slot is held by another process or cannot be read, there is no such
letter, rows were refused again or are left; 2 the command line is wrong.
)");
  return command;
}

int run_dead_retry(const cli::ParsedArguments& arguments) {
  const auto slot = slot_folder(arguments.text("SLOT"));
  const LetterChoice choice = explicit_choice(arguments);
  const bool drains = arguments.has("conf");
  const Options options = drains ? drain_options(arguments) : Options();
  const auto timeout = arguments.duration("timeout");
  const std::string key = read_key(arguments.text("key"));
  const auto chosen = choice.choose(slot, key);
  DeadLetterRetry retry;
  if (chosen.letters != 0)
    naming_the_holder(slot, [&] { retry = retry_dead_letters(slot, chosen.which, key); });
  for (const std::string& kept : retry.kept)
    std::cerr << "questclient: " << kept
              << " stays a dead letter: where its rows end cannot be told, or it is not encrypted in a slot "
                 "that is; export it and mend it by hand\n";
  if (arguments.has("json") && !drains) {
    print_json({{"letters", retry.letters},
                {"rows", retry.rows},
                {"first_fsn", retry.first_fsn},
                {"last_fsn", retry.last_fsn},
                {"kept", retry.kept}});
  } else {
    std::string text = "moved " + counted(retry.letters, "dead letter") + " into the slot";
    if (retry.letters != 0) text += " as frames " + readable_ranges({{retry.first_fsn, retry.last_fsn}});
    (drains ? std::cerr : std::cout) << text << std::endl;
  }
  int code = retry.kept.empty() ? cli::kExitOk : cli::kExitFailed;
  if (!drains) return code;
  Console console;
  return std::max(code, report_drained(drain_slot(options, slot, timeout, console), arguments.has("json")));
}

}  // namespace questclient::tool
