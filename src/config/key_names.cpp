// Finding a key by its name, or by something close to it.
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "config/keys.hpp"

namespace questclient::config {
namespace {

struct Alias {
  std::string_view name;
  std::string_view means;
};
constexpr std::array kAliases = {Alias{"user", "username"}, Alias{"pass", "password"}};

struct Unsupported {
  std::string_view name;
  std::string_view advice;
};

constexpr std::string_view kRemove = "remove it";
constexpr std::string_view kNoTls = "this version speaks http only: remove it, or end TLS in a proxy";
constexpr std::string_view kRejected = "rejected rows go to the dead letters: remove it";
constexpr std::array kUnsupported = {
    Unsupported{"zone", kRemove},
    Unsupported{"target", kRemove},
    Unsupported{"auth_timeout_ms", "use connect_timeout and request_timeout"},
    Unsupported{"auth_timeout", "use connect_timeout and request_timeout"},
    Unsupported{"token_x", "it belongs to tcp, and this version speaks http only: remove it"},
    Unsupported{"token_y", "it belongs to tcp, and this version speaks http only: remove it"},
    Unsupported{"bind_interface", kRemove},
    Unsupported{"tls_verify", kNoTls},
    Unsupported{"tls_roots", kNoTls},
    Unsupported{"tls_roots_password", kNoTls},
    Unsupported{"tls_ca", kNoTls},
    Unsupported{"retry_timeout", "the sender retries for as long as rows are in the slot: remove it"},
    Unsupported{"retry_max_backoff_millis", "use reconnect_max_backoff_millis"},
    Unsupported{"request_compression", kRemove},
    Unsupported{"auto_flush_interval", "call flush() at the interval"},
    Unsupported{"sf_sync_interval_millis", "use sf_durability=flush to sync at each flush"},
    Unsupported{"drain_orphans", kRemove},
    Unsupported{"max_background_drainers", kRemove},
    Unsupported{"reconnect_max_duration_millis", "opening a sender does not wait for a host: remove it"},
    Unsupported{"initial_connect_retry", "opening a sender does not wait for a host: remove it"},
    Unsupported{"error_inbox_capacity", "give the sender an event handler"},
    Unsupported{"on_schema_error", kRejected},
    Unsupported{"on_parse_error", kRejected},
    Unsupported{"on_internal_error", kRejected},
    Unsupported{"on_security_error", kRejected},
    Unsupported{"on_write_error", kRejected},
    Unsupported{"on_server_error", kRejected},
    Unsupported{"max_frame_rejections", kRejected},
    Unsupported{"poison_min_escalation_window_millis", kRejected},
};

constexpr std::size_t kLongest = 64;  // no key is longer; bounds the work on garbage

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

std::string_view nearest_key(std::string_view name) {
  const std::string_view start = name.substr(0, kLongest);
  const std::span<const Key> all = keys();
  const auto nearest = std::min_element(all.begin(), all.end(), [&](const Key& a, const Key& b) {
    return distance(start, a.name) < distance(start, b.name);
  });
  return nearest->name;
}

bool resembles_key(std::string_view name) {
  if (find_key(name) != nullptr || !advice_for_unsupported(name).empty()) return true;
  return distance(name.substr(0, 2 * kLongest), nearest_key(name)) <= name.size() / 4;
}

std::string_view advice_for_unsupported(std::string_view name) {
  const auto found = std::find_if(kUnsupported.begin(), kUnsupported.end(),
                                  [&](const Unsupported& key) { return key.name == name; });
  return found == kUnsupported.end() ? std::string_view() : found->advice;
}

}  // namespace questclient::config
