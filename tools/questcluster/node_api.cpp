#include "node_api.hpp"

#include <charconv>

#include <nlohmann/json.hpp>

#include <questclient/error.hpp>

#include "base/bounded_json.hpp"
#include "net/http_client.hpp"
#include "node_process.hpp"

namespace questclient::cluster {
namespace {

constexpr std::chrono::milliseconds kStatusTimeout{2000};
/// A report names every table.
constexpr std::size_t kMaxReportBytes = std::size_t{64} << 20;

net::HttpResponse ask(const std::string& address, net::HttpRequest request,
                      std::chrono::milliseconds timeout) {
  const auto colon = address.rfind(':');
  std::uint16_t port = 0;
  std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
  request.headers.emplace_back("Host", address);
  return net::blocking_request(address.substr(0, colon), port, request, timeout);
}

NodeReport read_report(const nlohmann::json& document) {
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

/// Whatever listens at `address` may have sent it.
NodeReport read_report(const std::string& address, const std::string& body) {
  std::string reason = "it is not JSON, or too long, or too deep";
  try {
    if (const auto document = base::parse_bounded_json(body, kMaxReportBytes)) return read_report(*document);
  } catch (const nlohmann::json::exception& error) {
    reason = error.what();
  }
  throw ClusterError(address + " answers in a form that this questcluster does not know (" + reason +
                     "): use the questnode that belongs to it");
}

std::string message_in(const std::string& body) {
  const auto document = base::parse_bounded_json(body, kMaxReportBytes);
  const bool told = document && document->is_object() && document->contains("message") &&
                    document->at("message").is_string();
  return told ? document->at("message").get<std::string>() : body;
}

}  // namespace

std::optional<NodeReport> ask_status(const std::string& address) {
  try {
    const auto answer =
        ask(address, {.method = "GET", .target = "/status", .headers = {}, .body = {}}, kStatusTimeout);
    if (answer.status != 200) return std::nullopt;
    return read_report(address, answer.body);
  } catch (const Error&) {
    return std::nullopt;
  }
}

NodeReport ask_promotion(const std::string& address, std::chrono::milliseconds timeout) {
  net::HttpRequest request{
      .method = "POST", .target = "/lifecycle", .headers = {}, .body = R"({"role":"primary"})"};
  request.headers.emplace_back("Content-Type", "application/json");
  try {
    const auto answer = ask(address, std::move(request), timeout);
    if (answer.status == 200) return read_report(address, answer.body);
    throw ClusterError("it answered " + std::to_string(answer.status) + ": " + message_in(answer.body));
  } catch (const Error& error) {
    throw ClusterError(error.what());
  }
}

}  // namespace questclient::cluster
