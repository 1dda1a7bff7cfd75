#include "send_events.hpp"

#include <string_view>
#include <unistd.h>

#include "slot_text.hpp"

namespace questclient::tool {

namespace {

using Kind = SenderEvent::Kind;

constexpr std::size_t kRejectionsShown = 5;
constexpr std::size_t kWordsShown = 300;

}  // namespace

std::string why_stopped(const ServerAnswer* answer, const std::string& otherwise) {
  if (answer == nullptr || answer->status == 0) return otherwise;
  const std::string& words = answer->message;
  const std::size_t end = words.find_last_not_of(" \r\n") + 1;  // 0: there are none
  return answer->host + " answered " + std::to_string(answer->status) +
         (end == 0 ? "" : ": " + one_line(std::string_view(words).substr(0, end), kWordsShown));
}

void SendEvents::take(const SenderEvent& event) {
  if (event.kind == Kind::connected || event.kind == Kind::disconnected) return;
  const std::lock_guard lock(mutex_);
  if (event.kind == Kind::rows_rejected) {
    if (rejections_.size() < kRejectionsShown) rejections_.push_back(event);
    return;
  }
  if (event.kind == Kind::resumed) stopped_by_.clear();
  if (event.kind == Kind::unauthorised || event.kind == Kind::halted) {
    stopped_by_ = why_stopped(&event.server, event.message);
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
