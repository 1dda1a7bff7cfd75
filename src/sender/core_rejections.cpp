// 400 and 413: splitting and burying.
#include <algorithm>

#include <questclient/error.hpp>

#include "base/kill_point.hpp"
#include "sender/core_impl.hpp"

namespace questclient::sender {

using failover::HostState;

void Core::Impl::on_bad_rows(const net::HttpResponse& response, base::Time now) {
  const Rejection rejection = parse_rejection(response.body, in_flight->batch.rows);
  if (!rejection.about_rows()) {
    const std::string message =
        host_name() + " refuses the request itself, not its rows: " + rejection.message;
    warn_once(message);
    return fail_busy(message, now);
  }
  if (rejection.row) {
    if (bury(in_flight->batch.row(*rejection.row), rejection.message, now)) walk.progressed();
    return;
  }
  if (in_flight->batch.rows == 1) return bury_blindly(rejection.message, now);
  halve();
}

void Core::Impl::on_too_large(const net::HttpResponse& response, base::Time now) {
  if (in_flight->batch.rows == 1) {
    const Rejection rejection = parse_rejection(response.body, 1);
    return bury_blindly(rejection.message.empty() ? "413: the row is too large" : rejection.message, now);
  }
  cut_bytes = std::max<std::size_t>(in_flight->body_bytes / 2, 1);
}

/// Somewhere in the request is a bad row: look in its first half.
void Core::Impl::halve() {
  row_limit = in_flight->batch.rows / 2;
  suspect_end = in_flight->batch.end();
}

/// The first half was fine, so the bad row is in the other one.
void Core::Impl::halve_again_after_success() {
  if (row_limit == 0) return;
  row_limit = slot.cursor() < suspect_end ? std::max<std::uint32_t>(row_limit / 2, 1) : 0;
}

void Core::Impl::bury_blindly(const std::string& reason, base::Time now) {
  if (++blind_burials > kMaxBlindBurials) {
    blind_burials = 0;
    const std::string message = host_name() +
                                " refuses one row after the other and names no line: " + reason +
                                " The sender slows down; check that the server takes this data at all.";
    warn_once(message);
    return fail_busy(message, now);
  }
  bury(in_flight->batch.begin(), reason, now);
}

bool Core::Impl::bury(base::StreamPosition at, const std::string& reason, base::Time now) {
  const auto holds = [&at](const base::FramePtr& frame) { return frame->fsn == at.fsn; };
  const auto found = std::find_if(in_flight->frames.begin(), in_flight->frames.end(), holds);
  const base::Frame& frame = **found;
  buffer::DeadLetter letter;
  letter.stream = frame.stream;
  letter.fsn = at.fsn;
  letter.first_row = at.row;
  letter.payload = std::string(row_bytes(frame, at.row));
  letter.reason = reason;
  letter.host = host_name();
  try {
    store.bury(letter);
  } catch (const Error& error) {
    hold(error.what(), now);
    return false;
  }
  base::kill_point("sender.after_bury");
  slot.bury(frame, at.row, 1);
  slot.settle(trims_at_durable(), capabilities);
  row_limit = 0;
  ++stats.rows_rejected;
  SenderEvent event;
  event.kind = SenderEvent::Kind::rows_rejected;
  event.host = host_name();
  event.message = reason;
  event.fsn = at.fsn;
  event.first_row = at.row;
  event.rows = 1;
  actions.emplace_back(Report{std::move(event)});
  if (++burials >= kBurialsBeforeWarning && (burials & (burials - 1)) == 0) {
    report(SenderEvent::Kind::warning,
           host_name() + " has refused " + std::to_string(burials) +
               " rows in a row, each of which is in the dead letters. The last: " + reason);
  }
  report_progress();
  return true;
}

}  // namespace questclient::sender
