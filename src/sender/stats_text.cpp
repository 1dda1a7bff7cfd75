#include <charconv>
#include <string>

#include <nlohmann/json.hpp>

#include <questclient/stats.hpp>

#include "sender/stats_fields.hpp"

namespace questclient {

namespace {

using std::chrono::nanoseconds;

std::int64_t micros(nanoseconds duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

std::string seconds(nanoseconds duration) {
  char text[32];
  const auto end =
      std::to_chars(text, text + sizeof text, std::chrono::duration<double>(duration).count()).ptr;
  return {text, end};
}

/// A label's value, escaped as the text format demands.
std::string escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

/// Writes metrics that all carry the caller's labels.
class Exposition {
 public:
  explicit Exposition(std::string_view labels) : labels_(labels) {}

  void announce(const std::string& name, const char* type, const char* help) {
    out_ += "# HELP " + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
  }
  void sample(const std::string& name, const std::string& value, const std::string& own_label = "") {
    std::string labels(labels_);
    if (!labels.empty() && !own_label.empty()) labels += ',';
    labels += own_label;
    out_ += name + (labels.empty() ? "" : "{" + labels + "}") + " " + value + "\n";
  }
  void metric(const std::string& name, bool is_counter, const char* help, const std::string& value) {
    const std::string full = is_counter ? name + "_total" : name;
    announce(full, is_counter ? "counter" : "gauge", help);
    sample(full, value);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string_view labels_;
  std::string out_;
};

}  // namespace

std::string to_json(const Stats& stats) {
  nlohmann::ordered_json json;
  for (const auto& field : sender::number_fields()) json[field.name] = stats.*field.value;
  for (const auto& field : sender::duration_fields()) {
    json[std::string(field.name) + "_us"] = micros(stats.*field.value);
  }
  for (const auto& field : sender::latency_fields()) {
    const LatencyStats& latency = stats.*field.value;
    json[field.name] = {{"count", latency.count},
                        {"p50_us", micros(latency.p50)},
                        {"p90_us", micros(latency.p90)},
                        {"p99_us", micros(latency.p99)},
                        {"max_us", micros(latency.max)}};
  }
  for (const auto& field : sender::text_fields()) json[field.name] = stats.*field.value;
  json["hosts"] = nlohmann::ordered_json::array();
  for (const HostStats& host : stats.hosts) {
    json["hosts"].push_back({{"address", host.address}, {"state", host.state}});
  }
  // Servers' messages stand in it: bytes that are not UTF-8 are replaced rather than refused.
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string to_prometheus(const Stats& stats, std::string_view labels) {
  Exposition out(labels);
  for (const auto& field : sender::number_fields()) {
    out.metric(std::string("questclient_") + field.name, field.is_counter, field.help,
               std::to_string(stats.*field.value));
  }
  for (const auto& field : sender::duration_fields()) {
    out.metric(std::string("questclient_") + field.name + "_seconds", field.is_counter, field.help,
               seconds(stats.*field.value));
  }
  for (const auto& field : sender::latency_fields()) {
    const LatencyStats& latency = stats.*field.value;
    const std::string name = std::string("questclient_") + field.name + "_seconds";
    out.announce(name, "summary", field.help);
    out.sample(name, seconds(latency.p50), R"(quantile="0.5")");
    out.sample(name, seconds(latency.p90), R"(quantile="0.9")");
    out.sample(name, seconds(latency.p99), R"(quantile="0.99")");
    out.sample(name, seconds(latency.max), R"(quantile="1")");
    out.sample(name + "_count", std::to_string(latency.count));
  }
  out.announce("questclient_host_connected", "gauge", "1: rows are written to this host.");
  for (const HostStats& host : stats.hosts) {
    out.sample("questclient_host_connected", host.address == stats.connected_to ? "1" : "0",
               "host=\"" + escaped(host.address) + "\",state=\"" + escaped(host.state) + "\"");
  }
  out.metric("questclient_stopped", false, "1: sending has stopped for good; see last_terminal_error.",
             stats.last_terminal_error.empty() ? "0" : "1");
  return out.take();
}

}  // namespace questclient
