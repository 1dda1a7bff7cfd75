// Asks every host for its settings at the same time.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include <questclient/options.hpp>

#include "net/connection.hpp"

namespace questclient::query {

/// One answer a host, in the order of `hosts`; nothing: none came. Blocks for at most twice `timeout`,
/// however many hosts are silent.
std::vector<std::optional<net::HttpResponse>> ask_all(const net::Endpoint& endpoint,
                                                      const std::vector<Address>& hosts,
                                                      const net::HttpRequest& request,
                                                      std::chrono::milliseconds timeout);

}  // namespace questclient::query
