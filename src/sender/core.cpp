#include "sender/core.hpp"

#include <algorithm>
#include <utility>

#include <questclient/error.hpp>

#include "sender/core_impl.hpp"
#include "sender/requests.hpp"

namespace questclient::sender {

Core::Impl::Impl(CoreOptions core_options, buffer::FrameStore& frame_store, base::RandomSource& random_source)
    : options(std::move(core_options)),
      store(frame_store),
      random(random_source),
      walk(options.hosts.size(), {options.initial_backoff, options.max_backoff}),
      slot(store),
      warned(options.hosts.size()) {}

template <class Step>
std::vector<Action> Core::Impl::guarded(base::Time now, Step step) {
  try {
    step();
  } catch (const Error& error) {
    // Nothing was sent after the slot failed; the answer under way, if any, is forgotten and its rows are
    // sent again.
    in_flight.reset();
    hold(error.what(), now);
    if (phase == Phase::idle) {
      phase = Phase::sleeping;
      wake_at = hold_until;
    }
  }
  return take();
}

void Core::Impl::hold(const std::string& message, base::Time now) {
  hold_until = now + options.max_backoff;
  warn_once(message);
}

std::string Core::Impl::host_name() const {
  return options.hosts[host].to_string();
}

void Core::Impl::report(SenderEvent::Kind kind, std::string message) {
  SenderEvent event;
  event.kind = kind;
  event.host = host_name();
  event.message = std::move(message);
  actions.emplace_back(Report{std::move(event)});
}

void Core::Impl::warn_once(const std::string& message) {
  stats.last_error = message;
  if (warned[host] == message) return;
  warned[host] = message;
  report(SenderEvent::Kind::warning, message);
}

void Core::Impl::report_progress() {
  const Progress reached{slot.cursor().fsn - 1, slot.durable_fsn()};
  if (reached.acked == progress.acked && reached.durable == progress.durable) return;
  progress = reached;
  actions.emplace_back(reached);
}

bool Core::Impl::has_work() {
  return !slot.frames(1).empty() || (capabilities.tells_durable() && slot.awaiting_durable() != nullptr);
}

Core::Core(CoreOptions options, buffer::FrameStore& store, base::RandomSource& random)
    : impl_(std::make_unique<Impl>(std::move(options), store, random)) {}

Core::~Core() = default;

std::vector<Action> Core::start(base::Time now) {
  return impl_->guarded(now, [&] {
    if (impl_->phase != Phase::stopped || impl_->options.hosts.empty()) return;
    impl_->report_progress();
    impl_->walk_on(now);
  });
}

std::vector<Action> Core::on_appended(base::Time now) {
  return impl_->guarded(now, [&] {
    if (impl_->phase == Phase::idle) impl_->walk_on(now);
    impl_->pump(now);
  });
}

std::vector<Action> Core::on_connected(ConnectionId connection, base::Time now) {
  return impl_->guarded(now, [&] {
    if (connection != impl_->connection || impl_->phase != Phase::connecting) return;
    impl_->phase = Phase::asking;
    impl_->send(settings_request(impl_->options.authorization), InFlight{}, now);
  });
}

std::vector<Action> Core::on_connection_lost(ConnectionId connection, const net::NetError& error,
                                             base::Time now) {
  return impl_->guarded(now, [&] {
    const bool connected = impl_->phase == Phase::asking || impl_->phase == Phase::ready;
    if (connection != impl_->connection || (!connected && impl_->phase != Phase::connecting)) return;
    impl_->lost(error, now);
  });
}

std::vector<Action> Core::on_response(ConnectionId connection, const net::HttpResponse& response,
                                      base::Time now) {
  return impl_->guarded(now, [&] {
    if (connection != impl_->connection || !impl_->in_flight) return;
    if (impl_->is_from_deposed_primary(response)) {
      const std::string name = impl_->host_name();
      impl_->fail(failover::HostState::topology_reject,
                  name + " answered under an epoch that is over: a deposed primary. Its answer is ignored.",
                  now);
      return;
    }
    switch (impl_->in_flight->question) {
      case Question::settings:
        return impl_->on_settings(response, now);
      case Question::position:
      case Question::durable:
        return impl_->on_position(response, now);
      case Question::write:
        return impl_->on_write(response, now);
    }
  });
}

std::vector<Action> Core::on_timer(base::Time now) {
  return impl_->guarded(now, [&] {
    if (now < next_deadline()) return;
    if (impl_->phase == Phase::sleeping) impl_->walk_on(now);
    impl_->pump(now);
  });
}

base::Time Core::next_deadline() const {
  const Impl& core = *impl_;
  if (core.phase == Phase::sleeping) return core.wake_at;
  if (core.phase != Phase::ready || core.in_flight) return base::Time::max();
  if (core.hold_until != base::Time{}) return core.hold_until;
  const bool waits = core.capabilities.tells_durable() && core.slot.durable() < core.slot.cursor();
  return waits ? core.next_poll_at : base::Time::max();
}

std::optional<Capabilities> Core::capabilities() const {
  if (!impl_->met_a_server) return std::nullopt;
  return impl_->capabilities;
}

Stats Core::stats() const {
  Stats stats = impl_->stats;
  stats.acked_fsn = impl_->progress.acked;
  stats.durable_fsn = impl_->progress.durable;
  stats.epoch = impl_->epoch;
  if (impl_->phase == Phase::ready) stats.connected_to = impl_->host_name();
  for (std::size_t index = 0; index < impl_->options.hosts.size(); ++index) {
    stats.hosts.push_back(
        {impl_->options.hosts[index].to_string(), failover::to_string(impl_->walk.hosts().state(index))});
  }
  return stats;
}

}  // namespace questclient::sender
