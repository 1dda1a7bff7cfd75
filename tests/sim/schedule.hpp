// One run: a cluster of three, a client, random faults, then healing and the checks.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "sim/world.hpp"

namespace questclient::sim {

/// Runs the schedule of `seed` and adds what happened to `counters`. Throws Violation.
void run_schedule(std::uint64_t seed, Bug bug, bool trace, std::map<std::string, std::uint64_t>& counters);

}  // namespace questclient::sim
