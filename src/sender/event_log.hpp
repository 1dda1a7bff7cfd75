// Where a sender's events go when the application has no handler for them.
#pragma once

#include <questclient/events.hpp>
#include <questclient/log.hpp>

namespace questclient::sender {

LogLevel level_of(SenderEvent::Kind kind);

/// Writes the event to the log (questclient/log.hpp) at the level of its kind (info: it is routine); all is
/// quiet while all is well. Control characters are escaped: servers speak in events.
void log_event(const SenderEvent& event);

}  // namespace questclient::sender
