#include "query/host_order.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/bounded_json.hpp"
#include "base/delivery.hpp"

namespace questclient::query {

namespace {

constexpr std::size_t kMaxSettingsBytes = std::size_t{256} << 10;

/// What the settings say where no header does.
Role role_in_settings(std::string_view body) {
  const auto settings = base::parse_bounded_json(body, kMaxSettingsBytes);
  if (!settings || !settings->is_object()) return Role::unknown;
  const auto config = settings->find("config");
  if (config == settings->end() || !config->is_object()) return Role::unknown;
  const auto writes = config->find("accepting.writes");
  if (writes == config->end() || !writes->is_array()) return Role::unknown;
  const bool writable = std::find(writes->begin(), writes->end(), "http") != writes->end();
  return writable ? Role::unknown : Role::replica;
}

}  // namespace

Role role_told(const net::HttpResponse& answer) {
  const std::string_view role = answer.header(base::header::kRole);
  if (role == "REPLICA") return Role::replica;
  const bool primary = role == "PRIMARY" || role == "PRIMARY_CATCHUP" || role == "STANDALONE";
  return primary ? Role::primary : Role::unknown;
}

HostFacts facts_of(const net::HttpResponse& answer, std::string_view zone) {
  HostFacts facts;
  facts.role = role_told(answer);
  if (facts.role == Role::unknown) facts.role = role_in_settings(answer.body);
  const std::string_view theirs = answer.header(base::header::kZone);
  if (!zone.empty() && !theirs.empty()) facts.zone = theirs == zone ? Zone::same : Zone::other;
  return facts;
}

bool accepts(Target target, Role role) {
  switch (target) {
    case Target::primary:
      return role != Role::replica;
    case Target::replica:
      return role == Role::replica;
    default:
      return true;
  }
}

std::vector<std::size_t> order(const std::vector<HostFacts>& hosts, Target target, std::size_t preferred) {
  std::vector<std::size_t> chosen(hosts.size());
  std::iota(chosen.begin(), chosen.end(), std::size_t{0});
  std::erase_if(chosen, [&](std::size_t host) { return !accepts(target, hosts[host].role); });
  const auto rank = [&](std::size_t host) {
    const Role role = target == Target::primary ? hosts[host].role : Role::unknown;
    return std::tuple(hosts[host].failed, role, hosts[host].zone, host != preferred, host);
  };
  std::sort(chosen.begin(), chosen.end(), [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
  return chosen;
}

}  // namespace questclient::query
