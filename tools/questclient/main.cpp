// questclient: rows in, queries, slots. Every subcommand explains itself with --help.
#include <algorithm>
#include <array>
#include <exception>
#include <iostream>
#include <span>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "commands.hpp"

namespace {

using namespace questclient;

struct Subcommand {
  std::vector<std::string> words;
  cli::Command (*describe)();
  int (*run)(const cli::ParsedArguments&);
};

const std::array<Subcommand, 3>& subcommands() {
  static const std::array<Subcommand, 3> all{{
      {{"send"}, tool::send_command, tool::run_send},
      {{"query"}, tool::query_command, tool::run_query},
      {{"slot", "list"}, tool::slot_list_command, tool::run_slot_list},
  }};
  return all;
}

std::string overview() {
  std::string text =
      "Streams rows into QuestDB and looks after what is on its way.\n\nUsage: questclient COMMAND ...\n\n";
  for (const Subcommand& subcommand : subcommands()) {
    const cli::Command command = subcommand.describe();
    text += "  " + command.name() + "\n      " + command.summary() + "\n";
  }
  return text + "\n'questclient COMMAND --help' explains a command. Exit codes: 0 ok, 1 failed, 2 usage.\n";
}

const Subcommand& find(std::span<const std::string> arguments) {
  std::vector<std::string> names;
  for (const Subcommand& subcommand : subcommands()) {
    if (arguments.size() >= subcommand.words.size() &&
        std::equal(subcommand.words.begin(), subcommand.words.end(), arguments.begin())) {
      return subcommand;
    }
    names.push_back(subcommand.words.front());
  }
  if (arguments[0] == "slot")
    throw cli::UsageError("'slot' needs to know what to do: questclient slot list DIR");
  const std::string near = cli::nearest(arguments[0], names);
  throw cli::UsageError(
      "there is no command '" + arguments[0] + "'" +
      (near.empty() ? "; 'questclient --help' lists them" : "; did you mean '" + near + "'?"));
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    std::cerr << overview();
    return cli::kExitUsage;
  }
  if (arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help") {
    std::cout << overview();
    return cli::kExitOk;
  }
  const Subcommand& subcommand = find(arguments);
  const cli::Command command = subcommand.describe();
  const auto parsed = command.parse(std::span(arguments).subspan(subcommand.words.size()));
  if (parsed.help_wanted()) {
    std::cout << command.help();
    return cli::kExitOk;
  }
  return subcommand.run(parsed);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(cli::arguments_of(argc, argv));
  } catch (const cli::UsageError& error) {
    std::cerr << "questclient: " << error.what() << "\n";
    return cli::kExitUsage;
  } catch (const std::exception& error) {
    std::cerr << "questclient: " << error.what() << "\n";
    return cli::kExitFailed;
  }
}
