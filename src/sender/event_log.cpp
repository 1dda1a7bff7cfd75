#include "sender/event_log.hpp"

namespace questclient::sender {

LogLevel level_of(SenderEvent::Kind kind) {
  switch (kind) {
    case SenderEvent::Kind::connected:
    case SenderEvent::Kind::drainer:
      return LogLevel::info;
    case SenderEvent::Kind::resumed:
    case SenderEvent::Kind::disconnected:
    case SenderEvent::Kind::slot_filling:
    case SenderEvent::Kind::slot_io:
    case SenderEvent::Kind::warning:
      return LogLevel::warning;
    case SenderEvent::Kind::rows_rejected:
    case SenderEvent::Kind::rows_dropped:
    case SenderEvent::Kind::rows_missing:
    case SenderEvent::Kind::segment_damaged:
    case SenderEvent::Kind::unauthorised:
    case SenderEvent::Kind::halted:
      return LogLevel::error;
  }
  return LogLevel::warning;
}

void log_event(const SenderEvent& event) {
  const bool drainer_failed =
      event.kind == SenderEvent::Kind::drainer && event.disposition == Disposition::terminal;
  log(drainer_failed ? LogLevel::warning : level_of(event.kind),
      event.host.empty() ? event.message : event.host + ": " + event.message);
}

}  // namespace questclient::sender
