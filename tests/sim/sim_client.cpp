#include "sim/sim_client.hpp"

#include <string>
#include <utility>

#include "sim/sim_node.hpp"

namespace questclient::sim {
namespace {

constexpr milliseconds kRequestTimeout{500};
constexpr std::string_view kBadRow = "ticks id=x 5\n";
constexpr std::uint64_t kDrainRate = 2000;
constexpr std::size_t kSlotFrames = 40;  // of Trait::drop_oldest
constexpr int kVainResumptions = 2;      // of Trait::policies

}  // namespace

sender::CoreOptions SimClient::core_options() const {
  sender::CoreOptions options;
  for (std::size_t host = 0; host < hosts_; ++host) {
    options.hosts.push_back({"node-" + std::to_string(host), 9000});
  }
  options.trim_at = world_.bug == Bug::trim_committed ? TrimAt::committed : TrimAt::automatic;
  options.connect_timeout = options.request_timeout = kRequestTimeout;
  options.max_request_bytes = 400;  // a few frames: joining and splitting happen all the time
  switch (world_.trait) {
    case Trait::policies:
      options.on_parse_error = told_to_drop_ ? ErrorPolicy::drop : ErrorPolicy::halt;
      break;
    case Trait::drain_rate:
      options.drain_rate = kDrainRate;
      break;
    case Trait::poison:
      options.on_internal_error = ErrorPolicy::dead_letter;
      options.max_frame_rejections = 3;
      options.poison_window = milliseconds(300);
      break;
    case Trait::tokens:
      options.asks_for_tokens = true;
      break;
    case Trait::late_token:
      options.authorization = "Bearer " + world_.fresh_token();
      break;
    case Trait::refused_gzip:
      options.compression = Compression::gzip;
      break;
    case Trait::bad_rows:
      options.on_parse_error = drops_bad_rows_ ? ErrorPolicy::drop : ErrorPolicy::dead_letter;
      break;
    default:
      break;
  }
  return options;
}

SimClient::SimClient(World& world, Network& network, std::size_t hosts)
    : world_(world), network_(network), slot_(world), hosts_(hosts), drops_bad_rows_(world.once_in(2)) {
  restart();
}

/// Once in a while one that no server takes.
std::string SimClient::next_row(std::uint64_t id) {
  const bool bad = world_.once_in(world_.trait == Trait::bad_rows ? 2 : 60);
  if (bad) bad_rows_.insert(id);
  const bool poisonous = bad && world_.trait == Trait::poison && id % 2 == 0;
  if (bad && !poisonous) return std::string(kBadRow);
  LineBuffer buffer;
  const char* table = world_.once_in(3) ? "trades" : "ticks";
  buffer.table(poisonous ? kPoisonTable : table).column("id", id).at(TimestampNanos{world_.wall_nanos()});
  return std::string(buffer.payload());
}

void SimClient::produce() {
  std::string payload;
  std::vector<std::uint32_t> lengths;
  std::vector<std::uint64_t> ids;
  const auto rows = 1 + world_.random.below(4);
  for (std::uint64_t row = 0; row < rows; ++row) {
    ids.push_back(next_id_++);
    const std::string line = next_row(ids.back());
    payload += line;
    lengths.push_back(static_cast<std::uint32_t>(line.size()));
  }
  unsynced_.insert(ids.begin(), ids.end());
  bytes_live_ += payload.size();
  slot_.append(std::move(payload), std::move(lengths), std::move(ids));
  if (core_) run(core_->on_appended(world_.now()));
  if (core_ && world_.trait == Trait::drop_oldest && slot_.frames() > kSlotFrames) drop_oldest();
}

void SimClient::drop_oldest() {
  const auto dropped = slot_.drop_oldest(kSlotFrames / 2);
  world_.count("slot full, oldest dropped");
  dropped_by_slot_.insert(dropped.row_ids.begin(), dropped.row_ids.end());
  run(core_->on_rows_dropped(dropped.first, dropped.end, dropped.row_ids.size(), world_.now()));
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
  if (world_.trait == Trait::lossy_slot && world_.once_in(2)) {
    sync();  // what follows must be there to miss it
    slot_.lose_one();
  }
  ++incarnation_;
  durable_ = 0;
  committed_ = safe_ = {};
  core_ = std::make_unique<sender::Core>(core_options(), slot_, world_.random);
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
    } else if (const auto* told = std::get_if<sender::Acknowledged>(&action)) {
      take(*told);
    } else if (std::holds_alternative<sender::AskToken>(action)) {
      world_.count("token asked for");
      after(milliseconds(2),
            [this] { run(core_->on_token(world_.once_in(5) ? "" : world_.fresh_token(), world_.now())); });
    } else if (std::holds_alternative<sender::LookAhead>(action)) {
      after(milliseconds(1), [this] { core_->look_ahead(); });
    } else if (const auto* report = std::get_if<sender::Report>(&action)) {
      take(report->event);
    }
  }
  schedule_timer();
}

