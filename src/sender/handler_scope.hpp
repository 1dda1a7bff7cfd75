// Which sender's handler runs on this thread, so that it cannot wait for itself.
#pragma once

namespace questclient::sender {

class HandlerScope {
 public:
  explicit HandlerScope(const void* owner) : outer_(current()) { current() = owner; }
  ~HandlerScope() { current() = outer_; }
  HandlerScope(const HandlerScope&) = delete;
  HandlerScope& operator=(const HandlerScope&) = delete;

  static bool is_inside(const void* owner) { return current() == owner; }

 private:
  static const void*& current() {
    thread_local const void* owner = nullptr;
    return owner;
  }
  const void* outer_;
};

}  // namespace questclient::sender
