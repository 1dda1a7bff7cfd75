#include "sim/world.hpp"

#include <cstdio>
#include <utility>

namespace questclient::sim {

void World::after(Time delay, std::function<void()> event) {
  events_.push({now_ + delay, ++order_, std::move(event)});
}

bool World::step(Time end) {
  if (events_.empty() || events_.top().at > end) return false;
  // The queue's top is const; the event is copied out so that it may add others while it runs.
  const Event event = events_.top();
  events_.pop();
  now_ = event.at;
  event.run();
  return true;
}

void World::trace(const std::string& line) const {
  if (traced_) std::fprintf(stderr, "%10.3f ms  %s\n", static_cast<double>(now_.count()) / 1e6, line.c_str());
}

}  // namespace questclient::sim
