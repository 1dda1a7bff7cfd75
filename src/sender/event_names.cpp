#include <questclient/events.hpp>

namespace questclient {

const char* to_string(SenderEvent::Kind kind) noexcept {
  switch (kind) {
    case SenderEvent::Kind::connected:
      return "connected";
    case SenderEvent::Kind::disconnected:
      return "disconnected";
    case SenderEvent::Kind::rows_rejected:
      return "rows_rejected";
    case SenderEvent::Kind::rows_dropped:
      return "rows_dropped";
    case SenderEvent::Kind::rows_missing:
      return "rows_missing";
    case SenderEvent::Kind::segment_damaged:
      return "segment_damaged";
    case SenderEvent::Kind::slot_filling:
      return "slot_filling";
    case SenderEvent::Kind::slot_io:
      return "slot_io";
    case SenderEvent::Kind::unauthorised:
      return "unauthorised";
    case SenderEvent::Kind::halted:
      return "halted";
    case SenderEvent::Kind::resumed:
      return "resumed";
    case SenderEvent::Kind::drainer:
      return "drainer";
    case SenderEvent::Kind::warning:
      return "warning";
  }
  return "unknown";
}

}  // namespace questclient
