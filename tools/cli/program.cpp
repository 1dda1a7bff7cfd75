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

bool begins_with(std::span<const std::string> arguments, const std::vector<std::string>& words) {
  return arguments.size() >= words.size() && std::equal(words.begin(), words.end(), arguments.begin());
}

/// "slot" is a word of several commands: which of them begin as the arguments do, as far as they go?
std::string choices(const Program& program, std::span<const std::string> arguments) {
  std::string text;
  std::size_t most = 1;
  for (const Subcommand& subcommand : program.subcommands) {
    const auto& words = subcommand.words;
    const auto end = std::mismatch(words.begin(), words.end(), arguments.begin(), arguments.end()).first;
    const auto common = static_cast<std::size_t>(end - words.begin());
    if (common < most) continue;
    if (common > most) text.clear();
    most = common;
    text += "\n  " + subcommand.describe().name();
  }
  return text;
}

const Subcommand& find(const Program& program, std::span<const std::string> arguments) {
  const Subcommand* found = nullptr;
  std::vector<std::string> firsts;
  for (const Subcommand& subcommand : program.subcommands) {
    const bool longer = found == nullptr || subcommand.words.size() > found->words.size();
    if (longer && begins_with(arguments, subcommand.words)) found = &subcommand;
    firsts.push_back(subcommand.words.front());
  }
  if (found != nullptr) return *found;
  if (std::find(firsts.begin(), firsts.end(), arguments[0]) != firsts.end())
    throw UsageError("'" + arguments[0] + "' needs to know what to do:" + choices(program, arguments));
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
