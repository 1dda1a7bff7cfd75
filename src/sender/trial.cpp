#include "sender/trial.hpp"

#include <algorithm>

namespace questclient::sender {
namespace {

/// A server that fails at random takes one by chance.
constexpr std::size_t kWitnesses = 3;
constexpr std::size_t kMaxDistance = std::size_t{1} << 20;

}  // namespace

bool Trial::refused(base::StreamPosition suspect) {
  if (suspect != suspect_) {
    *this = Trial();
    suspect_ = suspect;
  }
  if (witnesses_ >= kWitnesses) return true;
  wants_witness_ = true;
  return false;
}

void Trial::witness_sent() {
  wants_witness_ = false;
  distance_ = std::min(distance_ * 2 + 1, kMaxDistance);
}

void Trial::witness_taken() {
  ++witnesses_;
  distance_ = 0;
}

}  // namespace questclient::sender
