#include "send_events.hpp"

#include <unistd.h>

namespace questclient::tool {

namespace {

using Kind = SenderEvent::Kind;

constexpr std::size_t kRejectionsShown = 5;

/// The event's own message is for programs, which can call resume(), and promises what only a slot on disk
/// keeps.
std::string why_stopped(const SenderEvent& event) {
  const std::string host = event.host.empty() ? event.server.host : event.host;
  if (event.server.status == 0) return host.empty() ? event.message : host + ": " + event.message;
  std::string why = host + " answered " + std::to_string(event.server.status);
  if (!event.server.message.empty()) why += ": " + event.server.message;
  return why;
}

}  // namespace

void SendEvents::take(const SenderEvent& event) {
  if (event.kind == Kind::connected || event.kind == Kind::disconnected) return;
  const std::lock_guard lock(mutex_);
  if (event.kind == Kind::rows_rejected) {
    if (rejections_.size() < kRejectionsShown) rejections_.push_back(event);
    return;
  }
  if (event.kind == Kind::resumed) stopped_by_.clear();
  if (event.kind == Kind::unauthorised || event.kind == Kind::halted) {
    stopped_by_ = why_stopped(event);
    console_.note("warning: sending has stopped: " + stopped_by_ +
                  "\nMend the cause there, then let it go on: kill -USR1 " + std::to_string(::getpid()));
    return;
  }
  console_.note("warning: " + (event.host.empty() ? "" : event.host + ": ") + event.message);
}

std::vector<SenderEvent> SendEvents::rejections() const {
  const std::lock_guard lock(mutex_);
  return rejections_;
}

std::string SendEvents::stopped_by() const {
  const std::lock_guard lock(mutex_);
  return stopped_by_;
}

}  // namespace questclient::tool
