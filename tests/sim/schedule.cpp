#include "sim/schedule.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <vector>

#include "engine/entry.hpp"
#include "sim/sim_client.hpp"
#include "sim/sim_node.hpp"
#include "sim/sim_store.hpp"

namespace questclient::sim {
namespace {

namespace engine = questnode::engine;

constexpr std::size_t kNodes = 3;
constexpr Time kTroubles = std::chrono::seconds(20);
constexpr Time kHealing = std::chrono::seconds(300);

class Run final : public Network {
 public:
  Run(std::uint64_t seed, Bug bug, bool trace) : world_(seed, bug, trace), store_(world_), client_(nullptr) {
    for (std::size_t node = 0; node < kNodes; ++node) {
      nodes_.push_back(std::make_unique<SimNode>(world_, store_, "node-" + std::to_string(node), node == 0));
    }
    client_ = std::make_unique<SimClient>(world_, *this, kNodes);
  }

  void go() {
    schedule_produce();
    schedule_trouble();
    while (world_.step(kTroubles)) {
    }
    heal();
    check();
  }

  bool reachable(std::size_t host) const override { return nodes_[host]->up() && !cut_off_[host]; }
  void deliver(std::size_t host, const net::HttpRequest& request,
               std::function<void(net::HttpResponse)> reply) override {
    nodes_[host]->handle(request, std::move(reply));
  }

  const World& world() const { return world_; }

 private:
  void schedule_produce() {
    world_.after(world_.between(milliseconds(1), milliseconds(120)), [this] {
      if (healing_) return;
      if (client_->up()) {
        client_->produce();
        if (world_.once_in(4)) client_->sync();
      }
      schedule_produce();
    });
  }

  void schedule_trouble() {
    world_.after(world_.between(milliseconds(50), milliseconds(1500)), [this] {
      if (healing_) return;
      trouble();
      schedule_trouble();
    });
  }

  void trouble() {
    if (world_.trait == Trait::bad_rows && world_.once_in(3))
      return client_->up() ? client_->kill() : client_->restart();
    const auto which = static_cast<std::size_t>(world_.random.below(kNodes));
    SimNode& node = *nodes_[which];
    switch (world_.random.below(9)) {
      case 0:
      case 1:
        return node.up() ? node.kill() : node.restart();
      case 2:
        return node.up() ? node.power_cut() : node.restart();
      case 3:
      case 4:
        if (node.up()) node.promote();
        return;
      case 5:
        return client_->up() ? client_->kill() : client_->restart();
      case 6:
        return client_->up() ? client_->power_cut() : client_->restart();
      case 7:
        world_.count("node cut off from the store");
        store_cut_off_[which] = !store_cut_off_[which];
        return node.set_store_reachable(!store_cut_off_[which]);
      default:
        world_.count("client cut off from a node");
        cut_off_[which] = !cut_off_[which];
    }
  }

  // Everything comes back; then the client must get rid of every row.
  void heal() {
    world_.trace("healing");
    healing_ = true;
    store_.heal();
    client_->heal();
    for (std::size_t node = 0; node < kNodes; ++node) {
      cut_off_[node] = false;
      nodes_[node]->set_store_reachable(true);
      if (!nodes_[node]->up()) nodes_[node]->restart();
    }
    if (!client_->up()) client_->restart();
    client_->sync();
    ensure_primary();
    const Time end = world_.now() + kHealing;
    while (!client_->drained() || !caught_up()) {
      if (!world_.step(end)) throw Violation("it never comes to rest: " + describe());
    }
  }

  // What an operator does: if nobody is primary for a while, promote somebody.
  void ensure_primary() {
    world_.after(milliseconds(3000), [this] {
      const bool writable =
          std::any_of(nodes_.begin(), nodes_.end(), [](const auto& n) { return n->writable(); });
      if (!writable) nodes_[world_.random.below(kNodes)]->promote();
      ensure_primary();
    });
  }

  bool caught_up() const {
    const auto entries = store_.log().size();
    return std::all_of(nodes_.begin(), nodes_.end(),
                       [&](const auto& node) { return node->through() == entries; });
  }

