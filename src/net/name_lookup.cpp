#include "net/name_lookup.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <map>
#include <mutex>
#include <netdb.h>
#include <pthread.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <utility>

namespace questclient::net {

struct NameLookup::Waiter {
  EventLoop& loop;
  std::function<void(const Addresses&)> done;
};

namespace {

/// The names that are looked up now, and who waits for each.
struct Pending {
  std::mutex mutex;  // also held while an answer is posted: so nobody's loop goes away meanwhile
  std::map<std::string, std::vector<std::shared_ptr<NameLookup::Waiter>>> names;
};

/// Never destroyed: a thread may still hang when the process ends.
Pending& pending() {
  static Pending& here = *[] {
    auto* made = new Pending;
    // A child of fork() has none of the threads that would answer, nor the one that may hold the lock.
    ::pthread_atfork([] { pending().mutex.lock(); }, [] { pending().mutex.unlock(); },
                     [] {
                       pending().names.clear();
                       pending().mutex.unlock();
                     });
    return made;
  }();
  return here;
}

std::string text_of(const addrinfo& entry) {
  std::array<char, NI_MAXHOST> text{};
  const int error =
      ::getnameinfo(entry.ai_addr, entry.ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  return error == 0 ? text.data() : "";
}

Addresses look_up(const std::string& name) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  Addresses result;
  if (const int error = ::getaddrinfo(name.c_str(), nullptr, &hints, &first); error != 0) {
    result.error = error == EAI_SYSTEM ? std::system_category().message(errno) : ::gai_strerror(error);
    return result;
  }
  for (const addrinfo* entry = first; entry != nullptr; entry = entry->ai_next) {
    if (std::string text = text_of(*entry); !text.empty()) result.found.push_back(std::move(text));
  }
  ::freeaddrinfo(first);
  if (result.found.empty()) result.error = "the name has no address";
  return result;
}

void hand_out(const std::string& name, const Addresses& result) {
  const std::lock_guard lock(pending().mutex);
  for (const auto& waiter : std::exchange(pending().names[name], {})) {
    waiter->loop.post([weak = std::weak_ptr(waiter), result] {
      if (const auto still = weak.lock()) still->done(result);
    });
  }
  pending().names.erase(name);
}

/// The application's signals are not for this thread.
void run(const std::string& name) {
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  hand_out(name, look_up(name));
}

}  // namespace

NameLookup::NameLookup(EventLoop& loop, const std::string& name, std::function<void(const Addresses&)> done)
    : name_(name), waiter_(std::make_shared<Waiter>(Waiter{loop, std::move(done)})) {
  {
    const std::lock_guard lock(pending().mutex);
    const auto [entry, is_new] = pending().names.try_emplace(name);
    entry->second.push_back(waiter_);
    if (!is_new) return;
  }
  try {
    std::thread(run, name).detach();
  } catch (const std::system_error& error) {
    hand_out(name, {{}, std::string("no thread for looking up the name: ") + error.what()});
  }
}

NameLookup::~NameLookup() {
  const std::lock_guard lock(pending().mutex);
  const auto found = pending().names.find(name_);
  if (found != pending().names.end()) std::erase(found->second, waiter_);
}

}  // namespace questclient::net
