// Which sender's handler runs on this thread, so that it cannot wait for itself.
#pragma once

namespace questclient::sender {

/// Scopes nest: a handler of one sender may end a flush of another, whose callback then runs inside both.
class HandlerScope {
 public:
  explicit HandlerScope(const void* owner) : owner_(owner), outer_(innermost()) { innermost() = this; }
  ~HandlerScope() { innermost() = outer_; }
  HandlerScope(const HandlerScope&) = delete;
  HandlerScope& operator=(const HandlerScope&) = delete;

  static bool is_inside(const void* owner) {
    const HandlerScope* scope = innermost();
    while (scope != nullptr && scope->owner_ != owner) scope = scope->outer_;
    return scope != nullptr;
  }

 private:
  static const HandlerScope*& innermost() {
    thread_local const HandlerScope* scope = nullptr;
    return scope;
  }
  const void* owner_;
  const HandlerScope* outer_;
};

}  // namespace questclient::sender
