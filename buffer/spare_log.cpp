#include "buffer/spare_log.hpp"

#include <algorithm>
#include <fcntl.h>
#include <string>

#include "base/file.hpp"
#include "buffer/wal_format.hpp"

namespace questclient::buffer {

void restart_log(const std::filesystem::path& log, const Recycling& recycling) {
  base::File file(log, O_RDWR);
  LogChecksum ignored;
  file.write_at(0, stamped_header(recycling.salt, ignored));
  // Should the new header be damaged one day, only frames of the new use are to tell its salt.
  const std::string nothing(kLogFrameHeaderBytes, '\0');
  const std::uint64_t end = std::min(file.size(), kLogHeaderBytes + kFramesThatTellSalt * kLogFrameBytes);
  for (std::uint64_t at = kLogHeaderBytes; at + kLogFrameBytes <= end; at += kLogFrameBytes)
    file.write_at(at, nothing);
  if (recycling.synced) file.sync_data();
}

}  // namespace questclient::buffer
