#include "cluster.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <functional>
#include <string_view>
#include <thread>

#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "node_process.hpp"

namespace questclient::cluster {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kReadyTimeout{30};
constexpr std::chrono::seconds kStopTimeout{10};
constexpr std::chrono::seconds kKillTimeout{30};        // A disk that is slow holds up even the killed.
constexpr std::chrono::milliseconds kLookInterval{10};  // Other processes tell us nothing by themselves.
constexpr std::string_view kBindKey = "http.bind.to=";

bool await(std::chrono::milliseconds timeout, const std::function<bool()>& condition) {
  const base::SystemClock clock;
  const base::Time deadline = clock.now() + timeout;
  while (!condition()) {
    if (clock.now() >= deadline) return false;
    std::this_thread::sleep_for(kLookInterval);
  }
  return true;
}

/// ';' ends a value in the store's connection string; doubled it stands for itself.
std::string escaped(const std::filesystem::path& path) {
  std::string text;
  for (const char c : path.string()) text.append(c == ';' ? 2 : 1, c);
  return text;
}

std::string server_conf(const std::string& name, const std::string& role, std::uint16_t port,
                        const std::filesystem::path& store, const std::vector<std::string>& settings) {
  std::string text = "# Written by questcluster up; questnode --help-config explains every key.\n";
  text += "questnode.name=" + name + "\n";
  text += std::string(kBindKey) + "127.0.0.1:" + std::to_string(port) + "\n";
  text += "replication.role=" + role + "\n";
  text += "replication.object.store=fs::root=" + escaped(store / "objects") +
          ";atomic_write_dir=" + escaped(store / "scratch") + ";\n";
  for (const std::string& setting : settings) text += setting + "\n";
  return text;
}

std::string address_in(const std::string& conf) {
  std::size_t at = conf.find("\n" + std::string(kBindKey));
  if (at == std::string::npos) return {};
  at += 1 + kBindKey.size();
  return conf.substr(at, conf.find('\n', at) - at);
}

std::string log_of(const NodeFolder& node) {
  return " (" + (node.root / "questnode.log").string() + "):\n" + tail_of(node.root / "questnode.log", 5);
}

}  // namespace

Cluster::Cluster(const std::filesystem::path& directory, std::string questnode)
    : directory_(std::filesystem::absolute(directory).lexically_normal()), questnode_(std::move(questnode)) {}

void Cluster::create(const Layout& layout) {
  const std::filesystem::path store = directory_ / "store";
  std::filesystem::create_directories(store / "objects");
  std::filesystem::create_directories(store / "scratch");
  std::vector<std::uint16_t> ports;
  for (int i = 0; i < layout.nodes; ++i) {
    const std::string name = std::string("node-") + static_cast<char>('a' + i);
    std::uint16_t port = 0;
    do {
      port = free_port();
    } while (std::find(ports.begin(), ports.end(), port) != ports.end());
    ports.push_back(port);
    std::filesystem::create_directories(directory_ / name);
    base::replace_file(directory_ / name / "server.conf",
                       server_conf(name, i == 0 ? "primary" : "replica", port, store, layout.settings));
  }
}

bool Cluster::exists() const {
  return std::filesystem::exists(directory_ / "node-a" / "server.conf");
}

std::vector<NodeFolder> Cluster::folders() const {
  if (!exists()) {
    throw ClusterError("there is no cluster in " + directory_.string() +
                       ": make one with questcluster up --dir " + directory_.string());
  }
  std::vector<NodeFolder> found;
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    const auto conf = base::read_file(entry.path() / "server.conf");
    if (conf) found.push_back({entry.path().filename().string(), entry.path(), address_in(*conf)});
  }
  std::sort(found.begin(), found.end(),
            [](const NodeFolder& a, const NodeFolder& b) { return a.name < b.name; });
  return found;
}

NodeFolder Cluster::find(const std::string& node) const {
  std::string names;
  for (const NodeFolder& folder : folders()) {
    if (folder.name == node) return folder;
    names += (names.empty() ? "" : ", ") + folder.name;
  }
  throw ClusterError("there is no node '" + node + "' in " + directory_.string() + "; there are " + names);
}

std::vector<NodeView> Cluster::look() const {
  std::vector<NodeView> views;
  for (NodeFolder& folder : folders()) {
    NodeView view{std::move(folder), std::nullopt, std::nullopt};
    view.pid = running_in(view.folder.root);
    if (view.pid) view.report = ask_status(view.folder.address);
    views.push_back(std::move(view));
  }
  return views;
}

pid_t Cluster::launch(const NodeFolder& node) const {
  std::filesystem::remove(node.root / "questnode.json");
  return start_detached(find_questnode(questnode_), node.root);
}

void Cluster::await_ready(const NodeFolder& node, pid_t pid) const {
  bool ended = false;
  const bool ready = await(kReadyTimeout, [&] {
    ended = !alive(pid);
    return ended || (std::filesystem::exists(node.root / "questnode.json") && ask_status(node.address));
  });
  if (ended) throw ClusterError(node.name + " ended before it was ready" + log_of(node));
  if (!ready) throw ClusterError(node.name + " was not ready within 30 s" + log_of(node));
}

pid_t Cluster::start(const NodeFolder& node) const {
  if (const auto pid = running_in(node.root)) return *pid;
  const pid_t pid = launch(node);
  await_ready(node, pid);
  return pid;
}

void Cluster::start_all() const {
  std::vector<std::pair<NodeFolder, pid_t>> started;
  for (const NodeFolder& node : folders()) {
    if (!running_in(node.root)) started.emplace_back(node, launch(node));
  }
  for (const auto& [node, pid] : started) await_ready(node, pid);
  const bool settled = await(kReadyTimeout, [&] {
    std::uint64_t epoch = 0;
    const auto views = look();
    for (const NodeView& view : views) {
      if (view.report && view.report->writable) epoch = view.report->epoch;
    }
    return epoch > 0 && std::all_of(views.begin(), views.end(), [&](const NodeView& view) {
             return view.report && view.report->epoch == epoch;
           });
  });
  if (!settled) {
    throw ClusterError(
        "the nodes run, but after 30 s none takes writes or not all know it: see questcluster status, and "
        "promote one with questcluster promote NODE");
  }
}

bool Cluster::kill(const NodeFolder& node) const {
  const auto pid = running_in(node.root);
  if (!pid) return false;
  send_signal(*pid, SIGKILL);
  if (!await(kKillTimeout, [&] { return !running_in(node.root); })) {
    throw ClusterError(node.name + " (pid " + std::to_string(*pid) + ") does not end though it was killed");
  }
  return true;
}

bool Cluster::stop(const NodeFolder& node) const {
  const auto pid = running_in(node.root);
  if (!pid) return false;
  send_signal(*pid, SIGTERM);
  if (!await(kStopTimeout, [&] { return !running_in(node.root); })) return kill(node);
  return true;
}

std::string Cluster::connect_string() const {
  std::string addresses;
  for (const NodeFolder& node : folders()) addresses += (addresses.empty() ? "" : ",") + node.address;
  return "http::addr=" + addresses + ";";
}

}  // namespace questclient::cluster
