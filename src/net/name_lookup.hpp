// Names become addresses on threads of their own: getaddrinfo cannot be interrupted, and a name whose servers
// are silent keeps it busy for many seconds.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/event_loop.hpp"

namespace questclient::net {

struct Addresses {
  std::vector<std::string> found;  ///< As text, in the order of the resolver's preference.
  std::string error;               ///< Why there is none.
};

/// One wait for the addresses of a name. On the loop's thread only. A look-up of that name that is under way
/// in this process is joined: a name that hangs keeps one thread, however often it is asked for.
class NameLookup {
 public:
  /// Calls back once, from the loop.
  NameLookup(EventLoop& loop, const std::string& name, std::function<void(const Addresses&)> done);
  /// No callback afterwards. Does not wait for the thread, which needs nothing of this any more.
  ~NameLookup();
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

  struct Waiter;

 private:
  const std::string name_;
  std::shared_ptr<Waiter> waiter_;
};

}  // namespace questclient::net
