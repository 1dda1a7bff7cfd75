#include "sender/event_log.hpp"

#include <memory>

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace questclient::sender {

namespace {

spdlog::level::level_enum level_of(SenderEvent::Kind kind) {
  switch (kind) {
    case SenderEvent::Kind::connected:
    case SenderEvent::Kind::drainer:
      return spdlog::level::info;
    case SenderEvent::Kind::disconnected:
    case SenderEvent::Kind::slot_filling:
    case SenderEvent::Kind::slot_io:
    case SenderEvent::Kind::warning:
      return spdlog::level::warn;
    case SenderEvent::Kind::rows_rejected:
    case SenderEvent::Kind::rows_dropped:
    case SenderEvent::Kind::rows_missing:
    case SenderEvent::Kind::segment_damaged:
    case SenderEvent::Kind::unauthorised:
    case SenderEvent::Kind::halted:
      return spdlog::level::err;
  }
  return spdlog::level::warn;
}

}  // namespace

std::function<void(const SenderEvent&)> log_to_stderr() {
  // Its own logger, not in spdlog's registry: the application may have one of the same name.
  auto logger =
      std::make_shared<spdlog::logger>("questclient", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_level(spdlog::level::warn);
  return [logger](const SenderEvent& event) {
    if (event.host.empty()) {
      logger->log(level_of(event.kind), "{}", event.message);
    } else {
      logger->log(level_of(event.kind), "{}: {}", event.host, event.message);
    }
  };
}

}  // namespace questclient::sender
