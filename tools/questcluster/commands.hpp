// The subcommands of questcluster.
#pragma once

#include <span>

#include "cli/program.hpp"

namespace questclient::cluster {

std::span<const cli::Subcommand> subcommands();

}  // namespace questclient::cluster
