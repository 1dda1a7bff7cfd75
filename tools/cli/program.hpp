// A program made of subcommands: finds the one that is asked for, explains the others, turns errors into exit
// codes.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/arguments.hpp"

namespace questclient::cli {

struct Subcommand {
  std::vector<std::string> words;  ///< {"send"}, {"slot", "list"}
  Command (*describe)();
  int (*run)(const ParsedArguments&);
};

struct Program {
  std::string name;
  std::string purpose;  ///< First lines of the help.
  std::string notes;    ///< Its last lines.
  std::span<const Subcommand> subcommands;
};

/// What main() returns. Errors go to standard error as "<name>: <message>".
int run_program(const Program& program, int argc, char** argv);

}  // namespace questclient::cli
