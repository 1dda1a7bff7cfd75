#include "replication/follower.hpp"

namespace questnode::replication {

Action Follower::begin() {
  want_claim();
  return look();
}

Action Follower::resume(const Event& event) {
  switch (phase_) {
    case Phase::reading_claim:
      if (auto action = call_.resume(event)) return *action;
      return read_log();
    case Phase::reading_log:
      if (auto action = reader_.resume(event)) return *action;
      if (reader_.found() == LogReader::Found::nothing) {
        phase_ = Phase::resting;
        return Idle{node_.now + node_.options.poll_interval};
      }
      want_claim();
      return look();
    case Phase::resting:
      break;
  }
  return look();
}

/// The claim of the followed epoch tells who leads, unless a later one is known to have taken over.
void Follower::want_claim() {
  const std::uint64_t epoch = node_.cursor.next_epoch;
  claim_wanted_ = claim_read_ != epoch && node_.leader.epoch <= epoch;
}

Action Follower::look() {
  if (!claim_wanted_) return read_log();
  claim_wanted_ = false;
  phase_ = Phase::reading_claim;
  const std::uint64_t epoch = node_.cursor.next_epoch;
  return call_.get(claim_key(epoch), [this, epoch](const std::string& bytes) {
    const Claim claim = node_.decode_claim_of(bytes, epoch);
    node_.leader = {epoch, claim.node, claim.address};
    claim_read_ = epoch;
    return true;
  });
}

Action Follower::read_log() {
  phase_ = Phase::reading_log;
  return reader_.read_next();
}

}  // namespace questnode::replication
