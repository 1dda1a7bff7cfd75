#include "sender/event_log.hpp"

#include "ilp/text.hpp"

namespace questclient::sender {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

/// What a terminal may obey, or take for a line of its own: C0, C1 (as UTF-8), and what is not UTF-8.
bool is_harmless(std::string_view sequence) {
  if (sequence.empty()) return false;
  const auto first = static_cast<unsigned char>(sequence.front());
  if (sequence.size() == 1) return first >= 0x20 && first != 0x7f;
  return first != 0xC2 || static_cast<unsigned char>(sequence[1]) >= 0xA0;
}

/// Servers speak in events: their bytes must not forge lines, nor drive a terminal.
std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view sequence = text.substr(0, ilp::utf8_sequence(text));
    if (is_harmless(sequence)) {
      out += sequence;
      text.remove_prefix(sequence.size());
      continue;
    }
    const auto byte = static_cast<unsigned char>(text.front());
    out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 0xF]};
    text.remove_prefix(1);
    // The rest of a C1 control is a byte that begins nothing, and is escaped next.
  }
  return out;
}

}  // namespace

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
  const LogLevel level = drainer_failed ? LogLevel::warning : level_of(event.kind);
  log(event.routine ? LogLevel::info : level,
      printable(event.host.empty() ? event.message : event.host + ": " + event.message));
}

}  // namespace questclient::sender
