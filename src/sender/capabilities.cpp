#include "sender/capabilities.hpp"

#include <algorithm>

#include "base/bounded_json.hpp"

namespace questclient::sender {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxSettingsBytes = std::size_t{256} << 10;

bool read_accepting(const Json& config, Capabilities& out) {
  const auto found = config.find("accepting.writes");
  if (found == config.end()) return true;
  if (!found->is_array()) return false;
  out.accepts_writes =
      std::any_of(found->begin(), found->end(), [](const Json& entry) { return entry == "http"; });
  return true;
}

bool read_delivery(const Json& config, Capabilities& out) {
  if (const auto found = config.find("questclient.delivery"); found != config.end()) {
    if (!found->is_number_unsigned()) return false;
    out.delivery = found->get<std::uint64_t>();
  }
  if (const auto found = config.find("questclient.durable_ack"); found != config.end()) {
    if (!found->is_boolean()) return false;
    out.durable_ack = found->get<bool>();
  }
  return true;
}

void read_versions(const Json& config, Capabilities& out) {
  const auto found = config.find("line.proto.support.versions");
  if (found == config.end() || !found->is_array()) return;
  for (const Json& entry : *found) {
    if (!entry.is_number_unsigned()) continue;
    const auto version = entry.get<std::uint64_t>();
    if (version >= 1 && version <= 3)
      out.line_version = std::max(out.line_version, static_cast<int>(version));
  }
}

}  // namespace

std::optional<Capabilities> parse_settings(std::string_view body) {
  const auto document = base::parse_bounded_json(body, kMaxSettingsBytes);
  if (!document || !document->is_object()) return std::nullopt;
  Capabilities found;
  const auto config = document->find("config");
  if (config == document->end()) return found;
  if (!config->is_object() || !read_accepting(*config, found) || !read_delivery(*config, found)) {
    return std::nullopt;
  }
  read_versions(*config, found);
  return found;
}

}  // namespace questclient::sender
