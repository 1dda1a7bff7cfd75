#include "commands.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <vector>

#include <nlohmann/json.hpp>

#include "cluster.hpp"
#include "node_process.hpp"

namespace questclient::cluster {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::seconds kPromotionTimeout{40};
constexpr const char* kExitCodes = "Exit codes: 0 done, 1 failed (the message says why), 2 wrong usage.\n";

cli::Command with_common(cli::Command command) {
  command.required_option("dir", "DIR", "The cluster's folder");
  command.option("questnode", "PATH",
                 "The questnode to start (default: beside this program, its build tree, PATH)");
  command.flag("json", "Print JSON");
  return command;
}

Cluster open(const cli::ParsedArguments& arguments) {
  return Cluster(arguments.text("dir"), arguments.text("questnode"));
}

Json to_json(const NodeView& view) {
  Json node = {{"name", view.folder.name},
               {"address", view.folder.address},
               {"state", !view.pid     ? "stopped"
                         : view.report ? "running"
                                       : "not answering"},
               {"pid", view.pid ? Json(*view.pid) : Json()}};
  if (view.report) {
    node["role"] = view.report->role;
    node["writable"] = view.report->writable;
    node["epoch"] = view.report->epoch;
    node["log"] = {{"last", view.report->last}, {"applied", view.report->applied}};
    node["rescued_entries"] = view.report->rescued;
    node["primary"] = view.report->primary;
    node["refusal"] = view.report->refusal;
  } else {
    node["role"] = nullptr;
    node["epoch"] = nullptr;
  }
  return node;
}

void print_table(const std::vector<NodeView>& views) {
  std::printf("%-8s %-22s %-14s %-10s %8s %7s %12s %12s\n", "node", "address", "state", "role", "pid",
              "epoch", "log", "applied");
  for (const NodeView& view : views) {
    const NodeReport report = view.report.value_or(NodeReport{.role = "-", .refusal = {}, .primary = {}});
    std::printf("%-8s %-22s %-14s %-10s %8d %7llu %12llu %12llu\n", view.folder.name.c_str(),
                view.folder.address.c_str(),
                !view.pid     ? "stopped"
                : view.report ? "running"
                              : "not answering",
                report.role.c_str(), view.pid.value_or(0), static_cast<unsigned long long>(report.epoch),
                static_cast<unsigned long long>(report.last),
                static_cast<unsigned long long>(report.applied));
  }
}

void print_cluster(const Cluster& cluster, bool json) {
  const std::vector<NodeView> views = cluster.look();
  if (json) {
    Json nodes = Json::array();
    for (const NodeView& view : views) nodes.push_back(to_json(view));
    std::cout << Json{{"nodes", std::move(nodes)}, {"connect_string", cluster.connect_string()}}.dump(2)
              << '\n';
    return;
  }
  print_table(views);
  std::cout << "\nconnect string: " << cluster.connect_string() << '\n';
}

/// One node's change: a sentence, or the sentence in JSON.
void say(bool json, const std::string& node, const std::string& sentence, Json more = Json::object()) {
  if (!json) {
    std::cout << sentence << '\n';
    return;
  }
  Json document = {{"node", node}, {"message", sentence}};
  document.update(more);
  std::cout << document.dump(2) << '\n';
}

cli::Command describe_up() {
  cli::Command command("questcluster up", "Starts a cluster on this machine, and makes it first if need be.");
  return with_common(std::move(command))
      .option("nodes", "N", "How many nodes a new cluster has, 1 to 26; the first is the primary", "3")
      .option("commit-mode", "MODE", "cairo.commit.mode of a new cluster: sync, async or nosync", "sync")
      .option("set", "KEY=VALUE",
              "A setting for every node of a new cluster; repeat it (questnode --help-config)")
      .notes(std::string(
                 "A cluster that exists already keeps its ports, settings and rows; its nodes are started.\n"
                 "Returns once one node takes writes and the others follow it.\n\n"
                 "  questcluster up --dir /tmp/quest\n"
                 "  curl -d 'trades,symbol=ETH-USD price=2615.54' http://ADDRESS/write\n\n") +
             kExitCodes);
}

int run_up(const cli::ParsedArguments& arguments) {
  Cluster cluster = open(arguments);
  Layout layout;
  layout.nodes = static_cast<int>(arguments.integer("nodes", 1, 26));
  const std::string& mode = arguments.text("commit-mode");
  if (mode != "sync" && mode != "async" && mode != "nosync") {
    throw cli::UsageError("--commit-mode is sync, async or nosync, not '" + mode + "'");
  }
  layout.settings.push_back("cairo.commit.mode=" + mode);
  for (const std::string& setting : arguments.all("set")) {
    if (setting.find('=') == std::string::npos)
      throw cli::UsageError("--set takes KEY=VALUE, not '" + setting + "'");
    layout.settings.push_back(setting);
  }
  if (!cluster.exists()) {
    cluster.create(layout);
  } else if (arguments.has("nodes") || arguments.has("set") || arguments.has("commit-mode")) {
    std::cerr << "questcluster: the cluster exists already and keeps its nodes and settings\n";
  }
  cluster.start_all();
  print_cluster(cluster, arguments.has("json"));
  return cli::kExitOk;
}

cli::Command describe_status() {
  cli::Command command("questcluster status", "Shows every node: address, role, epoch, how far it has come.");
  return with_common(std::move(command))
      .notes(
          std::string(
              "log: last entry of the node's write-ahead log; applied: last entry that its queries see.\n") +
          kExitCodes);
}

int run_status(const cli::ParsedArguments& arguments) {
  print_cluster(open(arguments), arguments.has("json"));
  return cli::kExitOk;
}

cli::Command describe_kill() {
  cli::Command command("questcluster kill", "Kills a node at once (SIGKILL), as a crash would.");
  return with_common(std::move(command)).positional("NODE", "Its name, such as node-a").notes(kExitCodes);
}

int run_kill(const cli::ParsedArguments& arguments) {
  const Cluster cluster = open(arguments);
  const NodeFolder node = cluster.find(arguments.text("NODE"));
  const bool killed = cluster.kill(node);
  say(arguments.has("json"), node.name, node.name + (killed ? " is killed" : " was not running"));
  return cli::kExitOk;
}

cli::Command describe_start() {
  cli::Command command("questcluster start", "Starts a node that was killed; returns once it answers.");
  return with_common(std::move(command))
      .positional("NODE", "Its name, such as node-a")
      .notes(
          std::string("A primary that was replaced meanwhile comes back as a replica of its successor.\n") +
          kExitCodes);
}

int run_start(const cli::ParsedArguments& arguments) {
  const Cluster cluster = open(arguments);
  const NodeFolder node = cluster.find(arguments.text("NODE"));
  const pid_t pid = cluster.start(node);
  say(arguments.has("json"), node.name,
      node.name + " runs at " + node.address + " (pid " + std::to_string(pid) + ")",
      {{"pid", pid}, {"address", node.address}});
  return cli::kExitOk;
}

cli::Command describe_promote() {
  cli::Command command("questcluster promote", "Makes a node the primary; whoever was it, is not any more.");
  return with_common(std::move(command))
      .positional("NODE", "Its name, such as node-b")
      .notes(
          std::string(
              "An emergency promotion: it asks nobody. Rows that the old primary had put into the store are\n"
              "kept; what it had not is kept in its folder rescue/ when it comes back, and senders that "
              "trim\n"
              "at Durable send it again. Returns once the node takes writes.\n") +
          kExitCodes);
}

int run_promote(const cli::ParsedArguments& arguments) {
  const Cluster cluster = open(arguments);
  const NodeFolder node = cluster.find(arguments.text("NODE"));
  if (!running_in(node.root)) {
    throw ClusterError(node.name + " is not running: questcluster start " + node.name + " first");
  }
  try {
    const NodeReport report = ask_promotion(node.address, kPromotionTimeout);
    say(arguments.has("json"), node.name,
        node.name + " at " + node.address + " is the primary of epoch " + std::to_string(report.epoch),
        {{"epoch", report.epoch}, {"address", node.address}});
  } catch (const ClusterError& error) {
    throw ClusterError(node.name + " was not promoted: " + error.what());
  }
  return cli::kExitOk;
}

cli::Command describe_down() {
  cli::Command command("questcluster down", "Stops every node; folders and rows stay.");
  return with_common(std::move(command)).notes(kExitCodes);
}

int run_down(const cli::ParsedArguments& arguments) {
  const Cluster cluster = open(arguments);
  int stopped = 0;
  for (const NodeFolder& node : cluster.folders()) stopped += cluster.stop(node) ? 1 : 0;
  say(arguments.has("json"), "", std::to_string(stopped) + " nodes stopped", {{"stopped", stopped}});
  return cli::kExitOk;
}

}  // namespace

std::span<const cli::Subcommand> subcommands() {
  static const std::array<cli::Subcommand, 6> all{{
      {{"up"}, describe_up, run_up},
      {{"status"}, describe_status, run_status},
      {{"kill"}, describe_kill, run_kill},
      {{"start"}, describe_start, run_start},
      {{"promote"}, describe_promote, run_promote},
      {{"down"}, describe_down, run_down},
  }};
  return all;
}

}  // namespace questclient::cluster
