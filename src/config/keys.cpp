#include "config/keys.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "config/key_kinds.hpp"
#include "config/shown_value.hpp"

namespace questclient::config {
namespace {

// The sender's id is the name of a folder below sf_dir.
Fault check_sender_id(const Key& key, const Options& options) {
  const std::string& id = options.sender_id;
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.';
  };
  const bool fits = !id.empty() && id.size() <= 128 && id.front() != '.';
  return fits && std::all_of(id.begin(), id.end(), allowed) ? Fault() : expected(key);
}

constexpr Key sender_id_key() {
  Key key =
      text<&Options::sender_id>("sender_id", "The slot's name below sf_dir; one sender at a time uses it");
  key.expects = "1 to 128 letters, digits, '-', '_' or '.', not beginning with '.'";
  key.check = check_sender_id;
  return key;
}

// --- sf_key ----------------------------------------------------------------------------------------------

Fault check_sf_key(const Key& key, const Options& options) {
  if (is_slot_key(options.sf_key))
    return "is a key and not the name of its file; write the key into a file that only you can read, and "
           "name "
           "that";
  return check_text<&Options::sf_key>(key, options);
}

std::string print_sf_key(const Options& options) {
  return is_slot_key(options.sf_key) ? shown_value(options.sf_key) : options.sf_key;
}

constexpr Key sf_key_key() {
  Key key = text<&Options::sf_key>(
      "sf_key", "File with the key (32 bytes, or 64 hexadecimal digits) that encrypts the slot");
  key.print = print_sf_key;
  key.check = check_sf_key;
  return key;
}

// --- addr ------------------------------------------------------------------------------------------------

constexpr std::uint16_t kHttpPort = 9000;
constexpr std::uint16_t kTcpPort = 9009;

Fault parse_addr(const Key&, Options& options, std::string_view list) {
  if (list.find('@') != std::string_view::npos)
    return "holds '@', which no host has; give a user as username and password, or token, beside addr";
  for (;;) {
    const std::size_t comma = std::min(list.find(','), list.size());
    Address address;
    const std::string_view one = list.substr(0, comma);
    const Fault fault = parse_address(one, is_tcp(options.transport) ? kTcpPort : kHttpPort, address);
    if (!fault.empty()) return one.empty() ? fault : join({"is refused: \"", shown_value(one), "\" ", fault});
    options.addr.push_back(std::move(address));
    if (const Address* twice = find_duplicate(options.addr)) {
      return join({"names ", twice->to_string(), " twice; name each host once"});
    }
    if (comma == list.size()) return {};
    list.remove_prefix(comma + 1);
  }
}

std::string print_addr(const Options& options) {
  std::string list;
  for (const Address& address : options.addr) {
    if (!list.empty()) list += ',';
    list += address.to_string();
  }
  return list;
}

Fault check_addr(const Key&, const Options& options) {
  if (options.addr.empty()) return "is missing; name at least one host, as in addr=localhost:9000";
  for (const Address& address : options.addr) {
    if (Fault fault = check_address(address); !fault.empty()) return fault;
  }
  const Address* twice = find_duplicate(options.addr);
  return twice == nullptr ? Fault() : join({"names ", twice->to_string(), " twice; name each host once"});
}

constexpr Key addr_key() {
  return {.name = "addr",
          .meaning = "Hosts, walked in this order; a comma list, or the key repeated",
          .expects = "host, host:port or [ipv6]:port",
          .parse = parse_addr,
          .print = print_addr,
          .check = check_addr};
}

// --- words -----------------------------------------------------------------------------------------------

constexpr Words<bool, 2> kOnOff = {{{"on", true}, {"off", false}}};
constexpr Words<Target, 3> kTargets = {
    {{"any", Target::any}, {"primary", Target::primary}, {"replica", Target::replica}}};
constexpr Words<TlsVerify, 2> kTlsVerify = {{{"on", TlsVerify::on}, {"unsafe_off", TlsVerify::unsafe_off}}};
// This library brings no roots of its own, so the words of clients that do mean the system's.
constexpr Words<TlsCa, 5> kTlsCa = {{{"auto", TlsCa::automatic},
                                     {"os_roots", TlsCa::os_roots},
                                     {"pem_file", TlsCa::pem_file},
                                     {"webpki_roots", TlsCa::os_roots},
                                     {"webpki_and_os_roots", TlsCa::os_roots}}};
constexpr Words<Compression, 2> kCompression = {{{"off", Compression::off}, {"gzip", Compression::gzip}}};
constexpr Words<std::optional<int>, 4> kVersions = {{{"auto", std::nullopt}, {"1", 1}, {"2", 2}, {"3", 3}}};
constexpr Words<SlotDurability, 4> kDurability = {{{"memory", SlotDurability::memory},
                                                   {"periodic", SlotDurability::periodic},
                                                   {"flush", SlotDurability::flush},
                                                   {"append", SlotDurability::append}}};
constexpr Words<SlotOverflow, 2> kOverflow = {
    {{"wait", SlotOverflow::wait}, {"drop_oldest", SlotOverflow::drop_oldest}}};
constexpr Words<ConnectRetry, 3> kConnectRetry = {
    {{"async", ConnectRetry::async}, {"off", ConnectRetry::off}, {"on", ConnectRetry::on}}};
constexpr Words<TrimAt, 3> kTrimAt = {
    {{"auto", TrimAt::automatic}, {"on", TrimAt::durable}, {"off", TrimAt::committed}}};
constexpr Words<ErrorPolicy, 3> kRowPolicy = {
    {{"dead_letter", ErrorPolicy::dead_letter}, {"halt", ErrorPolicy::halt}, {"drop", ErrorPolicy::drop}}};
constexpr Words<ErrorPolicy, 2> kSecurityPolicy = {
    {{"halt", ErrorPolicy::halt}, {"retry", ErrorPolicy::retry}}};
constexpr Words<ErrorPolicy, 5> kServerPolicy = {{{"isolate", ErrorPolicy::isolate},
                                                  {"retry", ErrorPolicy::retry},
                                                  {"dead_letter", ErrorPolicy::dead_letter},
                                                  {"halt", ErrorPolicy::halt},
                                                  {"drop", ErrorPolicy::drop}}};

// --- the table -------------------------------------------------------------------------------------------

constexpr std::string_view kMillis = "a whole number of milliseconds from 1 to 3600000";
constexpr std::string_view kMillisOrZero = "a whole number of milliseconds from 0 to 3600000";
constexpr std::string_view kRowPolicies = "dead_letter, halt or drop";
constexpr std::string_view kServerPolicies = "isolate, retry, dead_letter, halt or drop";

template <std::size_t kCount>
constexpr std::array<Key, kCount> group(std::string_view name, std::array<Key, kCount> keys) {
  for (Key& key : keys) key.group = name;
  return keys;
}

template <std::size_t... kCounts>
constexpr auto joined(const std::array<Key, kCounts>&... groups) {
  std::array<Key, (kCounts + ...)> all{};
  std::size_t at = 0;
  const auto append = [&](const auto& keys) {
    for (const Key& key : keys) all[at++] = key;
  };
  (append(groups), ...);
  return all;
}

constexpr auto kHosts = group(
    "hosts", std::array{
                 addr_key(),
                 text<&Options::zone>("zone", "Zone of this process; queries prefer hosts of the same zone"),
                 choice<&Options::target, kTargets>("target", "any, primary or replica",
                                                    "Queries only: the role of the hosts that may answer"),
                 number<&Options::connect_timeout>("connect_timeout", 1, kHourMillis, kMillis,
                                                   "One attempt at one host, TLS handshake included"),
             });

constexpr auto kSecurity = group(
    "authentication and TLS",
    std::array{
        text<&Options::username>("username",
                                 "HTTP: user of basic authentication; TCP: id of the key; alias user"),
        text<&Options::password>("password", "Its password, over HTTP; alias pass", true),
        text<&Options::token>("token", "HTTP: bearer token; TCP: the private key, base64url", true),
        text<&Options::token_x>("token_x", "TCP: the public key, which is then checked against the token"),
        text<&Options::token_y>("token_y", "TCP: its other half"),
        number<&Options::auth_timeout_ms>("auth_timeout_ms", 1, kHourMillis, kMillis,
                                          "TCP: the challenge and its answer; alias auth_timeout"),
        choice<&Options::tls_verify, kTlsVerify>(
            "tls_verify", "on or unsafe_off",
            "unsafe_off: any certificate is taken, so anybody in between can read and change the rows"),
        choice<&Options::tls_ca, kTlsCa>(
            "tls_ca", "auto, os_roots or pem_file",
            "Trusted roots: the system's, or tls_roots alone; auto: tls_roots where it is set"),
        text<&Options::tls_roots>("tls_roots", "PEM file of trusted roots, for a private CA"),
    });

constexpr auto kIlp = group(
    "ILP",
    std::array{
        choice<&Options::protocol_version, kVersions>("protocol_version", "auto, 1, 2 or 3",
                                                      "Version of the line protocol; auto: over HTTP 3, or 1 "
                                                      "for a host that reads only that; 1 over TCP, "
                                                      "which does not negotiate"),
        number<&Options::request_timeout>("request_timeout", 1, kHourMillis, kMillis,
                                          "Base of a request's time limit"),
        size<&Options::request_min_throughput>(
            "request_min_throughput", 0, kTiB, "a size from 0 to 1t",
            "Bytes per second: a body's size divided by it is added to request_timeout; 0: nothing is added"),
        number<&Options::retry_timeout>("retry_timeout", 0, kHourMillis, kMillisOrZero,
                                        "How long flush_and_wait() waits; rows are retried as long as they "
                                        "are in the slot, whatever this says"),
        choice<&Options::request_compression, kCompression>("request_compression", "off or gzip",
                                                            "Compression of request bodies"),
        number<&Options::max_name_len>("max_name_len", 16, 32767, "a whole number from 16 to 32767",
                                       "Longest table or column name in UTF-16 units"),
        size<&Options::init_buf_size>("init_buf_size", 0, kGiB / 2, "a size from 0 to 512m",
                                      "Bytes that a row buffer reserves at the start"),
        size<&Options::max_buf_size>("max_buf_size", kKiB, kGiB / 2, "a size from 1k to 512m",
                                     "Bytes that a row buffer holds at most"),
    });

constexpr auto kAutoFlush = group(
    "automatic flush",
    std::array{
        choice<&Options::auto_flush, kOnOff>("auto_flush", "on or off",
                                             "off: only flush() and close() flush"),
        or_off(number<&Options::auto_flush_rows>("auto_flush_rows", 1, 100'000'000,
                                                 "a whole number from 1 to 100000000, or off",
                                                 "Flush when so many rows are buffered")),
        or_off(size<&Options::auto_flush_bytes>("auto_flush_bytes", 1, kGiB / 2,
                                                "a size from 1 to 512m, or off",
                                                "Flush when so many bytes are buffered")),
        or_off(number<&Options::auto_flush_interval>(
            "auto_flush_interval", 1, kHourMillis, "a whole number of milliseconds from 1 to 3600000, or off",
            "Flush when the oldest buffered row is so old, whether or not another row comes")),
    });

constexpr auto kBuffer = group(
    "buffer",
    std::array{
        text<&Options::sf_dir>("sf_dir", "Folder of slots; unset: rows are buffered in memory only"),
        sender_id_key(),
        size<&Options::sf_max_segment_bytes>("sf_max_segment_bytes", 64 * kKiB, 16 * kGiB,
                                             "a size from 64k to 16g",
                                             "Size at which the slot begins a new file"),
        size<&Options::sf_max_total_bytes>("sf_max_total_bytes", 64 * kKiB, 1024 * kTiB,
                                           "a size from 64k to 1024t",
                                           "Quota of the slot; unset: 128m in memory, 10g on disk"),
        size<&Options::sf_max_memory_bytes>(
            "sf_max_memory_bytes", 64 * kKiB, 16 * kGiB, "a size from 64k to 16g",
            "Memory in front of the disk: the newest rows stay in it and need not be read back while they "
            "wait "
            "for a server; as much again waits for the disk after flush_async"),
        size<&Options::sf_max_dead_letter_bytes>(
            "sf_max_dead_letter_bytes", 64 * kKiB, 1024 * kTiB, "a size from 64k to 1024t",
            "Quota of the dead letters beside it; when they are full, sending holds until some are exported "
            "and dropped"),
        choice<&Options::sf_durability, kDurability>(
            "sf_durability", "memory, periodic, flush or append",
            "What survives beside the process: memory: nothing more; periodic: a power cut, but for the last "
            "sf_sync_interval_millis; flush: a power cut, once flush() has returned; append: every frame, "
            "automatic flushes too"),
        number<&Options::sf_sync_interval_millis>("sf_sync_interval_millis", 1, kHourMillis, kMillis,
                                                  "Pause between two syncs of sf_durability=periodic"),
        number<&Options::sf_append_deadline_millis>("sf_append_deadline_millis", 0, 24 * kHourMillis,
                                                    "a whole number of milliseconds from 0 to 86400000",
                                                    "How long flush() waits for room in the slot; 0: not at "
                                                    "all"),
        choice<&Options::sf_overflow, kOverflow>(
            "sf_overflow", "wait or drop_oldest",
            "At the quota: flush() waits, or the oldest rows are LOST, counted and reported"),
        sf_key_key(),
        or_off(size<&Options::drain_rate>("drain_rate", kKiB, kTiB, "a size from 1k to 1t, or off",
                                          "Bytes per second at which a backlog is sent, to leave room for "
                                          "others; off: as fast as it goes")),
        choice<&Options::drain_orphans, kOnOff>(
            "drain_orphans", "on or off", "Send also what other, ended senders left in slots below sf_dir"),
        number<&Options::max_background_drainers>("max_background_drainers", 1, 64,
                                                  "a whole number from 1 to 64",
                                                  "How many such slots are sent at the same time"),
    });

constexpr auto kReconnect = group(
    "reconnect",
    std::array{
        number<&Options::reconnect_initial_backoff_millis>(
            "reconnect_initial_backoff_millis", 1, kHourMillis, kMillis,
            "Pause after the first round without a usable host"),
        number<&Options::reconnect_max_backoff_millis>("reconnect_max_backoff_millis", 1, kHourMillis,
                                                       kMillis, "Longest such pause"),
        number<&Options::reconnect_max_duration_millis>(
            "reconnect_max_duration_millis", 0, 24 * kHourMillis,
            "a whole number of milliseconds from 0 to 86400000",
            "How long opening a sender tries with initial_connect_retry=on; a running sender never gives up"),
        choice<&Options::initial_connect_retry, kConnectRetry>(
            "initial_connect_retry", "async, off or on",
            "Opening a sender: async: waits for no host; off: tries each host once; on: tries for "
            "reconnect_max_duration_millis"),
        number<&Options::close_flush_timeout_millis>(
            "close_flush_timeout_millis", 0, kHourMillis, kMillisOrZero,
            "How long close() waits for acknowledgement; 0: not at all"),
    });

constexpr auto kErrors =
    group("acknowledgements and errors",
          std::array{
              choice<&Options::request_durable_ack, kTrimAt>(
                  "request_durable_ack", "auto, on or off",
                  "When a frame leaves the slot: on: durable, off: committed, auto: durable "
                  "where the server offers it"),
              number<&Options::durable_ack_keepalive_interval_millis>(
                  "durable_ack_keepalive_interval_millis", 1, kHourMillis, kMillis,
                  "How often an idle sender asks what has become durable"),
              or_off(number<&Options::error_inbox_capacity>(
                  "error_inbox_capacity", 1, 1'000'000, "a whole number from 1 to 1000000, or off",
                  "Events kept for poll_events(); more drop the oldest, which is counted")),
              choice<&Options::on_schema_error, kRowPolicy>("on_schema_error", kRowPolicies,
                                                            "400: a value does not fit its column"),
              choice<&Options::on_parse_error, kRowPolicy>("on_parse_error", kRowPolicies,
                                                           "400: the server cannot read the row"),
              choice<&Options::on_write_error, kRowPolicy>("on_write_error", kRowPolicies,
                                                           "400 for another reason, or 413 on a single row"),
              choice<&Options::on_security_error, kSecurityPolicy>("on_security_error", "halt or retry",
                                                                   "401 or 403; a token handler resumes it"),
              choice<&Options::on_internal_error, kServerPolicy>(
                  "on_internal_error", kServerPolicies,
                  "500, or a connection closed instead of an answer, again and again for the same rows; "
                  "retry: for ever, the others after max_frame_rejections; isolate: dead_letter, but only "
                  "while the server takes other rows, else retry"),
              choice<&Options::on_server_error, kServerPolicy>(
                  "on_server_error", kServerPolicies, "Another 5xx again and again for the same rows"),
              number<&Options::max_frame_rejections>(
                  "max_frame_rejections", 1, 1'000'000, "a whole number from 1 to 1000000",
                  "Refusals of the same rows before on_internal_error and on_server_error apply"),
              number<&Options::poison_min_escalation_window_millis>(
                  "poison_min_escalation_window_millis", 0, kHourMillis, kMillisOrZero,
                  "How long those refusals must have gone on"),
          });

constexpr auto kKeys = joined(kHosts, kSecurity, kIlp, kAutoFlush, kBuffer, kReconnect, kErrors);

}  // namespace

std::span<const Key> keys() {
  return kKeys;
}

}  // namespace questclient::config
