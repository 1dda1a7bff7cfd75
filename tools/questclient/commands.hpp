// The subcommands of questclient.
#pragma once

#include <questclient/options.hpp>

#include "cli/arguments.hpp"

namespace questclient::tool {

cli::Command send_command();
/// Returns the exit code. Throws cli::UsageError, InputError, Error.
int run_send(const cli::ParsedArguments& arguments);

cli::Command query_command();
int run_query(const cli::ParsedArguments& arguments);

cli::Command slot_list_command();
int run_slot_list(const cli::ParsedArguments& arguments);

/// Of --conf, else of QDB_CLIENT_CONF. Throws cli::UsageError.
Options connection_options(const cli::ParsedArguments& arguments);

}  // namespace questclient::tool
