#include "cli/program.hpp"

#include <algorithm>
#include <exception>
#include <iostream>

namespace questclient::cli {
namespace {

std::string overview(const Program& program) {
  std::string text = program.purpose + "\n\nUsage: " + program.name + " COMMAND ...\n\n";
  for (const Subcommand& subcommand : program.subcommands) {
    const Command command = subcommand.describe();
    text += "  " + command.name() + "\n      " + command.summary() + "\n";
  }
  return text + "\n'" + program.name + " COMMAND --help' explains a command.\n" + program.notes;
}

const Subcommand& find(const Program& program, std::span<const std::string> arguments) {
  std::vector<std::string> firsts;
  for (const Subcommand& subcommand : program.subcommands) {
    const auto& words = subcommand.words;
    if (arguments.size() >= words.size() && std::equal(words.begin(), words.end(), arguments.begin())) {
      return subcommand;
    }
    if (words.front() == arguments[0]) {
      throw UsageError("'" + arguments[0] + "' needs to know what to do: " + subcommand.describe().name());
    }
    firsts.push_back(words.front());
  }
  const std::string near = nearest(arguments[0], firsts);
  throw UsageError(
      "there is no command '" + arguments[0] + "'" +
      (near.empty() ? "; '" + program.name + " --help' lists them" : "; did you mean '" + near + "'?"));
}

int run(const Program& program, const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    std::cerr << overview(program);
    return kExitUsage;
  }
  if (arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help") {
    std::cout << overview(program);
    return kExitOk;
  }
  const Subcommand& subcommand = find(program, arguments);
  const Command command = subcommand.describe();
  const auto parsed = command.parse(std::span(arguments).subspan(subcommand.words.size()));
  if (parsed.help_wanted()) {
    std::cout << command.help();
    return kExitOk;
  }
  return subcommand.run(parsed);
}

}  // namespace

int run_program(const Program& program, int argc, char** argv) {
  try {
    return run(program, arguments_of(argc, argv));
  } catch (const UsageError& error) {
    std::cerr << program.name << ": " << error.what() << "\n";
    return kExitUsage;
  } catch (const std::exception& error) {
    std::cerr << program.name << ": " << error.what() << "\n";
    return kExitFailed;
  }
}

}  // namespace questclient::cli
