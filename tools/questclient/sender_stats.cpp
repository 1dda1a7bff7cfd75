#include "sender_stats.hpp"

#include <nlohmann/json.hpp>

namespace questclient::tool {
namespace {

void take(const nlohmann::json& json, const char* name, std::uint64_t& value) {
  if (const auto found = json.find(name); found != json.end() && found->is_number())
    value = found->get<std::uint64_t>();
}

void take(const nlohmann::json& json, const char* name, std::string& value) {
  if (const auto found = json.find(name); found != json.end() && found->is_string())
    value = found->get<std::string>();
}

void take(const nlohmann::json& json, const char* name, std::chrono::nanoseconds& value) {
  if (const auto found = json.find(name); found != json.end() && found->is_number())
    value = std::chrono::nanoseconds(static_cast<std::int64_t>(found->get<double>() * 1000));
}

void take(const nlohmann::json& json, const char* name, LatencyStats& value) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_object()) return;
  take(*found, "count", value.count);
  take(*found, "p50_us", value.p50);
  take(*found, "p90_us", value.p90);
  take(*found, "p99_us", value.p99);
  take(*found, "max_us", value.max);
}

}  // namespace

std::optional<Stats> parse_sender_stats(const std::string& text) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  Stats stats;
  take(json, "last_fsn", stats.last_fsn);
  take(json, "acked_fsn", stats.acked_fsn);
  take(json, "durable_fsn", stats.durable_fsn);
  take(json, "rows_flushed", stats.rows_flushed);
  take(json, "bytes_flushed", stats.bytes_flushed);
  take(json, "frames_replayed", stats.frames_replayed);
  take(json, "bytes_sent", stats.bytes_sent);
  take(json, "bytes_on_wire", stats.bytes_on_wire);
  take(json, "requests", stats.requests);
  take(json, "reconnects", stats.reconnects);
  take(json, "transport_errors", stats.transport_errors);
  take(json, "server_errors", stats.server_errors);
  take(json, "rows_rejected", stats.rows_rejected);
  take(json, "rows_dropped", stats.rows_dropped);
  take(json, "rows_missing", stats.rows_missing);
  take(json, "backpressure_stalls", stats.backpressure_stalls);
  take(json, "slot_frames", stats.slot_frames);
  take(json, "slot_rows", stats.slot_rows);
  take(json, "slot_bytes", stats.slot_bytes);
  take(json, "slot_max_bytes", stats.slot_max_bytes);
  take(json, "oldest_frame_age_us", stats.oldest_frame_age);
  take(json, "dead_letters", stats.dead_letters);
  take(json, "append_latency", stats.append_latency);
  take(json, "request_latency", stats.request_latency);
  take(json, "ack_latency", stats.ack_latency);
  take(json, "connected_to", stats.connected_to);
  take(json, "last_error", stats.last_error);
  take(json, "last_terminal_error", stats.last_terminal_error);
  if (const auto hosts = json.find("hosts"); hosts != json.end() && hosts->is_array())
    for (const nlohmann::json& entry : *hosts) {
      HostStats host;
      if (!entry.is_object()) continue;
      take(entry, "address", host.address);
      take(entry, "state", host.state);
      stats.hosts.push_back(std::move(host));
    }
  return stats;
}

}  // namespace questclient::tool
