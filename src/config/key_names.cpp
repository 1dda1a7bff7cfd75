// Finding a key by its name, or by something close to it.
#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "config/keys.hpp"

namespace questclient::config {
namespace {

struct Alias {
  std::string_view name;
  std::string_view means;
};
constexpr std::array kAliases = {Alias{"user", "username"}, Alias{"pass", "password"},
                                 Alias{"auth_timeout", "auth_timeout_ms"}};

struct Unsupported {
  std::string_view name;
  std::string_view advice;
};

constexpr std::string_view kQwp = "it belongs to the protocol QWP: remove it";
constexpr std::array kUnsupported = {
    Unsupported{"bind_interface", "the system's routes choose the interface: remove it"},
    Unsupported{"tls_roots_password", "tls_roots names a PEM file, which has no password: remove it"},
    Unsupported{"retry_max_backoff_millis", "use reconnect_max_backoff_millis"},
    Unsupported{"transaction", kQwp},
    Unsupported{"failover", "senders and queries always walk the hosts of addr: remove it"},
    Unsupported{"failover_max_attempts", kQwp},
    Unsupported{"failover_backoff_initial_ms", kQwp},
    Unsupported{"failover_backoff_max_ms", kQwp},
    Unsupported{"failover_max_duration_ms", kQwp},
    Unsupported{"max_batch_rows", kQwp},
    Unsupported{"initial_credit", kQwp},
    Unsupported{"in_flight_window", "one request at a time is under way, and frames are joined: remove it"},
};

constexpr std::size_t kLongest = 64;  // no key is longer; bounds the work on garbage

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

// Levenshtein's distance, one row of the matrix at a time.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

const Key* find_key(std::string_view name) {
  for (const Alias& alias : kAliases) {
    if (alias.name == name) name = alias.means;
  }
  const std::span<const Key> all = keys();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Key& key) { return key.name == name; });
  return found == all.end() ? nullptr : &*found;
}

std::vector<std::string> aliases_of(const Key& key) {
  std::vector<std::string> names;
  for (const Alias& alias : kAliases)
    if (alias.means == key.name) names.emplace_back(alias.name);
  return names;
}

std::string_view nearest_key(std::string_view name) {
  const std::string start = in_lower_case(name.substr(0, kLongest));
  std::size_t least = std::max<std::size_t>(2, start.size() * 2 / 5) + 1;
  std::string_view nearest;
  for (const Key& key : keys()) {
    const std::size_t edits = distance(start, key.name);
    if (edits >= least) continue;
    least = edits;
    nearest = key.name;
  }
  return nearest;
}

bool resembles_key(std::string_view name) {
  if (find_key(name) != nullptr || !advice_for_unsupported(name).empty()) return true;
  const std::string_view nearest = nearest_key(name);
  return !nearest.empty() && distance(name.substr(0, 2 * kLongest), nearest) <= name.size() / 4;
}

std::string_view advice_for_unsupported(std::string_view name) {
  const auto found = std::find_if(kUnsupported.begin(), kUnsupported.end(),
                                  [&](const Unsupported& key) { return key.name == name; });
  return found == kUnsupported.end() ? std::string_view() : found->advice;
}

}  // namespace questclient::config
