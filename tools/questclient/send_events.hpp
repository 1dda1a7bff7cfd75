// What a sender tells while `send` works.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include <questclient/events.hpp>

#include "console.hpp"

namespace questclient::tool {

/// "127.0.0.1:9000 answered 401: Unauthorized". A message of the library is for programs, which can call
/// resume(), and promises what only a slot on disk keeps; so it is told only where no server answered (null,
/// or no status).
std::string why_stopped(const ServerAnswer* answer, const std::string& otherwise);

/// Thread-safe. Shows what a user should read at once, and keeps the rest for the summary.
class SendEvents {
 public:
  explicit SendEvents(Console& console) : console_(console) {}

  void take(const SenderEvent& event);
  /// The first few.
  std::vector<SenderEvent> rejections() const;
  /// Why sending has stopped, or empty.
  std::string stopped_by() const;

 private:
  Console& console_;
  mutable std::mutex mutex_;
  std::vector<SenderEvent> rejections_;
  std::string stopped_by_;
};

}  // namespace questclient::tool
