#include "sim/sim_client.hpp"

#include <string>
#include <utility>

namespace questclient::sim {
namespace {

constexpr milliseconds kRequestTimeout{500};
constexpr std::string_view kBadRow = "ticks id=x 5\n";

sender::CoreOptions core_options(const World& world, std::size_t hosts) {
  sender::CoreOptions options;
  for (std::size_t host = 0; host < hosts; ++host) {
    options.hosts.push_back({"node-" + std::to_string(host), 9000});
  }
  options.trim_at = world.bug == Bug::trim_committed ? TrimAt::committed : TrimAt::automatic;
  options.request_timeout = kRequestTimeout;
  options.max_request_bytes = 400;  // a few frames: joining and splitting happen all the time
  return options;
}

}  // namespace

SimClient::SimClient(World& world, Network& network, std::size_t hosts)
    : world_(world), network_(network), slot_(world), hosts_(hosts) {
  restart();
}

void SimClient::produce() {
  LineBuffer buffer;
  std::string payload;
  std::vector<std::uint32_t> lengths;
  std::vector<std::uint64_t> ids;
  const auto rows = 1 + world_.random.below(4);
  for (std::uint64_t row = 0; row < rows; ++row) {
    const std::uint64_t id = next_id_++;
    std::string_view line = kBadRow;
    if (world_.once_in(60)) {
      bad_rows_.insert(id);
    } else {
      buffer.clear();
      buffer.table(world_.once_in(3) ? "trades" : "ticks")
          .column("id", id)
          .at(TimestampNanos{world_.wall_nanos()});
      line = buffer.payload();
    }
    payload += line;
    lengths.push_back(static_cast<std::uint32_t>(line.size()));
    ids.push_back(id);
  }
  unsynced_.insert(ids.begin(), ids.end());
  slot_.append(std::move(payload), std::move(lengths), std::move(ids));
  if (core_) run(core_->on_appended(world_.now()));
}

void SimClient::sync() {
  slot_.sync();
  promised_.merge(unsynced_);
  unsynced_.clear();
}

void SimClient::kill() {
  world_.count("client killed");
  world_.trace("client killed");
  core_.reset();
  ++incarnation_;
}

void SimClient::power_cut() {
  kill();
  const auto lost = slot_.power_cut();
  world_.count(lost.empty() ? "client power cut, all synced" : "client power cut, tail lost");
  for (const std::uint64_t id : lost) unsynced_.erase(id);
}

void SimClient::restart() {
  world_.trace("client starts");
  slot_.open();
  ++incarnation_;
  durable_ = 0;
  core_ = std::make_unique<sender::Core>(core_options(world_, hosts_), slot_, world_.random);
  run(core_->start(world_.now()));
}

void SimClient::after(Time delay, std::function<void()> event) {
  world_.after(delay, [this, incarnation = incarnation_, event = std::move(event)] {
    if (incarnation == incarnation_) event();
  });
}

void SimClient::run(std::vector<sender::Action> actions) {
  for (const sender::Action& action : actions) {
    if (const auto* to = std::get_if<sender::Connect>(&action)) {
      connect(*to);
    } else if (const auto* request = std::get_if<sender::Send>(&action)) {
      send(*request);
    } else if (const auto* progress = std::get_if<sender::Progress>(&action)) {
      if (progress->durable < durable_) throw Violation("the durable position stepped back");
      durable_ = progress->durable;
    } else if (const auto* report = std::get_if<sender::Report>(&action)) {
      world_.trace("client reports: " + report->event.message);
      if (report->event.kind == SenderEvent::Kind::rows_missing) missing_reported_ = true;
    }
  }
  schedule_timer();
}

void SimClient::schedule_timer() {
  const Time due = core_->next_deadline();
  if (due == Time::max()) return;
  const Time delay = due > world_.now() ? due - world_.now() : Time{};
  after(delay, [this, due] {
    if (core_->next_deadline() == due) run(core_->on_timer(world_.now()));
  });
}

void SimClient::connect(const sender::Connect& connect) {
  connection_ = connect.connection;
  host_ = static_cast<std::size_t>(connect.host.host.back() - '0');
  const auto id = connect.connection;
  after(world_.between(milliseconds(1), milliseconds(5)), [this, id] {
    if (id != connection_) return;
    if (network_.reachable(host_)) return run(core_->on_connected(id, world_.now()));
    run(core_->on_connection_lost(id, {net::NetError::Kind::connect, false, "connection refused"},
                                  world_.now()));
  });
}

void SimClient::send(const sender::Send& send) {
  const auto id = send.connection;
  const std::size_t host = host_;
  // Whichever comes first ends the request: the answer, the timeout or the connection's loss.
  auto done = std::make_shared<bool>(false);
  const auto lose = [this, id, done](net::NetError::Kind kind) {
    if (std::exchange(*done, true)) return;
    run(core_->on_connection_lost(id, {kind, true, "no answer"}, world_.now()));
  };
  after(send.timeout, [lose] { lose(net::NetError::Kind::timeout); });

  const bool answer_lost = !healthy_ && world_.once_in(25);
  const auto reply = [this, id, done, answer_lost, lose](net::HttpResponse response) {
    if (answer_lost) {
      world_.count("answer lost");
      return lose(net::NetError::Kind::reset);
    }
    after(world_.between(milliseconds(1), milliseconds(5)), [this, id, done, response = std::move(response)] {
      if (std::exchange(*done, true)) return;
      run(core_->on_response(id, response, world_.now()));
    });
  };
  const auto deliver = [this, host, request = send.request](std::function<void(net::HttpResponse)> to) {
    if (network_.reachable(host)) network_.deliver(host, request, std::move(to));
  };
  if (!healthy_ && world_.once_in(30)) {
    world_.count("request lost");
  } else {
    // Events of the network outlive the client: what it sent before it died still arrives.
    const auto incarnation = incarnation_;
    world_.after(world_.between(milliseconds(1), milliseconds(8)), [this, deliver, reply, incarnation] {
      deliver([this, reply, incarnation](net::HttpResponse response) {
        if (incarnation == incarnation_) reply(std::move(response));
      });
    });
  }
  if (!healthy_ && world_.once_in(12)) {
    world_.count("request repeated late");
    world_.after(world_.between(milliseconds(2), milliseconds(3000)),
                 [deliver] { deliver([](net::HttpResponse) {}); });
  }
}

}  // namespace questclient::sim
