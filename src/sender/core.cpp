#include "sender/core.hpp"

#include <algorithm>
#include <utility>

#include <questclient/error.hpp>

#include "sender/core_impl.hpp"

namespace questclient::sender {

namespace {

LatencyStats to_stats(const base::Histogram::Summary& measured) {
  return {measured.count, measured.p50, measured.p90, measured.p99, measured.max};
}

}  // namespace

CoreOptions make_core_options(const Options& options) {
  CoreOptions result;
  result.hosts = options.addr;
  result.trim_at = options.request_durable_ack;
  result.connect_timeout = options.connect_timeout;
  result.request_timeout = options.request_timeout;
  result.request_min_throughput = options.request_min_throughput;
  result.initial_backoff = options.reconnect_initial_backoff_millis;
  result.max_backoff = options.reconnect_max_backoff_millis;
  result.durable_poll = options.durable_ack_keepalive_interval_millis;
  result.answers_are_commits = options.transport == Transport::http || options.transport == Transport::https;
  result.in_memory = options.sf_dir.empty();
  result.compression = result.answers_are_commits ? options.request_compression : Compression::off;
  result.rewrites_rows = result.answers_are_commits && !options.protocol_version;
  result.drain_rate = options.drain_rate;
  result.on_schema_error = options.on_schema_error;
  result.on_parse_error = options.on_parse_error;
  result.on_write_error = options.on_write_error;
  result.on_security_error = options.on_security_error;
  result.on_internal_error = options.on_internal_error;
  result.on_server_error = options.on_server_error;
  result.max_frame_rejections = options.max_frame_rejections;
  result.poison_window = options.poison_min_escalation_window_millis;
  return result;
}

Core::Impl::Impl(CoreOptions core_options, buffer::FrameStore& frame_store, base::RandomSource& random_source)
    : options(std::move(core_options)),
      store(frame_store),
      random(random_source),
      walk(options.hosts.size(), {options.initial_backoff, options.max_backoff}),
      memory(store),
      slot(store, memory),
      poison(options.max_frame_rejections, options.poison_window),
      resume_pause({options.initial_backoff, options.max_backoff}),
      drain(options.drain_rate),
      warned(options.hosts.size()),
      refuses_gzip(options.hosts.size()),
      opened_at(store.end()) {
  secrets.renew(options.authorization);
  const SenderNote known = memory.found(slot.front().fsn);
  remembered_epoch = known.epoch;
  dropped_below = known.dropped_below;
}

template <class Step>
std::vector<Action> Core::Impl::guarded(base::Time now, Step step) {
  try {
    step();
  } catch (const Error& error) {
    // Nothing was sent after the slot failed; the answer under way, if any, is forgotten and its rows are
    // sent again.
    in_flight.reset();
    hold(error, now);
    if (phase == Phase::idle) {
      phase = Phase::sleeping;
      wake_at = hold_until;
    }
  }
  answered_by = nullptr;
  return take();
}

void Core::Impl::hold(const Error& error, base::Time now) {
  hold_until = now + options.max_backoff;
  warn_once(error.code(), error.what());
}

void Core::Impl::answered(const net::HttpResponse& response, base::Time now) {
  if (is_from_deposed_primary(response, now)) {
    return fail(
        failover::HostState::topology_reject, ErrorCode::not_writable,
        host_name() + " answered under an epoch that is over: a deposed primary. Its answer is ignored.",
        now);
  }
  if (phase == Phase::looking) return on_settings(response, now);
  heard_at = now;
  is_unheard = false;
  switch (in_flight->question) {
    case Question::position:
    case Question::durable:
      return on_position(response, now);
    case Question::write:
      request_latency.add(now - in_flight->sent_at);
      return on_write(response, now);
  }
}

bool Core::Impl::has_work() {
  return !slot.frames(1).empty() || (capabilities.tells_durable() && slot.awaiting_durable() != nullptr);
}

Core::Core(CoreOptions options, buffer::FrameStore& store, base::RandomSource& random)
    : impl_(std::make_unique<Impl>(std::move(options), store, random)) {}

Core::~Core() = default;

std::vector<Action> Core::start(base::Time now) {
  return impl_->guarded(now, [&] {
    Impl& core = *impl_;
    if (core.phase != Phase::stopped || core.stopped_by || core.options.hosts.empty()) return;
    core.acknowledged = core.reached();  // an earlier process was told of these
    core.report_progress();
    if (core.options.asks_for_tokens) return core.ask_token(now);
    core.walk_on(now);
  });
}

std::vector<Action> Core::on_appended(base::Time now) {
  return impl_->guarded(now, [&] {
    if (impl_->phase == Phase::idle) impl_->walk_on(now);
    impl_->pump(now);
  });
}

void Core::look_ahead() {
  Impl& core = *impl_;
  if (!core.in_flight || core.in_flight->question != Question::write) return;
  try {
    core.slot.look_ahead(core.in_flight->batch.end().fsn, core.options.max_request_bytes);
  } catch (const Error&) {
    // The next request needs these rows and says so.
  }
}

std::vector<Action> Core::on_connected(ConnectionId connection, base::Time now) {
  return impl_->guarded(now, [&] {
    if (impl_->phase == Phase::reopening && connection == impl_->connection) return impl_->reopened(now);
    Attempt* attempt = impl_->pick(connection);
    if (attempt != nullptr && !attempt->asked) impl_->ask_settings(*attempt);
  });
}

std::vector<Action> Core::on_connection_lost(ConnectionId connection, const net::NetError& error,
                                             base::Time now) {
  return impl_->guarded(now, [&] {
    const bool taken = impl_->is_taken() && connection == impl_->connection;
    if (taken || impl_->pick(connection) != nullptr) impl_->lost(error, now);
  });
}

std::vector<Action> Core::on_response(ConnectionId connection, const net::HttpResponse& response,
                                      base::Time now, std::int64_t wall_nanos) {
  return impl_->guarded(now, [&] {
    if (!impl_->in_flight || connection != impl_->connection) {
      const Attempt* attempt = impl_->pick(connection);
      if (attempt == nullptr || !attempt->asked) return;
    }
    impl_->answered_by = &response;
    impl_->wall_nanos = wall_nanos;
    impl_->answered(response, now);
  });
}

std::vector<Action> Core::on_token(const std::string& token, base::Time now) {
  return impl_->guarded(now, [&] { impl_->on_token(token, now); });
}

std::vector<Action> Core::resume(base::Time now) {
  return impl_->guarded(now, [&] {
    if (impl_->stopped_by) impl_->resume(now);
  });
}

std::vector<Action> Core::on_rows_dropped(base::Fsn first, base::Fsn end, std::uint64_t rows,
                                          base::Time now) {
  return impl_->guarded(now, [&] {
    impl_->stats.rows_dropped += rows;
    SenderEvent lost = impl_->event(
        SenderEvent::Kind::rows_dropped, ErrorCode::rows_dropped,
        std::to_string(rows) + " rows, frames " + std::to_string(first) + " to " + std::to_string(end - 1) +
            ", are lost: the slot was full, and sf_overflow=drop_oldest gives up the oldest. Send "
            "them again from their source, and give the slot a larger sf_max_total_bytes.",
        Disposition::fix_and_resend);
    lost.host.clear();
    lost.fsn = first;
    lost.rows = rows;
    impl_->report(std::move(lost));
    impl_->actions.emplace_back(GivenUp{first, end});
    impl_->dropped_below = std::max(impl_->dropped_below, end);
    impl_->memory.keep_dropped(end);
    impl_->slot.give_up_below(end);
    impl_->report_progress();
    impl_->pump(now);
  });
}

std::vector<Action> Core::on_timer(base::Time now) {
  return impl_->guarded(now, [&] {
    if (now < next_deadline()) return;
    if (impl_->phase == Phase::sleeping || impl_->phase == Phase::looking) impl_->walk_on(now);
    if (impl_->phase == Phase::unarmed) impl_->ask_token(now);
    impl_->pump(now);
  });
}

base::Time Core::next_deadline() const {
  const Impl& core = *impl_;
  if (core.phase == Phase::sleeping || core.phase == Phase::unarmed) return core.wake_at;
  if (core.phase == Phase::looking && !core.walk.round_is_over()) return core.next_attempt_at;
  if (core.phase != Phase::ready || core.in_flight) return base::Time::max();
  if (core.hold_until != base::Time{}) return core.hold_until;
  const bool waits = core.capabilities.tells_durable() && core.slot.durable() < core.slot.cursor();
  return waits ? std::min(core.drain_at, core.next_poll_at) : core.drain_at;
}

std::optional<Capabilities> Core::capabilities() const {
  if (!impl_->met_a_server) return std::nullopt;
  return impl_->capabilities;
}

std::optional<SenderEvent> Core::stopped_by() const {
  return impl_->stopped_by;
}

Stats Core::stats() const {
  Stats stats = impl_->stats;
  stats.acked_fsn = impl_->progress.acked;
  stats.durable_fsn = impl_->progress.durable;
  stats.epoch = impl_->epoch;
  stats.reconnects = stats.connects > 0 ? stats.connects - 1 : 0;
  stats.request_latency = to_stats(impl_->request_latency.summary());
  stats.ack_latency = to_stats(impl_->ack_latency.summary());
  if (impl_->is_taken()) stats.connected_to = impl_->host_name();
  for (std::size_t index = 0; index < impl_->options.hosts.size(); ++index) {
    stats.hosts.push_back(
        {impl_->options.hosts[index].to_string(), failover::to_string(impl_->walk.hosts().state(index))});
  }
  return stats;
}

}  // namespace questclient::sender
