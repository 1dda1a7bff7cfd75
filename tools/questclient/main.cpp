#include <iostream>

#include "cli/arguments.hpp"

int main(int argc, char** argv) {
  const auto arguments = questclient::cli::arguments_of(argc, argv);
  std::cerr << "questclient: " << arguments.size() << " arguments\n";
  return questclient::cli::kExitUsage;
}
