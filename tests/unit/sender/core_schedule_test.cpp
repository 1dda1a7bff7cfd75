// Random schedules: every row arrives exactly once in the durable log, in order, whatever happens on the way.
#include <algorithm>
#include <map>
#include <set>

#include "unit/sender/core_model.hpp"

namespace questclient::sender {
namespace {

/// A client, a network that loses, repeats and delays, and a cluster that fails over.
class World {
 public:
  explicit World(std::uint64_t seed)
      : random_(seed), cluster_(1 + random_.below(3), random_, random_.below(4) != 0) {
    start_client();
  }

  void step() {
    const std::uint64_t what = random_.below(100);
    if (what < 20) {
      append();
    } else if (what < 70) {
      network(true);
    } else if (what < 80) {
      fire_timer();
    } else if (what < 90) {
      cluster_.upload();
    } else if (what < 93) {
      cluster_.fail_over();
    } else if (what < 96) {
      deliver_late();
    } else if (what < 98) {
      synced_ = store_.end();
    } else {
      restart_client();
    }
  }

  /// Everything works again: the slot must become empty.
  void heal() {
    synced_ = store_.end();
    cluster_.heal();
    for (int round = 0; round < 20000 && !store_.frames.empty(); ++round) {
      network(false);
      cluster_.upload();
      if (links_.empty() || (links_.size() == 1 && idle(links_.begin()->second))) fire_timer();
    }
    while (!late_.empty()) deliver_late();
    cluster_.primary().durable = cluster_.primary().log.size();
  }

  void check() {
    EXPECT_TRUE(store_.frames.empty()) << "the client never drained";
    for (const SenderEvent& event : missing_) {
      // A new process cannot know that the frame it no longer holds ended in a row that an older one buried.
      EXPECT_TRUE(is_buried(event)) << event.message;
    }
    std::map<std::string, int> arrived;
    std::map<base::Uuid, std::string> last;
    for (const ModelEntry& entry : cluster_.primary().log) {
      for (const std::string& row : entry.rows) {
        EXPECT_EQ(++arrived[row], 1) << row << " stands twice in the log";
        EXPECT_LT(last[entry.stream], row) << "out of order";
        last[entry.stream] = row;
      }
    }
    std::set<std::string> buried;
    for (const auto& letter : store_.letters) buried.insert(letter.payload);
    for (const std::string& row : promised_) {
      const bool bad = row[0] == '!';
      EXPECT_EQ(arrived.count(row), bad ? 0U : 1U) << row;
      EXPECT_EQ(buried.count(row + "\n"), bad ? 1U : 0U) << row;
    }
  }

 private:
  bool is_buried(const SenderEvent& event) const {
    return std::any_of(store_.letters.begin(), store_.letters.end(), [&event](const auto& letter) {
      return letter.fsn == event.fsn && letter.first_row == event.first_row;
    });
  }

  void append() {
    std::vector<std::string> rows;
    const std::uint64_t count = 1 + random_.below(4);
    for (std::uint64_t row = 0; row < count; ++row) {
      std::string number = std::to_string(++last_row_);
      number.insert(0, 6 - number.size(), '0');
      rows.push_back((random_.below(15) == 0 ? "!" : "r") + number + "\n");
      promised_.insert(rows.back().substr(0, 7));
    }
    store_.append(rows);
    take(core_->on_appended(now_));
  }

  void start_client() {
    CoreOptions options;
    for (std::size_t node = 0; node < cluster_.size(); ++node) {
      options.hosts.push_back({"n", static_cast<std::uint16_t>(node)});
    }
    options.max_request_bytes = 40;
    core_ = std::make_unique<Core>(options, store_, random_);
    take(core_->start(now_));
  }

  /// kill -9, or a power cut that loses the frames that were not synced; numbers are used again.
  void restart_client() {
    for (const auto& [id, link] : links_) {
      if (link.request) late_.push_back({link.host, *link.request});
    }
    links_.clear();
    core_.reset();
    if (random_.below(2) == 0) {
      while (!store_.frames.empty() && store_.frames.back()->fsn >= synced_) {
        const std::string& payload = store_.frames.back()->payload;
        for (std::size_t at = 0; at < payload.size(); at += 8) promised_.erase(payload.substr(at, 7));
        store_.lose_tail(1);
      }
    }
    store_.open(++streams_);
    start_client();
  }

