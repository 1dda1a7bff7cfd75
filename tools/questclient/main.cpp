// questclient: rows in, queries, slots. Every subcommand explains itself with --help.
#include "cli/program.hpp"
#include "commands.hpp"

int main(int argc, char** argv) {
  using namespace questclient;
  const cli::Subcommand subcommands[] = {
      {{"send"}, tool::send_command, tool::run_send},
      {{"query"}, tool::query_command, tool::run_query},
      {{"slot", "list"}, tool::slot_list_command, tool::run_slot_list},
      {{"slot", "show"}, tool::slot_show_command, tool::run_slot_show},
      {{"slot", "verify"}, tool::slot_verify_command, tool::run_slot_verify},
      {{"slot", "export"}, tool::slot_export_command, tool::run_slot_export},
      {{"slot", "drain"}, tool::slot_drain_command, tool::run_slot_drain},
      {{"slot", "dead", "list"}, tool::dead_list_command, tool::run_dead_list},
      {{"slot", "dead", "export"}, tool::dead_export_command, tool::run_dead_export},
      {{"slot", "dead", "retry"}, tool::dead_retry_command, tool::run_dead_retry},
      {{"slot", "dead", "drop"}, tool::dead_drop_command, tool::run_dead_drop},
      {{"top"}, tool::top_command, tool::run_top},
      {{"config", "check"}, tool::config_check_command, tool::run_config_check},
      {{"config"}, tool::config_command, tool::run_config},
  };
  return cli::run_program({"questclient", "Streams rows into QuestDB and looks after what is on its way.",
                           "Exit codes: 0 ok, 1 failed, 2 usage.\n", subcommands},
                          argc, argv);
}
