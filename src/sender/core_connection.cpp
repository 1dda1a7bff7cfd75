// Which host, when; what /settings said.
#include <algorithm>
#include <utility>

#include "sender/core_impl.hpp"
#include "sender/requests.hpp"

namespace questclient::sender {

using failover::AnswerClass;
using failover::HostState;

namespace {

bool says_close(const net::HttpResponse& response) {
  const std::string_view value = response.header("Connection");
  constexpr std::string_view kClose = "close";
  return std::equal(value.begin(), value.end(), kClose.begin(), kClose.end(),
                    [](char a, char b) { return (a | 0x20) == b; });
}

}  // namespace

void Core::Impl::walk_on(base::Time now) {
  if (!attempts.empty() && walk.round_is_over()) return;  // those that were asked may still say yes
  const failover::WalkStep step = walk.next(random);
  if (step.host) {
    phase = Phase::looking;
    host = *step.host;
    attempts.push_back({++newest, host});
    next_attempt_at = now + kAttemptPause;
    ++stats.connect_attempts;
    actions.emplace_back(Connect{newest, options.hosts[host], options.connect_timeout});
    return;
  }
  phase = Phase::sleeping;
  wake_at = now + step.sleep;
  if (outage_reported) return;
  outage_reported = true;
  report(event(SenderEvent::Kind::warning, last_code,
               "No host takes rows at present; the last one tried: " + stats.last_error +
                   " Rows stay in the slot, and the sender goes on trying."));
}

Attempt* Core::Impl::pick(ConnectionId attempt) {
  const auto found = std::find_if(attempts.begin(), attempts.end(),
                                  [attempt](const Attempt& one) { return one.connection == attempt; });
  if (found == attempts.end()) return nullptr;
  connection = found->connection;
  host = found->host;
  return &*found;
}

void Core::Impl::ask_settings(Attempt& attempt) {
  ++stats.requests;
  attempt.asked = true;
  actions.emplace_back(
      Send{attempt.connection, settings_request(options.authorization), options.request_timeout});
}

void Core::Impl::stop_looking() {
  for (const Attempt& attempt : attempts) {
    actions.emplace_back(Disconnect{attempt.connection});
    walk.retry(attempt.host);  // it did nothing wrong
  }
  attempts.clear();
}

void Core::Impl::leave(const std::string& why, bool is_routine) {
  if (!std::exchange(connection_is_gone, false) && connection != 0)
    actions.emplace_back(Disconnect{connection});
  if (is_taken()) {
    SenderEvent told = event(SenderEvent::Kind::disconnected, last_code, farewell(why));
    told.routine = is_routine || outage_reported;
    report(std::move(told));
  }
  std::erase_if(attempts, [this](const Attempt& one) { return one.connection == connection; });
  phase = attempts.empty() ? Phase::idle : Phase::looking;
  connection = 0;
  in_flight.reset();
  hold_until = {};
}

void Core::Impl::fail(HostState state, ErrorCode code, const std::string& message, base::Time now) {
  stats.last_error = message;
  last_code = code;
  leave(message);
  walk.failed(host, state);
  walk_on(now);
}

void Core::Impl::fail_busy(ErrorCode code, const std::string& message, base::Time now) {
  stats.last_error = message;
  last_code = code;
  leave(message);
  walk.busy(host);
  walk_on(now);
}

/// To the same host, which did nothing wrong, and is asked again whether it takes rows.
void Core::Impl::reconnect(base::Time now) {
  leave(stats.last_error, true);
  // A host that drops each connection at once is not given the benefit of the doubt for ever.
  const bool too_soon = last_reconnect != base::Time::min() && now - last_reconnect < options.initial_backoff;
  last_reconnect = now;
  is_unheard || too_soon ? walk.failed(host, HostState::transport_error) : walk.retry(host);
  if (has_work()) walk_on(now);
}

/// To the same host, which has just said that it takes rows.
void Core::Impl::reopen() {
  if (!std::exchange(connection_is_gone, false)) actions.emplace_back(Disconnect{connection});
  in_flight.reset();
  phase = Phase::reopening;
  is_unheard = true;
  connection = ++newest;
  ++stats.connect_attempts;
  actions.emplace_back(Connect{connection, options.hosts[host], options.connect_timeout});
}

void Core::Impl::reopened(base::Time now) {
  phase = Phase::ready;
  ++stats.connects;
  pump(now);
}

void Core::Impl::go_on_behind(const net::HttpResponse& response, base::Time now) {
  in_flight.reset();
  if (!says_close(response)) return pump(now);
  if (has_work()) return reopen();
  leave(host_name() + " ends the connection behind its answer; no rows wait.", true);
  walk.retry(host);
}

void Core::Impl::lost(const net::NetError& error, base::Time now) {
  using NetKind = net::NetError::Kind;
  connection_is_gone = true;
  stats.last_error = sentence(error.message);
  last_code = error.kind == NetKind::tls ? ErrorCode::tls : ErrorCode::connect;
  if (error.kind == NetKind::unauthorised) return on_unauthorised(stats.last_error, now);
  const bool was_ready = phase == Phase::ready;
  if (was_ready && (!in_flight || !error.request_may_have_arrived)) return ended(now);
  ++stats.transport_errors;
  const std::optional<InFlight> request = std::exchange(in_flight, std::nullopt);
  leave(stats.last_error);  // before what may throw: a connection that is gone is not to be used again
  const bool instead_of_answer = error.request_may_have_arrived && error.kind != NetKind::timeout;
  if (was_ready && instead_of_answer && request->question == Question::write) {
    suspect_rows(*request, options.on_internal_error,
                 "the connection ended instead of an answer: " + error.message, now);
    if (phase == Phase::stopped) return;
  }
  if (was_ready && connection_progressed && error.kind == NetKind::timeout) {
    walk.lost();
  } else {
    walk.failed(host, HostState::transport_error);
  }
  walk_on(now);
}

/// In good order: no request was under way, or not a byte of it had left.
void Core::Impl::ended(base::Time now) {
  if (!in_flight || is_unheard || now - heard_at > kTakenAtItsWord) return reconnect(now);
  last_reconnect = now;
  reopen();
}

bool Core::Impl::is_from_deposed_primary(const net::HttpResponse& response, base::Time now) {
  const AnswerClass answer = failover::classify_status(response.status);
  // A role reject stays one, whatever the epoch of the replica that says so.
  if (answer == AnswerClass::not_writable) return false;
  if (const auto position = base::CommitPosition::parse(response.header(base::header::kCommit))) {
    return position->epoch < epoch || remembers_later_than(position->epoch, now);
  }
  const bool moves_us =
      answer == AnswerClass::ok || answer == AnswerClass::gap || answer == AnswerClass::bad_rows;
  return phase == Phase::ready && capabilities.has_tokens() && moves_us && epoch > 0;
}

bool Core::Impl::remembers_later_than(std::uint64_t answered, base::Time now) {
  if (answered >= remembered_epoch) return false;
  if (forget_epoch_at == base::Time::max()) forget_epoch_at = now + kRememberedEpoch;
  if (now < forget_epoch_at) return true;
  report(
      event(SenderEvent::Kind::warning, ErrorCode::server,
            host_name() + " is under epoch " + std::to_string(answered) + ", and this slot has seen epoch " +
                std::to_string(remembered_epoch) +
                "; no host has a later one. The cluster is taken for one that was made anew. If it was not, "
                "this is a deposed primary: stop it."));
  remembered_epoch = 0;
  return false;
}

void Core::Impl::note_epoch(const net::HttpResponse& response) {
  const auto position = base::CommitPosition::parse(response.header(base::header::kCommit));
  if (!position || position->epoch <= epoch) return;
  epoch = position->epoch;
  remembered_epoch = 0;
  memory.keep_epoch(epoch);
}

void Core::Impl::on_settings(const net::HttpResponse& response, base::Time now) {
  switch (failover::classify_status(response.status)) {
    case AnswerClass::no_such_route:
      return accept(Capabilities{}, now);  // an old server: ILP text, and nothing to ask for
    case AnswerClass::ok:
      break;
    default:
      return on_common_answer(response, now);
  }
  const auto found = parse_settings(response.body);
  if (!found) {
    ++stats.server_errors;
    return fail(HostState::transport_error, ErrorCode::server,
                host_name() + " answered /settings with what is no settings.", now);
  }
  if (!found->accepts_writes) {
    const std::string_view role = response.header(base::header::kRole);
    const HostState state = role.empty() ? HostState::topology_reject : failover::rejected_state(role);
    const std::string why = role_of(response);
    ++stats.role_rejects;
    return fail(state, ErrorCode::not_writable,
                host_name() + " accepts no writes over HTTP" + (why.empty() ? "." : ": " + why + "."), now);
  }
  if (found->delivery > kDeliveryVersion) {
    return refuse(ErrorCode::server,
                  "speaks a newer version of our headers than this client; upgrade the client.", now);
  }
  if (options.trim_at == TrimAt::durable && !found->tells_durable()) {
    return refuse(
        ErrorCode::config,
        "does not tell what is in an object store, and request_durable_ack=on asks for that; connect "
        "to a cluster that does, or set request_durable_ack=auto.",
        now);
  }
  note_epoch(response);
  accept(*found, now);
}

void Core::Impl::refuse(ErrorCode code, const std::string& message, base::Time now) {
  warn_once(code, host_name() + " " + message);
  fail(HostState::topology_reject, code, host_name() + " " + message, now);
}

void Core::Impl::refuse_history(const StreamSpan& span, base::Time now) {
  refuse(ErrorCode::server,
         "claims to hold rows of stream " + span.stream.stream.to_string() +
             " that were never sent: it holds another history. No row is sent there.",
         now);
}

void Core::Impl::accept(const Capabilities& found, base::Time now) {
  std::erase_if(attempts, [this](const Attempt& one) { return one.connection == connection; });
  stop_looking();
  capabilities = found;
  met_a_server = true;
  walk.accepted(host);
  phase = Phase::ready;
  ++stats.connects;
  connection_progressed = is_unheard = false;
  heard_at = now;
  if (!std::exchange(cut_is_new, false)) cut_bytes = 0;
  next_poll_at = now;
  poll_wait = std::min(kFirstDurableWait, options.durable_poll);
  slot.restart();
  drain.connected(store.end(), now);
  report(event(SenderEvent::Kind::connected, ErrorCode::connect, "Writing to " + host_name() + "."));
  go_on_behind(*answered_by, now);
}

void Core::Impl::on_common_answer(const net::HttpResponse& response, base::Time now) {
  const std::string message = answer_of(response);
  switch (failover::classify_status(response.status)) {
    case AnswerClass::unauthorised:
      return on_unauthorised(sentence(host_name() + " refused our credentials with " +
                                      std::to_string(response.status) + reasons_of(response)),
                             now);
    case AnswerClass::not_writable:
      ++stats.role_rejects;
      return fail(failover::rejected_state(response.header(base::header::kRole)), ErrorCode::not_writable,
                  message, now);
    case AnswerClass::busy:
      count_busy(response.status);
      return fail_busy(ErrorCode::server, message, now);
    default:
      ++stats.server_errors;
      return fail(HostState::transport_error, ErrorCode::server, message, now);
  }
}

}  // namespace questclient::sender
