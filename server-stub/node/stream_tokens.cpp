#include "node/stream_tokens.hpp"

#include <algorithm>

namespace questnode::node {

void StreamTokens::appended(std::uint64_t number, const base::Uuid& stream, base::StreamPosition after) {
  std::lock_guard lock(mutex_);
  ahead_.push_back({number, stream, after});
}

void StreamTokens::log_advanced(std::uint64_t through) {
  std::lock_guard lock(mutex_);
  while (!ahead_.empty() && ahead_.front().number <= through) {
    advance(ahead_.front().stream, ahead_.front().after);
    ahead_.pop_front();
  }
}

void StreamTokens::drop_ahead() {
  std::lock_guard lock(mutex_);
  ahead_.clear();
}

void StreamTokens::in_log(const base::Uuid& stream, base::StreamPosition after) {
  std::lock_guard lock(mutex_);
  advance(stream, after);
}

// The applier may come later than the upload's confirmation with the same news: a token never goes back.
void StreamTokens::advance(const base::Uuid& stream, base::StreamPosition after) {
  base::StreamPosition& position = moved_[stream];
  position = std::max(position, after);
}

std::optional<base::StreamPosition> StreamTokens::durable(const base::Uuid& stream) const {
  std::lock_guard lock(mutex_);
  if (const auto at = moved_.find(stream); at != moved_.end()) return at->second;
  return base_.token(stream);
}

}  // namespace questnode::node
