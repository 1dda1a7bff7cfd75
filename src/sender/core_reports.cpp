// What the application is told.
#include <algorithm>
#include <utility>

#include "sender/core_impl.hpp"

namespace questclient::sender {
namespace {

constexpr int kFirstFailure = 300;

}  // namespace

std::string Core::Impl::host_name() const {
  return options.hosts[host].to_string();
}

SenderEvent Core::Impl::event(SenderEvent::Kind kind, ErrorCode code, std::string message,
                              Disposition disposition) const {
  SenderEvent event;
  event.kind = kind;
  event.host = host_name();
  event.message = std::move(message);
  event.code = code;
  event.disposition = disposition;
  if (answered_by != nullptr && answered_by->status >= kFirstFailure) {
    const Rejection words = words_of(*answered_by, 0);
    event.server = {host_name(), answered_by->status, words.message, words.error_id};
  }
  return event;
}

void Core::Impl::report(SenderEvent told) {
  actions.emplace_back(Report{std::move(told)});
}

void Core::Impl::warn_once(ErrorCode code, const std::string& message) {
  stats.last_error = message;
  if (warned[host] == message) return;
  warned[host] = message;
  report(event(SenderEvent::Kind::warning, code, message));
}

Progress Core::Impl::reached() const {
  if (!options.answers_are_commits) return {};
  const base::Fsn dealt_with = slot.cursor().fsn - 1;
  // What was dropped just below is not committed. Once a row behind it is, every frame is accounted for.
  const base::Fsn acked = dealt_with < dropped_below ? std::min(progress.acked, dealt_with) : dealt_with;
  // A host that tells nothing of an object store says nothing about what another one made durable.
  return {acked, capabilities.tells_durable() ? slot.durable_fsn() : progress.durable};
}

void Core::Impl::report_progress() {
  const Progress now_at = reached();
  if (now_at.acked != progress.acked || now_at.durable != progress.durable) actions.emplace_back(now_at);
  progress = now_at;
  if (now_at.acked > acknowledged.acked) actions.emplace_back(Acknowledged{now_at.acked, Ack::committed});
  if (now_at.durable > acknowledged.durable) actions.emplace_back(Acknowledged{now_at.durable, Ack::durable});
  acknowledged = {std::max(acknowledged.acked, now_at.acked), std::max(acknowledged.durable, now_at.durable)};
}

/// Of the frames of the request that is now committed.
void Core::Impl::measure_acknowledged() {
  for (const base::FramePtr& frame : in_flight->frames) {
    if (frame->fsn < measured_below || frame->fsn >= slot.cursor().fsn) continue;
    measured_below = frame->fsn + 1;
    // A wall clock may have been set back meanwhile.
    if (wall_nanos != 0 && frame->flushed_wall_nanos != 0) {
      ack_latency.add(
          std::chrono::nanoseconds(std::max<std::int64_t>(wall_nanos - frame->flushed_wall_nanos, 0)));
    }
  }
}

void Core::Impl::count_busy(int status) {
  constexpr int kInternalError = 500;
  ++stats.server_errors;
  if (status == kInternalError) ++stats.internal_errors;
}

}  // namespace questclient::sender
