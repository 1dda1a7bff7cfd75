#include "sim/world.hpp"

#include <cstdio>
#include <utility>

namespace questclient::sim {

Trait trait_of(std::uint64_t seed) {
  constexpr std::uint64_t kTraits = static_cast<std::uint64_t>(Trait::lossy_slot);
  // Every other schedule is a plain one.
  return seed % 2 == 0 ? Trait::none : static_cast<Trait>(1 + seed / 2 % kTraits);
}

const char* to_string(Trait trait) {
  constexpr const char* kNames[] = {"none",   "policies",   "drain rate",   "drop oldest", "poison",
                                    "tokens", "late token", "refused gzip", "bad rows",    "lossy slot"};
  return kNames[static_cast<std::size_t>(trait)];
}

bool World::takes_token(const std::string& authorization) const {
  const std::int64_t newest = now_ / kTokenLife;
  return authorization == "Bearer t" + std::to_string(newest) ||
         authorization == "Bearer t" + std::to_string(newest - 1);
}

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
