// questcluster: a reference cluster on one machine, to run, test and break.
#include <algorithm>
#include <exception>
#include <iostream>
#include <span>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "commands.hpp"

namespace {

using namespace questclient;

std::string overview() {
  std::string text =
      "Runs a cluster of questnodes on this machine: one primary, replicas, a shared object store.\n\n"
      "Usage: questcluster COMMAND --dir DIR ...\n\n";
  for (const cluster::Subcommand& subcommand : cluster::subcommands()) {
    text += "  " + subcommand.word + std::string(10 - subcommand.word.size(), ' ') +
            subcommand.describe().summary() + "\n";
  }
  return text +
         "\n'questcluster COMMAND --help' explains a command. A round of failover:\n"
         "  questcluster up --dir /tmp/quest\n"
         "  questcluster kill node-a --dir /tmp/quest\n"
         "  questcluster promote node-b --dir /tmp/quest\n"
         "  questcluster start node-a --dir /tmp/quest\n"
         "  questcluster down --dir /tmp/quest\n\n"
         "Exit codes: 0 done, 1 failed, 2 wrong usage.\n";
}

const cluster::Subcommand& find(const std::string& word) {
  std::vector<std::string> words;
  for (const cluster::Subcommand& subcommand : cluster::subcommands()) {
    if (subcommand.word == word) return subcommand;
    words.push_back(subcommand.word);
  }
  const std::string near = cli::nearest(word, words);
  throw cli::UsageError(
      "there is no command '" + word + "'" +
      (near.empty() ? "; 'questcluster --help' lists them" : "; did you mean '" + near + "'?"));
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
  const cluster::Subcommand& subcommand = find(arguments[0]);
  const cli::Command command = subcommand.describe();
  const auto parsed = command.parse(std::span(arguments).subspan(1));
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
    std::cerr << "questcluster: " << error.what() << '\n';
    return cli::kExitUsage;
  } catch (const std::exception& error) {
    std::cerr << "questcluster: " << error.what() << '\n';
    return cli::kExitFailed;
  }
}
