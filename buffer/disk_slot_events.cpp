#include "buffer/disk_slot.hpp"

namespace questclient::buffer {
namespace {

constexpr std::chrono::minutes kBetweenReports{1};

}  // namespace

void DiskSlot::note_failure(const char* kind, const std::string& why) {
  ++counted_.io_errors;
  const base::Time now = clock_.now();
  const auto told = told_failures_.find(kind);
  if (told != told_failures_.end() && now - told->second < kBetweenReports) return;
  told_failures_[kind] = now;
  failing_ = true;
  SlotEvent event;
  event.kind = SlotEvent::Kind::io_failed;
  event.message = std::string(kind) + ": " + why + ". It is tried again.";
  news_.event(std::move(event));
}

void DiskSlot::note_success() {
  if (!failing_) return;
  failing_ = false;
  SlotEvent event;
  event.kind = SlotEvent::Kind::io_recovered;
  event.message = "The slot " + folder_.path().string() + " takes frames again.";
  news_.event(std::move(event));
}

}  // namespace questclient::buffer
