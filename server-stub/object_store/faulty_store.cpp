#include "object_store/faulty_store.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace questnode::object_store {
namespace {

constexpr unsigned kPerMille = 1000;

template <class Queue>
auto take_scripted(Queue& queue, const std::string& key) {
  const auto found = std::find_if(queue.begin(), queue.end(),
                                  [&](const auto& scripted) { return key.starts_with(scripted.key_prefix); });
  std::optional<decltype(found->fault)> fault;
  if (found != queue.end()) {
    fault = found->fault;
    queue.erase(found);
  }
  return fault;
}

}  // namespace

void FaultyStore::set_rates(const FaultRates& rates) {
  const std::lock_guard lock(mutex_);
  rates_ = rates;
}

void FaultyStore::script_put(std::string key_prefix, PutFault fault) {
  const std::lock_guard lock(mutex_);
  scripted_puts_.push_back({std::move(key_prefix), fault});
}

void FaultyStore::script_get(std::string key_prefix, GetFault fault) {
  const std::lock_guard lock(mutex_);
  scripted_gets_.push_back({std::move(key_prefix), fault});
}

std::size_t FaultyStore::delayed() const {
  const std::lock_guard lock(mutex_);
  return delayed_.size();
}

void FaultyStore::release() {
  const std::lock_guard lock(mutex_);
  std::string why;
  for (const Delayed& put : delayed_) inner_.put(put.key, put.bytes, why);
  delayed_.clear();
}

bool FaultyStore::release_one() {
  const std::lock_guard lock(mutex_);
  if (delayed_.empty()) return false;
  const auto chosen = delayed_.begin() + static_cast<std::ptrdiff_t>(random_.below(delayed_.size()));
  std::string why;
  inner_.put(chosen->key, chosen->bytes, why);
  delayed_.erase(chosen);
  return true;
}

void FaultyStore::drop_delayed() {
  const std::lock_guard lock(mutex_);
  delayed_.clear();
}

PutResult FaultyStore::put(const std::string& key, std::string_view bytes, std::string& why) {
  const std::lock_guard lock(mutex_);
  switch (choose_put(key)) {
    case PutFault::none:
      return inner_.put(key, bytes, why);
    case PutFault::lost:
      break;
    case PutFault::answer_lost:
      inner_.put(key, bytes, why);
      break;
    case PutFault::delayed:
      delayed_.push_back({key, std::string(bytes)});
      break;
  }
  why = "injected: no answer to the put of " + key;
  return PutResult::unknown;
}

PutResult FaultyStore::replace(const std::string& key, std::string_view bytes, std::string& why) {
  const std::lock_guard lock(mutex_);
  const PutFault fault = choose_put(key);
  if (fault == PutFault::none) return inner_.replace(key, bytes, why);
  if (fault == PutFault::answer_lost) inner_.replace(key, bytes, why);
  why = "injected: no answer to the replacement of " + key;
  return PutResult::unknown;
}

GetResult FaultyStore::get(const std::string& key, std::string& bytes, std::string& why) {
  const std::lock_guard lock(mutex_);
  const GetFault fault = choose_get(key);
  if (fault == GetFault::unknown) {
    why = "injected: no answer to the get of " + key;
    return GetResult::unknown;
  }
  const GetResult result = inner_.get(key, bytes, why);
  if (result == GetResult::found) damage(fault, bytes);
  return result;
}

std::vector<std::string> FaultyStore::list(const std::string& prefix) {
  return inner_.list(prefix);
}

std::string FaultyStore::describe() const {
  return "faulty " + inner_.describe();
}

PutFault FaultyStore::choose_put(const std::string& key) {
  if (const auto scripted = take_scripted(scripted_puts_, key)) return *scripted;
  auto dice = static_cast<unsigned>(random_.below(kPerMille));
  if (dice < rates_.put_lost) return PutFault::lost;
  dice -= rates_.put_lost;
  if (dice < rates_.put_answer_lost) return PutFault::answer_lost;
  dice -= rates_.put_answer_lost;
  return dice < rates_.put_delayed ? PutFault::delayed : PutFault::none;
}

GetFault FaultyStore::choose_get(const std::string& key) {
  if (const auto scripted = take_scripted(scripted_gets_, key)) return *scripted;
  auto dice = static_cast<unsigned>(random_.below(kPerMille));
  if (dice < rates_.get_unknown) return GetFault::unknown;
  dice -= rates_.get_unknown;
  if (dice < rates_.get_truncated) return GetFault::truncated;
  dice -= rates_.get_truncated;
  return dice < rates_.get_bit_flip ? GetFault::bit_flip : GetFault::none;
}

void FaultyStore::damage(GetFault fault, std::string& bytes) {
  if (bytes.empty()) return;
  if (fault == GetFault::truncated) bytes.resize(random_.below(bytes.size()));
  if (fault == GetFault::bit_flip) {
    char& victim = bytes[random_.below(bytes.size())];
    victim = static_cast<char>(static_cast<unsigned char>(victim) ^ (1U << random_.below(8)));
  }
}

}  // namespace questnode::object_store
