#include "failover/backoff.hpp"

#include <algorithm>

namespace questclient::failover {
namespace {

// A wait of nothing would turn a refusing server into a busy loop.
constexpr std::chrono::milliseconds kShortest{1};

BackoffOptions sane(BackoffOptions options) {
  options.initial = std::max(options.initial, kShortest);
  options.max = std::max(options.max, options.initial);
  return options;
}

}  // namespace

Backoff::Backoff(BackoffOptions options) : options_(sane(options)), base_(options_.initial) {}

std::chrono::milliseconds Backoff::jittered(base::RandomSource& random) const {
  const auto extra = random.below(static_cast<std::uint64_t>(base_.count()));
  return std::min(base_ + std::chrono::milliseconds(extra), options_.max);
}

std::chrono::milliseconds Backoff::next(base::RandomSource& random) {
  const auto delay = jittered(random);
  base_ = base_ > options_.max / 2 ? options_.max : base_ * 2;
  return delay;
}

std::chrono::milliseconds Backoff::first(base::RandomSource& random) {
  reset();
  return jittered(random);
}

}  // namespace questclient::failover
