// A program made of subcommands: finds the one that is asked for, explains the others, turns errors into exit
// codes.
#pragma once

#include <span>
#include <string>
#include <system_error>
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

/// Standard output takes no more. Where its reader has hung up, run_program() ends the process as SIGPIPE
/// does, without a word.
class OutputError : public std::system_error {
 public:
  /// `reason`: of errno.
  explicit OutputError(int reason)
      : std::system_error(reason, std::generic_category(), "cannot write standard output") {}
};

/// What stands in std::cout is written. Throws OutputError, also where an earlier write failed.
void flush_output();

/// What main() returns. Errors go to standard error as "<name>: <message>". What a command wrote to standard
/// output is written when it returns kExitOk.
int run_program(const Program& program, int argc, char** argv);

}  // namespace questclient::cli
