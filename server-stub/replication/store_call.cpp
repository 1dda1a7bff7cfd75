#include "replication/store_call.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace questnode::replication {

using object_store::GetResult;
using object_store::PutResult;

Action StoreCall::get(std::string key, Accept accept) {
  key_ = std::move(key);
  bytes_.reset();
  accept_ = std::move(accept);
  next_ = Next::get;
  waiting_until_.reset();
  backoff_ = node_.options.retry_backoff;
  return issue();
}

Action StoreCall::put(std::string key, std::string bytes, Accept accept) {
  get(std::move(key), std::move(accept));
  bytes_ = std::move(bytes);
  next_ = Next::put;
  return issue();
}

std::optional<Action> StoreCall::resume(const Event& event) {
  if (waiting_until_) {
    // Somebody may have woken the driver early; a store in trouble is not asked sooner for that.
    if (node_.now < *waiting_until_) return Idle{*waiting_until_};
    waiting_until_.reset();
    return issue();
  }
  if (const auto* got = std::get_if<GotObject>(&event); got != nullptr && next_ == Next::get)
    return on_get(*got);
  if (const auto* done = std::get_if<PutDone>(&event); done != nullptr && next_ == Next::put)
    return on_put(*done);
  throw std::logic_error("the event does not answer the outstanding action");
}

Action StoreCall::again(const std::string& why) {
  return wait(Next::get, why);
}

Action StoreCall::issue() {
  if (next_ == Next::put) return PutObject{key_, *bytes_};
  return GetObject{key_};
}

Action StoreCall::wait(Next next, const std::string& why) {
  node_.last_error = key_ + ": " + why;
  next_ = next;
  waiting_until_ = node_.now + backoff_;
  backoff_ = std::min(backoff_ * 2, node_.options.retry_backoff_max);
  return Idle{*waiting_until_};
}

std::optional<Action> StoreCall::end(Outcome outcome) {
  node_.last_error.clear();
  outcome_ = outcome;
  return std::nullopt;
}

std::optional<Action> StoreCall::on_get(const GotObject& got) {
  if (got.result == GetResult::unknown) return wait(Next::get, got.why);
  if (got.result == GetResult::absent) {
    return bytes_ ? wait(Next::put, "the put did not arrive: " + put_answer_) : end(Outcome::absent);
  }
  try {
    const bool ours = accept_(got.bytes);
    if (!bytes_) return end(Outcome::found);
    return end(ours ? Outcome::won : Outcome::lost);
  } catch (const std::runtime_error& error) {
    return wait(Next::get, error.what());
  }
}

std::optional<Action> StoreCall::on_put(const PutDone& done) {
  if (done.result == PutResult::written) return end(Outcome::won);
  const bool unknown = done.result == PutResult::unknown;
  put_answer_ = unknown ? done.why : "the store has something there, and does not return it";
  if (unknown) node_.last_error = key_ + ": " + done.why;
  next_ = Next::get;
  return issue();
}

}  // namespace questnode::replication
