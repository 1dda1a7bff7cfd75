#include "query/ask_all.hpp"

#include <memory>
#include <utility>

namespace questclient::query {

std::vector<std::optional<net::HttpResponse>> ask_all(const net::Endpoint& endpoint,
                                                      const std::vector<Address>& hosts,
                                                      const net::HttpRequest& request,
                                                      std::chrono::milliseconds timeout) {
  net::EventLoop loop;
  std::vector<std::optional<net::HttpResponse>> answers(hosts.size());
  std::vector<std::unique_ptr<net::Connection>> connections(hosts.size());
  std::size_t open = hosts.size();
  const auto settled = [&] {
    if (--open == 0) loop.stop();
  };
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    connections[i] = net::make_connection(loop, endpoint);
    const auto on_answer = [&, i](const net::NetError* error, net::HttpResponse response) {
      if (error == nullptr) answers[i] = std::move(response);
      settled();
    };
    connections[i]->connect(hosts[i].host, hosts[i].port, timeout,
                            [&, i, on_answer](const net::NetError* error) {
                              if (error != nullptr) {
                                settled();
                              } else {
                                connections[i]->request(request, timeout, on_answer);
                              }
                            });
  }
  if (open > 0) loop.run();
  return answers;
}

}  // namespace questclient::query
