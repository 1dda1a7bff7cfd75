#include "buffer/slot.hpp"

#include <questclient/error.hpp>

#include "base/aes_gcm.hpp"
#include "buffer/disk_slot.hpp"
#include "buffer/guarded_slot.hpp"
#include "buffer/memory_slot.hpp"

namespace questclient::buffer {

std::unique_ptr<Slot> Slot::open(const SlotOptions& options, const base::Clock& clock,
                                 base::RandomSource& random, SlotReport& report) {
  if (!options.key.empty() && options.key.size() != base::kAesKeyBytes)
    throw Error(ErrorCode::config, Disposition::fix_and_resend,
                "A slot's key has " + std::to_string(base::kAesKeyBytes) + " bytes, this one " +
                    std::to_string(options.key.size()) + ": make one with \"openssl rand -hex 32\".");
  return std::make_unique<GuardedSlot>([&]() -> std::unique_ptr<Slot> {
    if (options.sf_dir.empty()) return std::make_unique<MemorySlot>(options, clock, random);
    return as_slot_io("The slot cannot be opened", Disposition::terminal, [&]() -> std::unique_ptr<Slot> {
      return std::make_unique<DiskSlot>(options, clock, random, report);
    });
  }());
}

GuardedSlot::~GuardedSlot() {
  // Leaked on purpose: what it holds is the parent's.
  if (fork_generation() != opened_in_) static_cast<void>(slot_.release());
}

Slot& GuardedSlot::checked() const {
  if (fork_generation() != opened_in_) [[unlikely]]
    throw Error(
        ErrorCode::forked, Disposition::terminal,
        "This process is a child of the one that opened the slot: a slot is not shared across fork(). "
        "Open a sender of its own, with another sender_id, after the fork.");
  return *slot_;
}

}  // namespace questclient::buffer
