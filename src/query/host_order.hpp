// Which host a query goes to first: what is known of each, and the order that follows. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <questclient/options.hpp>

#include "net/http_message.hpp"

namespace questclient::query {

enum class Role : std::uint8_t {
  primary,
  unknown,  ///< Not heard from yet, or a server that does not tell roles.
  replica,
};

/// Relative to the zone of this process. In order of preference.
enum class Zone : std::uint8_t { same, unknown, other };

struct HostFacts {
  bool failed = false;  ///< The last time that it was asked something.
  Role role = Role::unknown;
  Zone zone = Zone::unknown;
};

/// By the header X-QuestDB-Role.
Role role_told(const net::HttpResponse& answer);

/// What an answer to GET /settings tells: by X-QuestDB-Role and X-QuestDB-Zone, and without a role by whether
/// "http" stands in accepting.writes. `zone` empty: none is preferred.
HostFacts facts_of(const net::HttpResponse& answer, std::string_view zone);

/// target=primary takes a server that does not tell roles too, as it may stand alone; target=replica does
/// not.
bool accepts(Target target, Role role);

/// The hosts that `target` accepts, best first: those that did not fail, by role (with target=primary, those
/// that say so), by zone, the `preferred` one, and then as in `addr`.
std::vector<std::size_t> order(const std::vector<HostFacts>& hosts, Target target, std::size_t preferred);

}  // namespace questclient::query
