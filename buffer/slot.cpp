#include "buffer/slot.hpp"

#include "buffer/disk_slot.hpp"
#include "buffer/memory_slot.hpp"

namespace questclient::buffer {

std::unique_ptr<Slot> Slot::open(const SlotOptions& options, const base::Clock& clock,
                                 base::RandomSource& random, SlotReport& report) {
  if (options.sf_dir.empty()) return std::make_unique<MemorySlot>(options, clock, random);
  return as_slot_io("The slot cannot be opened", Disposition::terminal, [&]() -> std::unique_ptr<Slot> {
    return std::make_unique<DiskSlot>(options, clock, random, report);
  });
}

bool Slot::append_later(std::string, std::vector<std::uint32_t>, std::optional<std::string>,
                        std::function<void(Appended)>) {
  return false;
}
std::optional<std::string> Slot::position() const {
  return std::nullopt;
}
void Slot::on_event(std::function<void(const SlotEvent&)>) {}
void Slot::publish_stats(std::string_view) {}

}  // namespace questclient::buffer
