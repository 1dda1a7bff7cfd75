// The next request.
#include <algorithm>
#include <utility>

#include "ilp/version_one.hpp"
#include "sender/core_impl.hpp"
#include "sender/requests.hpp"

namespace questclient::sender {

bool Core::Impl::trims_at_durable() const {
  return options.trim_at != TrimAt::committed && capabilities.tells_durable();
}

BatchLimits Core::Impl::limits() const {
  BatchLimits limits;
  limits.join_bytes = drain.max_request_bytes(options.max_request_bytes);
  if (cut_bytes > 0) limits.cut_bytes = cut_bytes;
  for (const std::uint32_t limit : {search.limit(slot.cursor()), poison.row_limit()}) {
    if (limit > 0) limits.rows = std::min(limits.rows, limit);
  }
  limits.contiguous = capabilities.has_tokens();
  return limits;
}

void Core::Impl::pump(base::Time now) {
  if (phase != Phase::ready || in_flight || now < hold_until) return;
  // What held may have been the disk, in the midst of trimming.
  if (hold_until != base::Time{}) slot.settle(trims_at_durable(), capabilities);
  hold_until = {};
  drain_at = base::Time::max();
  drain.appended(store.end());
  while (true) {
    const auto frames = slot.frames(options.max_request_bytes);
    if (frames.empty()) break;
    StreamSpan& span = slot.span_of(*frames.front());
    if (capabilities.has_tokens() && ask_before_sending(span, now)) return;
    if (const auto witness = next_witness()) return send_witness(*witness, now);
    const bool may_send = drain.may_send(now);
    Batch batch = make_batch(frames, slot.cursor(), slot.buried(), limits());
    if (!batch.empty() && !may_send) {
      drain_at = drain.next_at();
      break;
    }
    if (!batch.empty()) return send_rows(span, std::move(batch), frames, now);
    slot.committed({frames.back()->fsn + 1, 0});
    slot.settle(trims_at_durable(), capabilities);
    report_progress();
  }
  if (!capabilities.tells_durable() || now < next_poll_at) return;
  if (StreamSpan* span = slot.awaiting_durable()) ask_durable(*span, poll_wait, now);
}

/// True: something else was asked first.
bool Core::Impl::ask_before_sending(StreamSpan& span, base::Time now) {
  if (!span.known) {
    ask_position(span, now);
    return true;
  }
  // An older stream may still wait to become durable while rows of the next one flow.
  if (!capabilities.tells_durable() || now < next_poll_at) return false;
  StreamSpan* waiting = slot.awaiting_durable();
  if (waiting == nullptr || waiting == &span) return false;
  ask_durable(*waiting, std::chrono::milliseconds{0}, now);
  return true;
}

std::optional<SlotCursor::Row> Core::Impl::next_witness() {
  if (capabilities.has_tokens() || !trial.wants_witness(slot.cursor())) return std::nullopt;
  return slot.row_behind(trial.distance(), options.max_request_bytes);
}

void Core::Impl::send_witness(const SlotCursor::Row& row, base::Time now) {
  BatchLimits alone = limits();
  alone.rows = 1;
  const std::span<const base::FramePtr> frame(&row.frame, 1);
  trial.witness_sent();
  send_rows(slot.span_of(*row.frame), make_batch(frame, {row.frame->fsn, row.row}, slot.buried(), alone),
            frame, now);
  in_flight->witness = true;
}

bool Core::Impl::is_impossible_token(const StreamSpan& span, const Batch& batch) {
  return span.token && batch.begin() < *span.token;
}

std::optional<base::GapAcceptance> Core::Impl::gap_before(StreamSpan& span, const Batch& batch) {
  const base::StreamPosition stream_begin{span.stream.first, 0};
  const base::StreamPosition follows = span.token.value_or(stream_begin);
  if (batch.begin() == follows) return std::nullopt;
  // Rows in the dead letters leave a gap that is nobody's loss.
  base::StreamPosition expected = slot.buried().skip(follows);
  if (expected.fsn < dropped_below) expected = slot.buried().skip({dropped_below, 0});
  if (expected < batch.begin()) report_missing(span, expected, batch.begin());
  return base::GapAcceptance{span.token, batch.begin()};
}

void Core::Impl::report_missing(const StreamSpan& span, base::StreamPosition expected,
                                base::StreamPosition begin) {
  // A host that comes back with an older position may miss more than was told before; only that is told then.
  const bool told_before = missing_reported.to == begin;
  if (told_before && missing_reported.from <= expected) return;
  const base::StreamPosition end = told_before ? missing_reported.from : begin;
  missing_reported = {expected, begin};
  const std::uint64_t frames = std::max<std::uint64_t>(end.fsn - expected.fsn, 1);
  SenderEvent told =
      event(SenderEvent::Kind::warning, ErrorCode::rows_missing, {}, Disposition::fix_and_resend);
  told.fsn = expected.fsn;
  told.first_row = expected.row;
  const std::string range = "rows from " + expected.to_string() + " up to " + end.to_string() +
                            " of stream " + span.stream.stream.to_string();
  if (end.fsn <= slot.durable_fsn() + 1) {
    told.message = host_name() + " does not know the " + range +
                   ", which were durable elsewhere. Sending goes on behind them; compare the clusters.";
  } else {
    told.kind = SenderEvent::Kind::rows_missing;
    told.rows = frames;
    told.message = host_name() + " has not got the " + range + " (at least " + std::to_string(frames) +
                   "), and the slot no longer holds them. Sending goes on behind them; look for them in "
                   "the dead letters, else send them again from their source.";
    stats.rows_missing += frames;
  }
  stats.last_error = told.message;
  report(std::move(told));
}

void Core::Impl::send_rows(StreamSpan& span, Batch batch, std::span<const base::FramePtr> frames,
                           base::Time now) {
  if (capabilities.has_tokens() && is_impossible_token(span, batch)) {
    return refuse_history(span, now);
  }
  InFlight asked;
  asked.question = Question::write;
  asked.stream = span.stream.stream;
  for (const base::FramePtr& frame : frames) {
    if (frame->fsn >= batch.begin().fsn && frame->fsn <= batch.parts.back().fsn)
      asked.frames.push_back(frame);
  }
  std::optional<WriteHeaders> headers;
  if (capabilities.has_tokens()) headers = WriteHeaders{gap_before(span, batch), trims_at_durable()};
  for (const base::FramePart& part : batch.parts) {
    ++stats.frames_sent;
    if (part.begin() < highest_sent) ++stats.frames_replayed;
  }
  highest_sent = std::max(highest_sent, batch.end());
  stats.bytes_sent += batch.body.size();
  drain.sent(batch.parts);
  net::HttpRequest request = write_request(batch, headers, options.authorization);
  if (needs_version_one()) request.body = ilp::in_version_one(batch.body);
  request.gzip = asked.gzip = compresses();
  const bool more = batch.end().fsn < store.end();
  asked.batch = std::move(batch);
  poll_wait = std::min(kFirstDurableWait, options.durable_poll);
  send(std::move(request), std::move(asked), now);
  if (more) actions.emplace_back(LookAhead{});
}

/// Our own headers speak of the rows' bytes as they are, and who takes them reads every version.
bool Core::Impl::needs_version_one() const {
  return options.rewrites_rows && !capabilities.has_tokens() && capabilities.line_version == 1;
}

bool Core::Impl::compresses() const {
  return options.compression == Compression::gzip && !refuses_gzip[host];
}

void Core::Impl::ask_position(StreamSpan& span, base::Time now) {
  InFlight asked;
  asked.question = Question::position;
  asked.stream = span.stream.stream;
  net::HttpRequest request =
      position_request(asked.stream, std::nullopt, asked.wait, options.authorization, trims_at_durable());
  send(std::move(request), std::move(asked), now);
}

void Core::Impl::ask_durable(StreamSpan& span, std::chrono::milliseconds wait, base::Time now) {
  InFlight asked;
  asked.question = Question::durable;
  asked.stream = span.stream.stream;
  asked.wait = wait;
  const base::StreamPosition after = span.durable.value_or(base::StreamPosition{});
  net::HttpRequest request =
      position_request(asked.stream, after, wait, options.authorization, trims_at_durable());
  send(std::move(request), std::move(asked), now);
}

void Core::Impl::send(net::HttpRequest request, InFlight asked, base::Time now) {
  std::chrono::milliseconds timeout = options.request_timeout + asked.wait;
  if (options.request_min_throughput > 0) {
    timeout += std::chrono::milliseconds(asked.batch.body.size() * 1000 / options.request_min_throughput);
  }
  asked.sent_at = now;
  in_flight = std::move(asked);
  ++stats.requests;
  actions.emplace_back(Send{connection, std::move(request), timeout});
}

}  // namespace questclient::sender
