// How a host and its port are written.
#pragma once

#include <cstdint>
#include <string>

namespace questclient::net {

/// An IPv6 or IPv4 address instead of a name.
bool is_address(const std::string& host);
/// "host:port", as in the Host header and in messages; an IPv6 address stands in brackets, without its zone.
std::string authority(const std::string& host, std::uint16_t port);

}  // namespace questclient::net
