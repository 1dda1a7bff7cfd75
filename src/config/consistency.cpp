#include "config/consistency.hpp"

#include <algorithm>

#include "config/values.hpp"

namespace questclient::config {
namespace {

constexpr std::uint64_t kMemoryQuota = std::uint64_t{128} << 20;
constexpr std::uint64_t kDiskQuota = std::uint64_t{10} << 30;
/// What a small flush takes of a slot on disk beside its bytes: whole pages, and a segment without rows.
constexpr std::uint64_t kBesideAFlush = std::uint64_t{50} << 10;

Fault http_credentials(const Options& options) {
  const bool has_user = !options.username.empty();
  const bool has_password = !options.password.empty();
  if (!options.token_x.empty() || !options.token_y.empty())
    return "token_x and token_y belong to tcp; remove them, a bearer token needs neither";
  if (!options.token.empty() && (has_user || has_password))
    return "token stands beside username or password; give either the token or both of the others";
  if (has_user && !has_password) return "username without password; give both";
  if (has_password && !has_user) return "password without username; give both";
  if (options.username.find(':') != std::string::npos)
    return "username holds ':', which HTTP basic authentication cannot send; use another user";
  return {};
}

Fault tcp_credentials(const Options& options) {
  if (!options.password.empty())
    return "password belongs to http; over tcp give username (the key's id) and token (the private key)";
  if (options.username.empty() != options.token.empty())
    return join({options.username.empty() ? "token without username" : "username without token",
                 "; over tcp give both: the key's id and the private key"});
  if (options.token_x.empty() != options.token_y.empty())
    return "token_x and token_y are the halves of one public key; give both or neither";
  if (!options.token_x.empty() && options.token.empty())
    return "token_x and token_y without token; the private key signs, so give token";
  return {};
}

Fault tcp_abilities(const Options& options) {
  if (!is_tcp(options.transport)) return {};
  if (options.request_compression == Compression::gzip)
    return "request_compression=gzip belongs to http; remove it, lines over tcp are not compressed";
  if (options.request_durable_ack == TrimAt::durable)
    return "request_durable_ack=on cannot be had over tcp, which has no acknowledgements; use http";
  return {};
}

Fault tls(const Options& options) {
  const bool unsafe = options.tls_verify == TlsVerify::unsafe_off;
  const bool roots = !options.tls_roots.empty();
  if (roots && unsafe)
    return "tls_roots stands beside tls_verify=unsafe_off, which checks no certificate; remove one of them";
  if (roots && options.tls_ca == TlsCa::os_roots)
    return "tls_roots stands beside tls_ca=os_roots, which does not read it; remove one of them";
  if (!roots && options.tls_ca == TlsCa::pem_file) return "tls_ca=pem_file needs the file; give tls_roots";
  if (is_tls(options.transport)) return {};
  if (unsafe || roots || options.tls_ca != TlsCa::automatic)
    return join({unsafe  ? "tls_verify"
                 : roots ? "tls_roots"
                         : "tls_ca",
                 " has no meaning without TLS; begin with ", is_tcp(options.transport) ? "tcps" : "https",
                 ":: or remove it"});
  return {};
}

Fault slot(const Options& options) {
  const bool has_key = !options.sf_key.empty();
  if (has_key && options.sf_key_provider) return "sf_key stands beside sf_key_provider; give the key once";
  if (!options.sf_dir.empty()) return {};
  const auto needs_disk = [](std::string_view what) {
    return join({what, " needs a disk; set sf_dir to a folder, or remove it"});
  };
  if (options.sf_durability != SlotDurability::memory) return needs_disk("sf_durability");
  if (has_key || options.sf_key_provider) return needs_disk("sf_key");
  if (options.drain_orphans) return needs_disk("drain_orphans");
  return {};
}

Fault sizes(const Options& options) {
  if (options.reconnect_initial_backoff_millis > options.reconnect_max_backoff_millis)
    return join({"reconnect_initial_backoff_millis=",
                 std::to_string(options.reconnect_initial_backoff_millis.count()),
                 " is above reconnect_max_backoff_millis=",
                 std::to_string(options.reconnect_max_backoff_millis.count()),
                 "; lower the first or raise the second"});
  if (options.auto_flush && options.auto_flush_bytes > options.max_buf_size)
    return join({"auto_flush_bytes=", std::to_string(options.auto_flush_bytes),
                 " is above max_buf_size=", std::to_string(options.max_buf_size),
                 ", so the buffer would be full first; lower auto_flush_bytes"});
  return {};
}

// An automatic flush is a row longer than auto_flush_bytes, and its row lengths stand beside it.
Fault quota(const Options& options) {
  const std::uint64_t flush = options.auto_flush ? options.auto_flush_bytes : 0;
  const std::uint64_t needed = flush + std::max(flush, kBesideAFlush);
  const std::uint64_t quota = slot_quota(options);
  if (flush == 0 || quota >= needed) return {};
  return join({"sf_max_total_bytes=", print_size(quota), options.sf_max_total_bytes ? "" : " (unset)",
               " has no room for a flush of auto_flush_bytes=", print_size(flush),
               "; raise the first to at least ", print_size(needed), " or lower the second"});
}

}  // namespace

std::uint64_t slot_quota(const Options& options) {
  return options.sf_max_total_bytes.value_or(options.sf_dir.empty() ? kMemoryQuota : kDiskQuota);
}

Fault contradiction(const Options& options) {
  if (Fault fault = is_tcp(options.transport) ? tcp_credentials(options) : http_credentials(options);
      !fault.empty())
    return fault;
  for (const auto check : {tcp_abilities, tls, slot, sizes, quota}) {
    if (Fault fault = check(options); !fault.empty()) return fault;
  }
  return {};
}

Fault without_effect(const Options& options, std::span<const Key* const> given) {
  const auto is_given = [&](std::string_view name) {
    return std::any_of(given.begin(), given.end(), [&](const Key* key) { return key->name == name; });
  };
  for (const std::string_view name : {"auto_flush_rows", "auto_flush_bytes", "auto_flush_interval"}) {
    const bool asks = is_given(name) && find_key(name)->print(options) != "0";
    if (asks && !options.auto_flush)
      return join({name, " stands beside auto_flush=off, which turns it off; remove one of them"});
  }
  if (is_given("init_buf_size") && options.init_buf_size > options.max_buf_size)
    return join({"init_buf_size=", print_size(options.init_buf_size),
                 " is above max_buf_size=", print_size(options.max_buf_size),
                 ", which the buffer never exceeds; lower the first or raise the second"});
  if (is_given("sf_sync_interval_millis") && options.sf_durability != SlotDurability::periodic)
    return "sf_sync_interval_millis belongs to sf_durability=periodic; set that or remove it";
  return {};
}

}  // namespace questclient::config