void SimClient::take(const sender::Acknowledged& told) {
  sender::Acknowledged& last = told.ack == Ack::committed ? committed_ : safe_;
  if (told.fsn <= last.fsn) throw Violation("an acknowledgement was told twice, or stepped back");
  last = told;
}

void SimClient::take(const SenderEvent& event) {
  world_.trace("client reports: " + event.message);
  misled_ = misled_ || event.message.find("made anew") != std::string::npos;
  if (event.kind == SenderEvent::Kind::rows_missing) take_missing(event);
  if (event.kind == SenderEvent::Kind::connected) {
    connected_at_ = world_.now();
    bytes_sent_ = bytes_live_ = 0;
  } else if (event.kind == SenderEvent::Kind::rows_dropped && !event.host.empty()) {
    world_.count("row dropped by policy");
    dropped_by_policy_.insert(slot_.row_id(event.fsn, event.first_row));
  } else if (event.kind == SenderEvent::Kind::halted) {
    world_.count("halted");
    if (halts_++ < kVainResumptions) {
      after(milliseconds(300), [this] { run(core_->resume(world_.now())); });
      return;
    }
    told_to_drop_ = true;
    after(milliseconds(500), [this] {
      kill();
      restart();
    });
  } else if (event.kind == SenderEvent::Kind::unauthorised && event.disposition == Disposition::terminal) {
    world_.count("stopped by 401");
    after(milliseconds(700), [this] { run(core_->on_token(world_.fresh_token(), world_.now())); });
  }
}

void SimClient::take_missing(const SenderEvent& event) {
  world_.count("rows told as missing");
  if (world_.trait != Trait::lossy_slot && !misled_) throw Violation("rows are missed that nobody lost");
  for (base::Fsn fsn = event.fsn; fsn < event.fsn + event.rows; ++fsn) {
    for (const std::uint64_t id : slot_.row_ids(fsn, fsn == event.fsn ? event.first_row : 0)) {
      told_missing_.insert(id);
    }
  }
}

/// Since the host took us: the live rows, drain_rate on top, its burst, and what frames differ from their
/// mean.
void SimClient::check_drain_rate(const net::HttpRequest& request) {
  constexpr double kSlack = 1500;
  bytes_sent_ += request.body.size();
  const double seconds = static_cast<double>((world_.now() - connected_at_).count()) / 1e9;
  const double allowed = static_cast<double>(bytes_live_) + kDrainRate * (seconds + 0.25) + kSlack;
  if (world_.trait == Trait::drain_rate && static_cast<double>(bytes_sent_) > allowed)
    throw Violation("the backlog is replayed faster than drain_rate");
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
  const auto id = connect.connection;
  const auto host = static_cast<std::size_t>(connect.host.host.back() - '0');
  hosts_of_[id] = host;
  after(world_.between(milliseconds(1), milliseconds(5)), [this, id, host, timeout = connect.timeout] {
    if (network_.reachable(host)) return run(core_->on_connected(id, world_.now()));
    const auto refuse = [this, id](net::NetError::Kind kind) {
      run(core_->on_connection_lost(id, {kind, false, "no connection"}, world_.now()));
    };
    if (!world_.once_in(4)) return refuse(net::NetError::Kind::connect);
    world_.count("connect swallowed");
    after(timeout, [refuse] { refuse(net::NetError::Kind::timeout); });
  });
}

void SimClient::send(const sender::Send& send) {
  check_drain_rate(send.request);
  const auto id = send.connection;
  const std::size_t host = hosts_of_.at(id);
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
    after(world_.between(milliseconds(1), milliseconds(5)),
          [this, id, done, lose, response = std::move(response)] {
            if (response.status == kClosed) return lose(net::NetError::Kind::closed);
            if (std::exchange(*done, true)) return;
            run(core_->on_response(id, response, world_.now(), world_.wall_nanos()));
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
