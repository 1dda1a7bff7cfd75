// Hosts as they stand in `addr`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <questclient/options.hpp>

namespace questclient::config {

/// What is wrong with a value, as the middle of a sentence ("is not ..."); empty: nothing.
using Fault = std::string;

/// Parses "host", "host:port", "[ipv6]" or "[ipv6]:port" into `address`; without a port it is `default_port`.
Fault parse_address(std::string_view text, std::uint16_t default_port, Address& address);

/// The same rules for an address that was set by hand.
Fault check_address(const Address& address);

/// The first address that stands twice, whatever the case of its letters; null: none.
const Address* find_duplicate(const std::vector<Address>& addresses);

}  // namespace questclient::config
