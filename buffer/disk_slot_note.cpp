// The sender's note: a small file beside the segments, replaced whole.
#include "base/file.hpp"
#include "buffer/disk_slot.hpp"

namespace questclient::buffer {

void DiskSlot::remember(std::string_view note) {
  as_slot_io("The sender's note cannot be kept", Disposition::retrying,
             [&] { base::replace_file(folder_.note(), note); });
}

std::string DiskSlot::remembered() const {
  return as_slot_io("The sender's note cannot be read", Disposition::retrying,
                    [&] { return base::read_file(folder_.note()).value_or(std::string()); });
}

}  // namespace questclient::buffer
