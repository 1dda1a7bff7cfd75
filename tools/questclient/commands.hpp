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
cli::Command slot_show_command();
int run_slot_show(const cli::ParsedArguments& arguments);
cli::Command slot_verify_command();
int run_slot_verify(const cli::ParsedArguments& arguments);
cli::Command slot_export_command();
int run_slot_export(const cli::ParsedArguments& arguments);
cli::Command slot_drain_command();
int run_slot_drain(const cli::ParsedArguments& arguments);

cli::Command dead_list_command();
int run_dead_list(const cli::ParsedArguments& arguments);
cli::Command dead_export_command();
int run_dead_export(const cli::ParsedArguments& arguments);
cli::Command dead_drop_command();
int run_dead_drop(const cli::ParsedArguments& arguments);
cli::Command dead_retry_command();
int run_dead_retry(const cli::ParsedArguments& arguments);

cli::Command top_command();
int run_top(const cli::ParsedArguments& arguments);

cli::Command config_command();
int run_config(const cli::ParsedArguments& arguments);
cli::Command config_check_command();
int run_config_check(const cli::ParsedArguments& arguments);

/// Of --conf, else of QDB_CLIENT_CONF. Throws cli::UsageError.
Options connection_options(const cli::ParsedArguments& arguments);

}  // namespace questclient::tool
