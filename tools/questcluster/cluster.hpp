// A cluster in a folder: node-a, node-b, ... and the store that they share.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "node_api.hpp"

namespace questclient::cluster {

struct NodeFolder {
  std::string name;
  std::filesystem::path root;
  std::string address;  ///< From its server.conf: kept over restarts.
};

struct NodeView {
  NodeFolder folder;
  std::optional<pid_t> pid;          ///< Alive.
  std::optional<NodeReport> report;  ///< Answers.
};

struct Layout {
  int nodes = 3;
  std::vector<std::string> settings;  ///< "key=value" for every node's server.conf.
};

class Cluster {
 public:
  /// `questnode`: empty: find it.
  Cluster(const std::filesystem::path& directory, std::string questnode);

  /// Writes the folders. Throws ClusterError when there is a cluster already.
  void create(const Layout& layout);
  bool exists() const;
  /// Sorted by name. Throws ClusterError when there is no cluster.
  std::vector<NodeFolder> folders() const;
  NodeFolder find(const std::string& node) const;
  std::vector<NodeView> look() const;

  /// Returns once the node answers; the pid. One that runs already is left alone.
  pid_t start(const NodeFolder& node) const;
  /// Starts every node; returns once one takes writes and the others know it.
  void start_all() const;
  /// SIGKILL; false: it was not running.
  bool kill(const NodeFolder& node) const;
  /// SIGTERM, after ten seconds SIGKILL; false: it was not running.
  bool stop(const NodeFolder& node) const;

  /// For the client: "http::addr=a,b,c;".
  std::string connect_string() const;

 private:
  pid_t launch(const NodeFolder& node) const;
  void await_ready(const NodeFolder& node, pid_t pid) const;

  std::filesystem::path directory_;
  std::string questnode_;
};

}  // namespace questclient::cluster
