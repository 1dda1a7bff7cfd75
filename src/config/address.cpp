#include "config/address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>

#include "config/values.hpp"

namespace questclient {

std::string Address::to_string() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  const std::string number = std::to_string(port);
  return is_ipv6 ? config::join({"[", host, "]:", number}) : config::join({host, ":", number});
}

}  // namespace questclient

namespace questclient::config {
namespace {

// Locale-free: a host name is ASCII.
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
bool is_hex(char c) {
  return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
}
bool is_name(char c) {
  return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '.' || c == '_';
}

bool is_ipv6(std::string_view host) {
  const std::string_view digits = host.substr(0, host.find('%'));  // what follows names the interface
  const bool plain =
      std::all_of(digits.begin(), digits.end(), [](char c) { return is_hex(c) || c == ':' || c == '.'; });
  const std::string_view zone = host.substr(digits.size());
  const bool zone_is_name =
      zone.empty() || (zone.size() > 1 && std::all_of(zone.begin() + 1, zone.end(), is_name));
  in6_addr address{};
  return plain && zone_is_name && inet_pton(AF_INET6, std::string(digits).c_str(), &address) == 1;
}

Fault check_host(std::string_view host) {
  if (host.empty()) return "has an empty host; write host or host:port";
  if (host.size() > 253) return "has a host longer than 253 characters";
  if (host.find(':') != std::string_view::npos) {
    return is_ipv6(host) ? Fault() : "is not a host; write host, host:port or [ipv6]:port";
  }
  if (!std::all_of(host.begin(), host.end(), is_name)) {
    return "has a host with a character that host names do not have; write host, host:port or [ipv6]:port, "
           "without a schema, a path or spaces";
  }
  return {};
}

Fault parse_port(std::string_view text, std::uint16_t& port) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error == std::errc() && end == text.data() + text.size() && port != 0) return {};
  return "has a bad port; give a number from 1 to 65535";
}

}  // namespace

Fault parse_address(std::string_view text, std::uint16_t default_port, Address& address) {
  address.port = default_port;
  std::string_view rest;  // ":port", or nothing
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return "has '[' without ']'; write [ipv6]:port";
    address.host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
    if (!is_ipv6(address.host)) return "has no IPv6 address between its brackets";
  } else {
    if (std::count(text.begin(), text.end(), ':') > 1) {
      return "is ambiguous; write an IPv6 address in brackets, as in [::1]:9000";
    }
    const std::size_t colon = std::min(text.find(':'), text.size());
    address.host = text.substr(0, colon);
    rest = text.substr(colon);
  }
  if (Fault fault = check_host(address.host); !fault.empty()) return fault;
  if (rest.empty()) return {};
  if (!rest.starts_with(':')) return "has something other than :port after ']'";
  return parse_port(rest.substr(1), address.port);
}

Fault check_address(const Address& address) {
  if (address.host.starts_with('[')) return "has brackets in its host; an Address holds ::1 without them";
  if (address.port == 0) return "has port 0; give a number from 1 to 65535";
  return check_host(address.host);
}

const Address* find_duplicate(const std::vector<Address>& addresses) {
  const auto same = [](const Address& a, const Address& b) {
    return a.port == b.port && std::equal(a.host.begin(), a.host.end(), b.host.begin(), b.host.end(),
                                          [](char x, char y) { return lower(x) == lower(y); });
  };
  for (auto later = addresses.begin(); later != addresses.end(); ++later) {
    const bool seen =
        std::any_of(addresses.begin(), later, [&](const Address& a) { return same(a, *later); });
    if (seen) return &*later;
  }
  return nullptr;
}

}  // namespace questclient::config
