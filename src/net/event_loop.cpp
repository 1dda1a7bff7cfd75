#include "net/event_loop.hpp"

#include <cstdint>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "net/io_context.hpp"

namespace questclient::net {

namespace asio = boost::asio;

struct EventLoop::Impl {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
};

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {}
EventLoop::~EventLoop() = default;

void EventLoop::run() {
  impl_->context.run();
}

void EventLoop::stop() {
  impl_->context.stop();
}

void EventLoop::post(std::function<void()> callback) {
  asio::post(impl_->context, std::move(callback));
}

asio::io_context& io_context_of(EventLoop& loop) {
  return loop.impl().context;
}

// A callback that is already queued when the timer is set anew must not run: it carries the generation that
// it was set under. The state is shared with it, so that it may outlive the timer.
struct EventLoop::Timer::Impl {
  struct State {
    explicit State(asio::io_context& context) : timer(context) {}
    asio::steady_timer timer;
    std::uint64_t generation = 0;
  };
  explicit Impl(asio::io_context& context) : state(std::make_shared<State>(context)) {}
  std::shared_ptr<State> state;
};

EventLoop::Timer::Timer(EventLoop& loop) : impl_(std::make_unique<Impl>(io_context_of(loop))) {}

EventLoop::Timer::~Timer() {
  cancel();
}

void EventLoop::Timer::set(base::Time deadline, std::function<void()> callback) {
  auto state = impl_->state;
  const std::uint64_t generation = ++state->generation;
  // Assigning the expiry cancels the wait that was set before.
  state->timer.expires_at(std::chrono::steady_clock::time_point(deadline));
  state->timer.async_wait([state, generation, callback = std::move(callback)](const auto& error) {
    if (!error && generation == state->generation) callback();
  });
}

void EventLoop::Timer::cancel() {
  ++impl_->state->generation;
  impl_->state->timer.cancel();
}

}  // namespace questclient::net
