#include "net/address_race.hpp"

#include <algorithm>

namespace questclient::net {

AddressRace::AddressRace(const std::vector<std::string>& addresses) {
  const auto family = [](const std::string& address) { return address.find(':') != std::string::npos; };
  std::vector<std::string> first;
  std::vector<std::string> second;
  for (const std::string& address : addresses)
    (family(address) == family(addresses.front()) ? first : second).push_back(address);
  for (std::size_t index = 0; index < std::max(first.size(), second.size()); ++index) {
    if (index < first.size()) addresses_.push_back(first[index]);
    if (index < second.size()) addresses_.push_back(second[index]);
  }
}

const std::string* AddressRace::next(base::Time now) {
  if (now < due()) return nullptr;
  due_ = now + kAddressPause;
  return &addresses_[tried_++];
}

void AddressRace::failed() {
  ++failed_;
  due_ = base::Time::min();
}

base::Time AddressRace::due() const {
  return tried_ < addresses_.size() ? due_ : base::Time::max();
}

}  // namespace questclient::net
