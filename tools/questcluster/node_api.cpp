#include "node_api.hpp"

#include <charconv>

#include <nlohmann/json.hpp>

#include <questclient/error.hpp>

#include "net/http_client.hpp"
#include "node_process.hpp"

namespace questclient::cluster {
namespace {

constexpr std::chrono::milliseconds kStatusTimeout{2000};

net::HttpResponse ask(const std::string& address, net::HttpRequest request,
                      std::chrono::milliseconds timeout) {
  const auto colon = address.rfind(':');
  std::uint16_t port = 0;
  std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
  request.headers.emplace_back("Host", address);
  return net::blocking_request(address.substr(0, colon), port, request, timeout);
}

NodeReport read_report(const std::string& body) {
  const auto document = nlohmann::json::parse(body);
  const auto& log = document.at("log");
  NodeReport report;
  report.role = document.at("role").get<std::string>();
  report.writable = document.at("writable").get<bool>();
  report.epoch = document.at("epoch").get<std::uint64_t>();
  report.last = log.at("last").get<std::uint64_t>();
  report.applied = log.at("applied").get<std::uint64_t>();
  report.rescued = document.at("rescued").at("entries").get<std::uint64_t>();
  report.refusal = document.at("refusal").get<std::string>();
  report.primary = document.at("primary").at("node").get<std::string>();
  return report;
}

}  // namespace

std::optional<NodeReport> ask_status(const std::string& address) {
  try {
    const auto answer =
        ask(address, {.method = "GET", .target = "/status", .headers = {}, .body = {}}, kStatusTimeout);
    if (answer.status != 200) return std::nullopt;
    return read_report(answer.body);
  } catch (const Error&) {
    return std::nullopt;
  } catch (const nlohmann::json::exception& error) {
    throw ClusterError(address + " answers /status in a form that this questcluster does not know (" +
                       error.what() + "): use the questnode that belongs to it");
  }
}

NodeReport ask_promotion(const std::string& address, std::chrono::milliseconds timeout) {
  net::HttpRequest request{
      .method = "POST", .target = "/lifecycle", .headers = {}, .body = R"({"role":"primary"})"};
  request.headers.emplace_back("Content-Type", "application/json");
  try {
    const auto answer = ask(address, std::move(request), timeout);
    if (answer.status == 200) return read_report(answer.body);
    const auto document = nlohmann::json::parse(answer.body, nullptr, false);
    throw ClusterError("it answered " + std::to_string(answer.status) + ": " +
                       (document.is_object() ? document.value("message", answer.body) : answer.body));
  } catch (const Error& error) {
    throw ClusterError(error.what());
  }
}

}  // namespace questclient::cluster
