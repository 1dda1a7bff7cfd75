// The subcommands of questcluster.
#pragma once

#include <span>
#include <string>

#include "cli/arguments.hpp"

namespace questclient::cluster {

struct Subcommand {
  std::string word;
  cli::Command (*describe)();
  int (*run)(const cli::ParsedArguments&);
};

std::span<const Subcommand> subcommands();

}  // namespace questclient::cluster
