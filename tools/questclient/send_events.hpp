// What a sender tells while `send` works.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include <questclient/events.hpp>

#include "console.hpp"

namespace questclient::tool {

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
