#include "net/authority.hpp"

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>

namespace questclient::net {

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  const bool v4 = ::inet_pton(AF_INET, host.c_str(), ignored.data()) == 1;
  return v4 || host.find(':') != std::string::npos;
}

std::string authority(const std::string& host, std::uint16_t port) {
  const bool literal = host.find(':') != std::string::npos;
  return (literal ? "[" + host.substr(0, host.find('%')) + "]" : host) + ":" + std::to_string(port);
}

}  // namespace questclient::net
