// questclient: rows in, queries, slots. Every subcommand explains itself with --help.
#include "cli/program.hpp"
#include "commands.hpp"

int main(int argc, char** argv) {
  using namespace questclient;
  const cli::Subcommand subcommands[] = {
      {{"send"}, tool::send_command, tool::run_send},
      {{"query"}, tool::query_command, tool::run_query},
      {{"slot", "list"}, tool::slot_list_command, tool::run_slot_list},
  };
  return cli::run_program({"questclient", "Streams rows into QuestDB and looks after what is on its way.",
                           "Exit codes: 0 ok, 1 failed, 2 usage.\n", subcommands},
                          argc, argv);
}
