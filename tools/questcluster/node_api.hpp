// What questcluster asks a node over HTTP.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace questclient::cluster {

/// From GET /status.
struct NodeReport {
  std::string role;  ///< "primary", "replica", "promoting", "standalone"
  bool writable = false;
  std::uint64_t epoch = 0;
  std::uint64_t last = 0;     ///< Last entry of its write-ahead log.
  std::uint64_t applied = 0;  ///< Last entry that its queries see.
  std::uint64_t rescued = 0;  ///< Entries that a promotion elsewhere cut off, kept in rescue/.
  std::string refusal;
  std::string primary;  ///< Who it takes for the primary.
};

/// nullopt: it does not answer, or not yet.
std::optional<NodeReport> ask_status(const std::string& address);

/// Returns once the node is primary. Throws ClusterError with the node's own words.
NodeReport ask_promotion(const std::string& address, std::chrono::milliseconds timeout);

}  // namespace questclient::cluster
