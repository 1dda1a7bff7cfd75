#include "net/host_trust.hpp"

#include <algorithm>

namespace questclient::net {

using std::chrono::milliseconds;

milliseconds HostTrust::grace(const std::string& host, base::Time took) const {
  const std::lock_guard lock(mutex_);
  const auto found = hosts_.find(host);
  const Standing standing = found == hosts_.end() ? Standing::unknown : found->second;
  if (standing == Standing::suspect) return kLongestGrace;
  const milliseconds shortest = standing == Standing::kept ? kShortestGrace : kFirstGrace;
  return std::clamp(std::chrono::duration_cast<milliseconds>(2 * took), shortest, kLongestGrace);
}

void HostTrust::kept(const std::string& host) {
  const std::lock_guard lock(mutex_);
  hosts_[host] = Standing::kept;
}

void HostTrust::ended(const std::string& host, base::Time life) {
  const std::lock_guard lock(mutex_);
  if (life < kSuspiciousLife) hosts_[host] = Standing::suspect;
}

}  // namespace questclient::net