  struct Link {
    std::size_t host = 0;
    bool connecting = true;
    std::optional<net::HttpRequest> request;
    bool closed = false;  ///< By the server, behind its last answer.
  };
  static bool idle(const Link& link) { return !link.connecting && !link.request; }

  /// Something happens on one of the connections.
  void network(bool faulty) {
    if (links_.empty()) return;
    const auto chosen = std::next(links_.begin(), static_cast<std::ptrdiff_t>(random_.below(links_.size())));
    const ConnectionId id = chosen->first;
    Link& link = chosen->second;
    host_ = link.host;
    if (std::exchange(link.connecting, false)) {
      const bool refused = cluster_.is_down(host_) || (faulty && random_.below(10) == 0);
      if (refused) return lose(id, net::NetError::Kind::connect);
      return take(core_->on_connected(id, now_));
    }
    if (!link.request) return;
    if (link.closed) return lose(id, net::NetError::Kind::closed, false);
    const net::HttpRequest request = *link.request;
    link.request.reset();
    const std::uint64_t fate = faulty ? random_.below(20) : 20;
    if (fate < 2 && random_.below(2) == 0) late_.push_back({host_, request});
    if (fate < 2 || cluster_.is_down(host_)) return lose(id, net::NetError::Kind::reset);
    net::HttpResponse response = cluster_.serve(host_, request);
    if (fate == 2) late_.push_back({host_, request});  // the network will repeat it
    if (fate == 3) return lose(id, net::NetError::Kind::timeout);
    if (fate == 4) return lose(id, net::NetError::Kind::reset);
    link.closed = fate == 5 || fate == 6;
    if (fate == 6) response.headers.emplace_back("Connection", "close");
    take(core_->on_response(id, response, now_));
  }

  void lose(ConnectionId id, net::NetError::Kind kind, bool in_doubt = true) {
    links_.erase(id);
    take(core_->on_connection_lost(id, {kind, in_doubt, "lost"}, now_));
  }

  void deliver_late() {
    if (late_.empty()) return;
    const auto at = late_.begin() + static_cast<std::ptrdiff_t>(random_.below(late_.size()));
    if (!cluster_.is_down(at->first)) cluster_.serve(at->first, at->second);
    late_.erase(at);
  }

  void fire_timer() {
    const base::Time deadline = core_->next_deadline();
    if (deadline == base::Time::max()) return;
    now_ = std::max(now_, deadline);
    take(core_->on_timer(now_));
  }

  void take(const std::vector<Action>& actions) {
    for (const Action& action : actions) {
      if (const auto* connect = std::get_if<Connect>(&action)) {
        links_[connect->connection] = {connect->host.port, true, std::nullopt, false};
      } else if (const auto* send = std::get_if<Send>(&action)) {
        Link& link = links_.at(send->connection);
        ASSERT_FALSE(link.request);
        link.request = send->request;
        EXPECT_TRUE(send->request.method != "POST" || links_.size() == 1U) << "rows go to one host";
      } else if (const auto* report = std::get_if<Report>(&action)) {
        // A new process knows no epoch yet: what a deposed primary makes it report is a false alarm.
        const Kind kind = report->event.kind;
        const bool missing = kind == Kind::rows_missing || (kind == Kind::warning && report->event.fsn != 0);
        if (missing && cluster_.is_primary(host_)) missing_.push_back(report->event);
      } else if (const auto* gone = std::get_if<Disconnect>(&action)) {
        EXPECT_EQ(links_.erase(gone->connection), 1U);
      }
    }
  }

  base::SeededRandom random_;
  ModelCluster cluster_;
  VectorStore store_;
  std::unique_ptr<Core> core_;
  base::Time now_{std::chrono::seconds(1)};
  std::map<ConnectionId, Link> links_;
  std::size_t host_ = 0;  ///< Where something happened last.
  std::vector<std::pair<std::size_t, net::HttpRequest>> late_;
  std::set<std::string> promised_;
  base::Fsn synced_ = 1;
  std::uint64_t last_row_ = 0;
  std::uint8_t streams_ = 1;
  std::vector<SenderEvent> missing_;
};

TEST(CoreSchedules, EveryRowArrivesExactlyOnceAndInOrder) {
  for (std::uint64_t seed = 1; seed <= 4000; ++seed) {
    World world(seed);
    for (int step = 0; step < 300; ++step) world.step();
    world.heal();
    world.check();
    if (testing::Test::HasFailure()) FAIL() << "seed " << seed;
  }
}

}  // namespace
}  // namespace questclient::sender