  std::string describe() const {
    std::string text = client_->drained() ? "the client drained" : "the client has rows left";
    text += ", the log has " + std::to_string(store_.log().size()) + " entries";
    for (const auto& node : nodes_) {
      const auto status = node->status();
      text += "; " + node->name() + " is at " + std::to_string(node->through()) + ", epoch " +
              std::to_string(status.epoch) + " " + status.last_error;
    }
    return text;
  }

  void check() const {
    const auto log = store_.log();
    std::map<std::uint64_t, int> seen;
    for (const std::string& bytes : log) count_rows(engine::decode_entry(bytes), seen);
    for (const auto& [id, times] : seen) {
      if (times > 1)
        throw Violation("row " + std::to_string(id) + " stands " + std::to_string(times) +
                        " times in the log");
    }
    check_client(seen);
    for (const auto& node : nodes_) check_node(*node, log);
  }

  static void count_rows(const engine::Entry& entry, std::map<std::uint64_t, int>& seen) {
    for (const auto& table : entry.tables) {
      for (const auto& column : table.block.columns) {
        if (column.name != "id") continue;
        for (const std::int64_t id : column.integers) ++seen[static_cast<std::uint64_t>(id)];
      }
    }
  }

  void check_client(const std::map<std::uint64_t, int>& seen) const {
    const auto& buried = client_->slot().buried();
    const auto& dropped = client_->dropped_by_policy();
    const auto must_be_safe = [&](std::uint64_t id, const char* why) {
      if (client_->dropped_by_slot().contains(id)) return;
      const bool bad = client_->bad_rows().contains(id);
      if (bad && !buried.contains(id) && !dropped.contains(id))
        throw Violation("bad row " + std::to_string(id) + " is neither in the dead letters nor reported");
      if (!bad && !seen.contains(id))
        throw Violation("row " + std::to_string(id) + " is lost: it was " + why);
    };
    for (const std::uint64_t id : client_->promised()) {
      if (!client_->slot().lost().contains(id)) must_be_safe(id, "flushed");
    }
    check_lost(seen);
    for (const std::uint64_t id : client_->slot().released()) must_be_safe(id, "trimmed");
    for (const auto* given_up : {&buried, &dropped}) {
      for (const std::uint64_t id : *given_up) {
        if (!client_->bad_rows().contains(id))
          throw Violation("good row " + std::to_string(id) + " is in the dead letters or dropped");
      }
    }
  }

  // What the client's disk lost before a server had it is told, and nothing else is.
  void check_lost(const std::map<std::uint64_t, int>& seen) const {
    const auto given_up = [this](std::uint64_t id) {
      return client_->slot().buried().contains(id) || client_->dropped_by_policy().contains(id);
    };
    for (const std::uint64_t id : client_->slot().lost()) {
      if (!seen.contains(id) && !given_up(id) && !client_->told_missing().contains(id))
        throw Violation("row " + std::to_string(id) + " was lost by the disk, and nobody was told");
    }
    if (client_->was_misled()) return;
    // A lost frame may hold a row that was refused before: it is missed with the others, for the frame that
    // tells so is gone.
    for (const std::uint64_t id : client_->told_missing()) {
      if (seen.contains(id) || !client_->slot().lost().contains(id))
        throw Violation("row " + std::to_string(id) + " is told as missing, and is not");
    }
  }

  // Invariants 2 and 4 of the replication protocol: every node holds the log, byte for byte.
  static void check_node(const SimNode& node, const std::vector<std::string>& log) {
    std::uint64_t number = 1;
    while (number <= log.size()) {
      for (const std::string& bytes : node.wal().read(number, log.size(), 1 << 20)) {
        if (bytes != log[number - 1])
          throw Violation(node.name() + " differs from the log at entry " + std::to_string(number));
        ++number;
      }
    }
  }

  World world_;
  SimStore store_;
  std::vector<std::unique_ptr<SimNode>> nodes_;
  std::unique_ptr<SimClient> client_;
  bool cut_off_[kNodes] = {};
  bool store_cut_off_[kNodes] = {};
  bool healing_ = false;
};

}  // namespace

void run_schedule(std::uint64_t seed, Bug bug, bool trace, std::map<std::string, std::uint64_t>& counters) {
  Run run(seed, bug, trace);
  ++counters[std::string("with ") + to_string(trait_of(seed))];
  run.go();
  for (const auto& [what, times] : run.world().counters) counters[what] += times;
}

}  // namespace questclient::sim
