#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>

namespace questnode::engine {

/// The newest entries, which the uploader and the applier read right behind the append. Not thread-safe.
class TailCache {
 public:
  using Bytes = std::shared_ptr<const std::string>;
  explicit TailCache(std::uint64_t limit) : limit_(limit) {}

  void push(Bytes entry) {
    bytes_ += entry->size();
    entries_.push_back(std::move(entry));
    while (bytes_ > limit_) {
      bytes_ -= entries_.front()->size();
      entries_.pop_front();
    }
  }
  void drop_newest(std::uint64_t count) {
    for (; count > 0 && !entries_.empty(); --count) {
      bytes_ -= entries_.back()->size();
      entries_.pop_back();
    }
  }
  std::size_t size() const { return entries_.size(); }
  const Bytes& operator[](std::size_t index) const { return entries_[index]; }

 private:
  std::deque<Bytes> entries_;
  std::uint64_t bytes_ = 0;
  std::uint64_t limit_;
};

}  // namespace questnode::engine
