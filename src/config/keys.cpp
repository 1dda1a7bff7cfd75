#include "config/keys.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <type_traits>
#include <utility>

#include "config/values.hpp"

namespace questclient::config {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kGiB = 1024 * kMiB;
constexpr std::uint64_t kTiB = 1024 * kGiB;
constexpr std::uint64_t kHourMillis = 3'600'000;

Fault expected(const Key& key) {
  return join({"is not ", key.expects});
}

// --- numbers: counts, sizes, durations -------------------------------------------------------------------

template <class Number>
std::optional<std::uint64_t> as_number(const Number& value) {
  if constexpr (std::is_same_v<Number, milliseconds>) {
    if (value.count() < 0) return std::nullopt;
    return static_cast<std::uint64_t>(value.count());
  } else {
    return value;
  }
}

template <class Number>
Number from_number(std::uint64_t value) {
  if constexpr (std::is_same_v<Number, milliseconds>) {
    return milliseconds(static_cast<milliseconds::rep>(value));
  } else if constexpr (std::is_same_v<Number, std::optional<std::uint64_t>>) {
    return value;
  } else {
    return static_cast<Number>(value);
  }
}

bool in_range(const Key& key, std::uint64_t value) {
  return (key.may_be_absent && value == 0) || (value >= key.least && value <= key.most);
}

template <auto Member, bool kIsSize>
Fault parse_number(const Key& key, Options& options, std::string_view text) {
  using Number = std::remove_cvref_t<decltype(options.*Member)>;
  auto value = kIsSize ? parse_size(text) : parse_count(text);
  if (key.may_be_absent && text == "off") value = 0;
  if (!value || !in_range(key, *value)) return expected(key);
  options.*Member = from_number<Number>(*value);
  return {};
}

template <auto Member, bool kIsSize>
std::string print_number(const Options& options) {
  const auto value = as_number(options.*Member);
  if (!value) return {};
  return kIsSize ? print_size(*value) : std::to_string(*value);
}

template <auto Member>
Fault check_number(const Key& key, const Options& options) {
  using Number = std::remove_cvref_t<decltype(options.*Member)>;
  const auto value = as_number(options.*Member);
  if (!value) return std::is_same_v<Number, milliseconds> ? expected(key) : Fault();
  return in_range(key, *value) ? Fault() : expected(key);
}

template <auto Member, bool kIsSize = false>
constexpr Key number(std::string_view name, std::uint64_t least, std::uint64_t most, std::string_view expects,
                     std::string_view meaning) {
  return {.name = name,
          .meaning = meaning,
          .expects = expects,
          .least = least,
          .most = most,
          .parse = parse_number<Member, kIsSize>,
          .print = print_number<Member, kIsSize>,
          .check = check_number<Member>};
}

template <auto Member>
constexpr Key size(std::string_view name, std::uint64_t least, std::uint64_t most, std::string_view expects,
                   std::string_view meaning) {
  return number<Member, true>(name, least, most, expects, meaning);
}

constexpr Key or_off(Key key) {
  key.may_be_absent = true;
  return key;
}

// --- text ------------------------------------------------------------------------------------------------

template <std::string Options::*Member>
Fault check_text(const Key&, const Options& options) {
  const std::string& text = options.*Member;
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return std::any_of(text.begin(), text.end(), is_control) ? "holds a control character" : Fault();
}

template <std::string Options::*Member>
Fault parse_text(const Key& key, Options& options, std::string_view text) {
  options.*Member = text;
  return key.check(key, options);
}

template <std::string Options::*Member>
std::string print_text(const Options& options) {
  return options.*Member;
}

template <std::string Options::*Member>
constexpr Key text(std::string_view name, std::string_view meaning, bool is_secret = false) {
  return {.name = name,
          .meaning = meaning,
          .expects = "text",
          .is_secret = is_secret,
          .parse = parse_text<Member>,
          .print = print_text<Member>,
          .check = check_text<Member>};
}

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

// --- choices ---------------------------------------------------------------------------------------------

template <auto Member>
using ValueOf = std::remove_cvref_t<decltype(std::declval<Options>().*Member)>;

template <auto Member>
struct Choices;

template <>
struct Choices<&Options::auto_flush> {
  static constexpr std::array<std::pair<std::string_view, bool>, 2> kAll = {{{"on", true}, {"off", false}}};
};
template <>
struct Choices<&Options::sf_durability> {
  static constexpr std::array<std::pair<std::string_view, SlotDurability>, 2> kAll = {
      {{"memory", SlotDurability::memory}, {"flush", SlotDurability::flush}}};
};
template <>
struct Choices<&Options::request_durable_ack> {
  static constexpr std::array<std::pair<std::string_view, TrimAt>, 3> kAll = {
      {{"auto", TrimAt::automatic}, {"on", TrimAt::durable}, {"off", TrimAt::committed}}};
};
template <>
struct Choices<&Options::protocol_version> {
  static constexpr std::array<std::pair<std::string_view, std::optional<int>>, 3> kAll = {
      {{"auto", std::nullopt}, {"1", 1}, {"2", 2}}};
};

template <auto Member>
Fault parse_choice(const Key& key, Options& options, std::string_view text) {
  for (const auto& [word, value] : Choices<Member>::kAll) {
    if (word != text) continue;
    options.*Member = value;
    return {};
  }
  return expected(key);
}

template <auto Member>
std::string print_choice(const Options& options) {
  for (const auto& [word, value] : Choices<Member>::kAll) {
    if (value == options.*Member) return std::string(word);
  }
  return {};
}

template <auto Member>
Fault check_choice(const Key& key, const Options& options) {
  return print_choice<Member>(options).empty() ? expected(key) : Fault();
}

template <auto Member>
constexpr Key choice(std::string_view name, std::string_view expects, std::string_view meaning) {
  return {.name = name,
          .meaning = meaning,
          .expects = expects,
          .parse = parse_choice<Member>,
          .print = print_choice<Member>,
          .check = check_choice<Member>};
}

// Values that QuestDB's clients take and this version does not, told apart from spelling mistakes.
Fault parse_durability(const Key& key, Options& options, std::string_view text) {
  if (text == "periodic" || text == "append") {
    return "is known to QuestDB's clients and not supported by this version; use flush, which syncs before "
           "flush() returns, or memory";
  }
  return parse_choice<&Options::sf_durability>(key, options, text);
}

Fault parse_version(const Key& key, Options& options, std::string_view text) {
  if (text == "3") return "is not supported by this version; use auto, 1 or 2";
  return parse_choice<&Options::protocol_version>(key, options, text);
}

constexpr Key with_parse(Key key, Fault (*parse)(const Key&, Options&, std::string_view)) {
  key.parse = parse;
  return key;
}

// --- addr ------------------------------------------------------------------------------------------------

Fault parse_addr(const Key&, Options& options, std::string_view list) {
  for (;;) {
    const std::size_t comma = std::min(list.find(','), list.size());
    Address address;
    const std::string_view one = list.substr(0, comma);
    const Fault fault = parse_address(one, address);
    if (!fault.empty()) return one.empty() ? fault : join({"is refused: \"", one, "\" ", fault});
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

// --- the table -------------------------------------------------------------------------------------------

constexpr std::string_view kMillis = "a whole number of milliseconds from 1 to 3600000";
constexpr std::string_view kMillisOrZero = "a whole number of milliseconds from 0 to 3600000";

constexpr std::array kKeys = {
    addr_key(),
    text<&Options::username>("username", "User of HTTP basic authentication; alias user"),
    text<&Options::password>("password", "Its password; alias pass", true),
    text<&Options::token>("token", "Bearer token; instead of username and password", true),
    number<&Options::connect_timeout>("connect_timeout", 1, kHourMillis, kMillis, "One attempt at one host"),
    number<&Options::request_timeout>("request_timeout", 1, kHourMillis, kMillis,
                                      "Base of a request's time limit"),
    size<&Options::request_min_throughput>(
        "request_min_throughput", 0, kTiB, "a size from 0 to 1t",
        "Bytes per second: a body's size divided by it is added to request_timeout; 0: nothing is added"),
    number<&Options::max_name_len>("max_name_len", 16, 32767, "a whole number from 16 to 32767",
                                   "Longest table or column name in UTF-16 units"),
    size<&Options::init_buf_size>("init_buf_size", 0, kGiB / 2, "a size from 0 to 512m",
                                  "Bytes that a row buffer reserves at the start"),
    size<&Options::max_buf_size>("max_buf_size", kKiB, kGiB / 2, "a size from 1k to 512m",
                                 "Bytes that a row buffer holds at most"),
    with_parse(
        choice<&Options::protocol_version>("protocol_version", "auto, 1 or 2",
                                           "Version of the line protocol; auto: 2 where the server takes it"),
        parse_version),
    choice<&Options::auto_flush>("auto_flush", "on or off", "off: only flush() and close() flush"),
    or_off(number<&Options::auto_flush_rows>("auto_flush_rows", 1, 100'000'000,
                                             "a whole number from 1 to 100000000, or off",
                                             "Flush when so many rows are buffered")),
    or_off(size<&Options::auto_flush_bytes>("auto_flush_bytes", 1, kGiB / 2, "a size from 1 to 512m, or off",
                                            "Flush when so many bytes are buffered")),
    text<&Options::sf_dir>("sf_dir", "Folder of slots; unset: rows are buffered in memory only"),
    sender_id_key(),
    size<&Options::sf_max_segment_bytes>("sf_max_segment_bytes", 64 * kKiB, 16 * kGiB,
                                         "a size from 64k to 16g",
                                         "Size at which the slot begins a new file"),
    size<&Options::sf_max_total_bytes>("sf_max_total_bytes", 64 * kKiB, 1024 * kTiB,
                                       "a size from 64k to 1024t",
                                       "Quota of the slot; unset: 128m in memory, 10g on disk"),
    with_parse(
        choice<&Options::sf_durability>("sf_durability", "memory or flush",
                                        "What survives once flush() has returned: memory: the process, "
                                        "flush: a power cut too"),
        parse_durability),
    number<&Options::sf_append_deadline_millis>("sf_append_deadline_millis", 0, 24 * kHourMillis,
                                                "a whole number of milliseconds from 0 to 86400000",
                                                "How long flush() waits for room in the slot; 0: not at all"),
    number<&Options::reconnect_initial_backoff_millis>("reconnect_initial_backoff_millis", 1, kHourMillis,
                                                       kMillis,
                                                       "Pause after the first round without a usable host"),
    number<&Options::reconnect_max_backoff_millis>("reconnect_max_backoff_millis", 1, kHourMillis, kMillis,
                                                   "Longest such pause"),
    number<&Options::close_flush_timeout_millis>("close_flush_timeout_millis", 0, kHourMillis, kMillisOrZero,
                                                 "How long close() waits for acknowledgement; 0: not at all"),
    choice<&Options::request_durable_ack>(
        "request_durable_ack", "auto, on or off",
        "When a frame leaves the slot: on: durable, off: committed, auto: durable "
        "where the server offers it"),
    number<&Options::durable_ack_keepalive_interval_millis>(
        "durable_ack_keepalive_interval_millis", 1, kHourMillis, kMillis,
        "How often an idle sender asks what has become durable"),
};

}  // namespace

std::span<const Key> keys() {
  return kKeys;
}

}  // namespace questclient::config
