// questcluster: a reference cluster on one machine, to run, test and break.
#include "cli/program.hpp"
#include "commands.hpp"

int main(int argc, char** argv) {
  using namespace questclient;
  return cli::run_program(
      {"questcluster",
       "Runs a cluster of questnodes on this machine: one primary, replicas, a shared object store.",
       "A round of failover:\n"
       "  questcluster up --dir /tmp/quest\n"
       "  questcluster kill node-a --dir /tmp/quest\n"
       "  questcluster promote node-b --dir /tmp/quest\n"
       "  questcluster start node-a --dir /tmp/quest\n"
       "  questcluster down --dir /tmp/quest\n\n"
       "Exit codes: 0 done, 1 failed, 2 wrong usage.\n",
       cluster::subcommands()},
      argc, argv);
}
