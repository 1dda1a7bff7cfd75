// Answers to rows and to questions about positions.
#include <algorithm>
#include <utility>

#include "sender/core_impl.hpp"

namespace questclient::sender {

using failover::AnswerClass;
using failover::HostState;

namespace {

constexpr int kNoContent = 204;
constexpr int kUnsupportedMediaType = 415;
constexpr int kTooManyRequests = 429;
constexpr int kInternalError = 500;

std::optional<base::StreamPosition> position_of(const net::HttpResponse& response, std::string_view name) {
  return base::StreamPosition::parse(response.header(name));
}

}  // namespace

void Core::Impl::on_write(const net::HttpResponse& response, base::Time now) {
  const AnswerClass answer = failover::classify_status(response.status);
  const ConnectionId before = connection;
  if (response.status == kNoContent) {
    on_rows_committed(response, now);
  } else if (answer == AnswerClass::gap && capabilities.has_tokens()) {
    on_conflict(response, now);
  } else if (answer == AnswerClass::bad_rows) {
    on_bad_rows(response, now);
  } else if (answer == AnswerClass::too_large) {
    on_too_large(response, now);
  } else if (response.status == kUnsupportedMediaType && in_flight->gzip) {
    on_refused_compression();
  } else if (!is_poisoned(response, now)) {
    return on_common_answer(response, now);
  }
  if (connection == before && phase == Phase::ready) go_on_behind(response, now);
}

/// True: the host has failed at one row often enough, and either the policy has dealt with that row, or a
/// witness is sent now: before a backoff, lest a server that has recovered gets the witness first.
bool Core::Impl::is_poisoned(const net::HttpResponse& response, base::Time now) {
  if (failover::classify_status(response.status) != AnswerClass::busy) return false;
  if (response.status == kTooManyRequests) return false;
  const ErrorPolicy policy =
      response.status == kInternalError ? options.on_internal_error : options.on_server_error;
  const std::string words = words_of(response, 0).message;
  const bool given_up =
      suspect_rows(*in_flight, policy, words.empty() ? std::to_string(response.status) : words, now);
  if (!given_up && !next_witness()) return false;
  count_busy(response.status);
  return true;
}

bool Core::Impl::durable_ack_is_missing(const net::HttpResponse& response) const {
  return trims_at_durable() && response.header(base::header::kDurableAck) != "enabled";
}

void Core::Impl::take_durable(StreamSpan& span, const net::HttpResponse& response) {
  note_epoch(response);
  if (capabilities.tells_durable()) {
    auto durable = position_of(response, base::header::kDurable);
    // More durable than committed is no statement that rows may be dropped on.
    const auto acked = position_of(response, base::header::kAcked).value_or(base::StreamPosition{});
    if (durable) durable = std::min(*durable, acked);
    slot.set_durable(span, durable);
  }
  slot.settle(trims_at_durable(), capabilities);
}

/// The row will not be sent again in its turn. A server without tokens keeps no place for it either.
void Core::Impl::on_witness_committed() {
  const base::StreamPosition row = in_flight->batch.begin();
  slot.take_out(*in_flight->frames.front(), row.row, 1);
  trial.witness_taken();
}

void Core::Impl::on_rows_committed(const net::HttpResponse& response, base::Time now) {
  const base::StreamPosition end = in_flight->batch.end();
  if (capabilities.has_tokens()) {
    const auto acked = position_of(response, base::header::kAcked);
    StreamSpan* span = slot.find(in_flight->stream);
    if (!acked || *acked < end || span == nullptr) {
      ++stats.server_errors;
      return fail(HostState::transport_error, ErrorCode::server,
                  host_name() + " answered 204 without acknowledging the rows.", now);
    }
    if (tells_nonsense(*span, acked, now)) return;
    if (durable_ack_is_missing(response))
      return refuse(ErrorCode::server, "did not confirm durable acknowledgements.", now);
    slot.set_token(*span, acked);
    take_durable(*span, response);
  } else {
    in_flight->witness ? on_witness_committed() : slot.committed(end);
    slot.settle(false, capabilities);
  }
  measure_acknowledged();
  unauthorised_reported = outage_reported = resumed_in_vain = false;
  resume_pause.reset();
  walk.progressed();
  connection_progressed = true;
  conflicts = 0;
  blind_burials = 0;
  burials = 0;
  warned[host].clear();
  const StreamSpan* waiting = slot.awaiting_durable();
  if (waiting != nullptr && waiting->stream.stream == in_flight->stream) next_poll_at = now;
  search.accepted(in_flight->batch.rows, slot.cursor());
  poison.passed(slot.cursor());
  report_progress();
}

bool Core::Impl::tells_nonsense(const StreamSpan& span, std::optional<base::StreamPosition> token,
                                base::Time now) {
  // What an earlier process sent is not known: a power cut may have taken the frames, and the numbers with
  // it.
  const base::StreamPosition begin{span.stream.first, 0};
  if (!token || span.stream.first < opened_at || *token <= std::max(highest_sent, begin)) return false;
  refuse_history(span, now);
  return true;
}

void Core::Impl::on_conflict(const net::HttpResponse& response, base::Time now) {
  const std::string_view text = response.header(base::header::kAcked);
  const auto token = base::StreamPosition::parse(text);
  StreamSpan* span = slot.find(in_flight->stream);
  if (++conflicts > kMaxConflicts || (!token && !text.empty()) || span == nullptr) {
    ++stats.server_errors;
    conflicts = 0;
    return fail(HostState::transport_error, ErrorCode::server,
                host_name() + " goes on refusing rows that follow the position it names (409).", now);
  }
  if (tells_nonsense(*span, token, now)) return;
  slot.set_token(*span, token);
  take_durable(*span, response);
  report_progress();
}

void Core::Impl::on_position(const net::HttpResponse& response, base::Time now) {
  if (failover::classify_status(response.status) != AnswerClass::ok) return on_common_answer(response, now);
  const std::string_view text = response.header(base::header::kAcked);
  const auto token = base::StreamPosition::parse(text);
  StreamSpan* span = slot.find(in_flight->stream);
  if ((!token && !text.empty()) || span == nullptr) {
    ++stats.server_errors;
    return fail(HostState::transport_error, ErrorCode::server,
                host_name() + " names a position that cannot be read.", now);
  }
  if (durable_ack_is_missing(response))
    return refuse(ErrorCode::server, "did not confirm durable acknowledgements.", now);
  if (tells_nonsense(*span, token, now)) return;
  const InFlight asked = std::move(*in_flight);
  in_flight.reset();
  const base::StreamPosition before = slot.durable();
  if (asked.question == Question::position) {
    slot.set_token(*span, token);
  } else if (span->known && token < span->token) {
    slot.restart();  // the host has become a primary again without our last rows: ask for every position anew
  }
  take_durable(*span, response);
  if (asked.question == Question::durable) {
    const bool moved = before < slot.durable();
    // A server that does not wait as it was asked to must not make us ask without a pause.
    const auto pause = asked.wait.count() > 0 ? asked.wait : options.durable_poll;
    next_poll_at = moved ? now : asked.sent_at + pause;
    poll_wait = moved ? std::min(kFirstDurableWait, options.durable_poll)
                      : std::min(options.durable_poll, poll_wait * 2);
    if (asked.wait.count() == 0) next_poll_at = now + options.durable_poll;
  }
  report_progress();
  go_on_behind(response, now);
}

}  // namespace questclient::sender
