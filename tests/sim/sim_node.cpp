#include "sim/sim_node.hpp"

#include <algorithm>
#include <utility>

#include "engine/entry.hpp"
#include "ilp/parser.hpp"

namespace questclient::sim {

namespace engine = questnode::engine;
namespace replication = questnode::replication;

namespace {

replication::ReplicatorOptions replicator_options(const std::string& name) {
  replication::ReplicatorOptions options;
  options.node = name;
  options.address = name + ":9000";
  options.max_record_bytes = 2000;  // many records
  return options;
}

}  // namespace

SimNode::SimNode(World& world, SimStore& store, std::string name, bool primary)
    : world_(world), store_(store), name_(std::move(name)) {
  state_.state.role = primary ? replication::Role::primary : replication::Role::replica;
  restart();
}

void SimNode::kill() {
  world_.count("node killed");
  world_.trace(name_ + " killed");
  stop_writing();
  replicator_.reset();
  ++incarnation_;
  wal_.process_kill();
}

void SimNode::power_cut() {
  kill();
  world_.count("node power cut");
  wal_.power_cut();
}

void SimNode::restart() {
  idle_ = false;
  ++incarnation_;
  sync_scheduled_ = false;
  const auto mark = wal_.last_mark();
  applied_ = {};
  advance(mark ? mark->through : 0);
  replicator_ = std::make_unique<replication::Replicator>(replicator_options(name_), wal_, state_, rescue_,
                                                          world_.random);
  run(replicator_->start(world_.now(), world_.wall_nanos()));
}

void SimNode::promote() {
  world_.count("promotion asked");
  world_.trace(name_ + " is asked to be primary");
  replicator_->promote();
  if (idle_) proceed(replication::Proceed{});
}

void SimNode::after(Time delay, std::function<void()> event) {
  world_.after(delay, [this, incarnation = incarnation_, event = std::move(event)] {
    if (incarnation == incarnation_) event();
  });
}

void SimNode::proceed(replication::Event event) {
  idle_ = false;
  run(replicator_->next(std::move(event), world_.now(), world_.wall_nanos()));
}

// One action outstanding, always: exactly one continuation is scheduled here.
void SimNode::run(replication::Action action) {
  if (const auto* get = std::get_if<replication::GetObject>(&action)) {
    if (!store_reachable_) {
      return after(milliseconds(200), [this] {
        proceed(replication::GotObject{questnode::object_store::GetResult::unknown, "", "cut off"});
      });
    }
    store_.get(get->key, [this, incarnation = incarnation_](replication::GotObject got) {
      if (incarnation == incarnation_) proceed(std::move(got));
    });
  } else if (const auto* put = std::get_if<replication::PutObject>(&action)) {
    if (!store_reachable_) {
      return after(milliseconds(200), [this] {
        proceed(replication::PutDone{questnode::object_store::PutResult::unknown, "cut off"});
      });
    }
    store_.put(put->key, put->bytes, [this, incarnation = incarnation_](replication::PutDone done) {
      if (incarnation == incarnation_) proceed(std::move(done));
    });
  } else if (const auto* idle = std::get_if<replication::Idle>(&action)) {
    idle_ = true;
    const Time delay = std::clamp(idle->until - world_.now(), Time{}, Time(std::chrono::hours(1)));
    after(delay, [this, until = idle->until] {
      if (idle_ && world_.now() >= until) proceed(replication::Proceed{});
    });
  } else {
    if (const auto* start = std::get_if<replication::StartWriting>(&action)) start_writing(start->epoch);
    if (std::holds_alternative<replication::StopWriting>(action)) stop_writing();
    if (const auto* log = std::get_if<replication::LogAdvanced>(&action)) advance(log->through);
    after(Time{1}, [this] { proceed(replication::Proceed{}); });
  }
}

void SimNode::advance(std::uint64_t through) {
  while (applied_.number() < through) {
    for (const std::string& bytes : wal_.read(applied_.number() + 1, through, 1 << 20)) {
      applied_.apply(engine::decode_entry(bytes));
    }
  }
}

void SimNode::start_writing(std::uint64_t epoch) {
  world_.count("promoted");
  world_.trace(name_ + " is primary of epoch " + std::to_string(epoch));
  epoch_ = epoch;
  engine::ClusterState state = applied_;
  while (state.number() < wal_.last()) {
    for (const std::string& bytes : wal_.read(state.number() + 1, wal_.last(), 1 << 20)) {
      state.apply(engine::decode_entry(bytes));
    }
  }
  sequencer_.emplace(std::move(state));
}

void SimNode::stop_writing() {
  if (sequencer_) world_.trace(name_ + " stops writing");
  sequencer_.reset();
  waiting_.clear();
}

// Group commit: one sync for all that waits. What an answer tells of the tail is told once the tail is
// synced.
void SimNode::when_synced(std::function<void()> to_answer) {
  waiting_.push_back({wal_.last(), std::move(to_answer)});
  if (std::exchange(sync_scheduled_, true)) return;
  after(world_.between(milliseconds(1), milliseconds(15)), [this] {
    sync_scheduled_ = false;
    const std::uint64_t synced = wal_.sync();
    while (!waiting_.empty() && waiting_.front().number <= synced) {
      const auto answer_now = std::move(waiting_.front().answer);
      waiting_.pop_front();
      answer_now();
    }
    if (idle_) proceed(replication::Proceed{});
  });
}

net::HttpResponse SimNode::answer(int status, const std::optional<base::Uuid>& stream) const {
  net::HttpResponse response;
  response.status = status;
  auto& headers = response.headers;
  headers.emplace_back(base::header::kRole, sequencer_ ? "PRIMARY" : "REPLICA");
  headers.emplace_back(base::header::kDurableAck, "enabled");
  const std::uint64_t epoch = sequencer_ ? epoch_ : replicator_->status().epoch;
  headers.emplace_back(base::header::kCommit, base::CommitPosition{epoch, wal_.last()}.to_string());
  if (stream && sequencer_) {
    if (const auto token = sequencer_->state().token(*stream)) {
      headers.emplace_back(base::header::kAcked, token->to_string());
    }
    if (const auto token = applied_.token(*stream)) {
      headers.emplace_back(base::header::kDurable, token->to_string());
    }
  }
  return response;
}

void SimNode::handle(const net::HttpRequest& request, Reply reply) {
  if (request.target.starts_with("/settings")) {
    auto response = answer(200);
    response.body =
        std::string(R"({"config":{"accepting.writes":)") + (sequencer_ ? R"(["http"])" : "[]") +
        R"(,"line.proto.support.versions":[1,2],"questclient.delivery":1,"questclient.durable_ack":true}})";
    return reply(response);
  }
  if (const auto refused = refuse(request)) return reply(*refused);
  if (!sequencer_) {
    auto response = answer(421);
    response.body = "not accepting writes";
    return reply(response);
  }
  if (request.target.starts_with("/durable")) return wait_durable(request, reply);
  write(request, reply);
}

std::optional<net::HttpResponse> SimNode::refuse(const net::HttpRequest& request) const {
  if (world_.trait == Trait::tokens || world_.trait == Trait::late_token) {
    const auto named = [](const auto& header) { return header.first == "Authorization"; };
    const auto found = std::find_if(request.headers.begin(), request.headers.end(), named);
    if (found == request.headers.end() || !world_.takes_token(found->second)) return answer(401);
  }
  if (request.gzip && name_.back() == '1') {
    world_.count("gzip refused");
    return answer(415);
  }
  if (request.body.view().find(kPoisonTable) != std::string::npos) {
    world_.count("closed at a poisonous row");
    return answer(kClosed);
  }
  return std::nullopt;
}

void SimNode::wait_durable(const net::HttpRequest& request, const Reply& reply) {
  const auto value_of = [&](const std::string& key) {
    const auto at = request.target.find(key + "=");
    if (at == std::string::npos) return std::string();
    const auto begin = at + key.size() + 1;
    return request.target.substr(begin, request.target.find('&', begin) - begin);
  };
  const auto stream = base::Uuid::parse(value_of("stream"));
  if (!stream) throw Violation("the client asks /durable without a stream: " + request.target);
  const std::string wait = value_of("wait");
  after(milliseconds(wait.empty() ? 0 : std::stol(wait)),
        [this, stream, reply] { when_synced([this, stream, reply] { reply(answer(204, stream)); }); });
}

void SimNode::write(const net::HttpRequest& request, const Reply& reply) {
  auto parsed = questnode::ilp::parse(request.body, questnode::ilp::Precision::nanos, world_.wall_nanos());
  if (const auto* error = std::get_if<questnode::ilp::ParseError>(&parsed)) {
    auto response = answer(400);
    // Its first lines: the rest may quote the row.
    const std::string what = "error in line " + std::to_string(error->line) + ": could not parse";
    response.body =
        R"({"code":"invalid","message":")" + what + R"(","line":)" + std::to_string(error->line) + "}";
    return reply(response);
  }
  auto& to_write = std::get<engine::WriteRequest>(parsed);
  engine::Delivery delivery;
  for (const auto& [name, value] : request.headers) {
    if (name == base::header::kStream) delivery.stream = base::StreamHeader::parse(value).value();
    if (name == base::header::kFrames) delivery.parts = base::parse_parts(value).value();
    if (name == base::header::kGap) delivery.gap = base::GapAcceptance::parse(value);
  }
  const base::Uuid stream = delivery.stream.stream;
  to_write.delivery = std::move(delivery);

  if (world_.bug == Bug::check_before_sequence) {
    // Decided against the state at arrival, committed later: another copy may come in between.
    engine::Sequencer at_arrival = *sequencer_;
    auto decided = at_arrival.write(std::move(to_write), world_.wall_nanos());
    return after(world_.between(milliseconds(0), milliseconds(400)), [this, decided, stream, reply] {
      if (sequencer_) commit(admit_without_checking(decided), stream, reply);
    });
  }
  commit(sequencer_->write(std::move(to_write), world_.wall_nanos()), stream, reply);
}

engine::Admission SimNode::admit_without_checking(engine::Admission decided_before) {
  if (decided_before.outcome != engine::Admission::Outcome::committed) return decided_before;
  engine::ClusterState state = sequencer_->state();
  engine::Entry entry = engine::decode_entry(decided_before.entry);
  entry.number = state.number() + 1;
  if (entry.token) entry.token->before = state.token(entry.token->stream);
  for (auto& table : entry.tables) {
    const auto* schema = state.table(table.table);
    table.transaction = schema == nullptr ? 1 : schema->transactions + 1;
    if (schema != nullptr) table.creation.reset();
  }
  state.apply(entry);
  decided_before.number = entry.number;
  decided_before.entry = engine::encode_entry(entry);
  sequencer_.emplace(std::move(state));
  return decided_before;
}

void SimNode::commit(engine::Admission admission, const base::Uuid& stream, const Reply& reply) {
  using Outcome = engine::Admission::Outcome;
  switch (admission.outcome) {
    case Outcome::committed:
      wal_.append(admission.number, admission.entry);
      world_.count("commit");
      break;
    case Outcome::duplicate:
      world_.count("duplicate");
      break;
    case Outcome::gap:
    case Outcome::unknown_stream:
      world_.count(admission.outcome == Outcome::gap ? "gap refused" : "unknown stream");
      return when_synced([this, token = admission.token, reply] {
        auto response = answer(409);
        if (token) response.headers.emplace_back(base::header::kAcked, token->to_string());
        reply(response);
      });
    case Outcome::too_large:
      return reply(answer(413));
    case Outcome::refused: {
      auto response = answer(400);
      response.body =
          R"({"code":"invalid","message":"refused","line":)" + std::to_string(admission.line) + "}";
      return reply(response);
    }
  }
  when_synced([this, stream, token = admission.token, reply] {
    auto response = answer(204);
    if (token) response.headers.emplace_back(base::header::kAcked, token->to_string());
    if (const auto durable = applied_.token(stream)) {
      response.headers.emplace_back(base::header::kDurable, durable->to_string());
    }
    reply(response);
  });
}

}  // namespace questclient::sim
