#include "node/config.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace questnode::node {
namespace {

using Setter = void (*)(Config&, std::string_view);

/// One key: everything that is known about it.
struct Key {
  std::string_view name;
  std::string_view fallback;
  std::string_view meaning;
  Setter set;
};

[[noreturn]] void wrong(std::string_view expected) {
  throw ConfigError(std::string(expected));
}

std::uint64_t whole_number(std::string_view text, std::uint64_t lowest, std::uint64_t highest) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < lowest || value > highest) {
    wrong("a whole number from " + std::to_string(lowest) + " to " + std::to_string(highest));
  }
  return value;
}

std::uint64_t size(std::string_view text) {
  constexpr std::uint64_t kLargest = std::uint64_t{1} << 40;
  std::uint64_t factor = 1;
  const std::string_view units = "kmg";
  if (!text.empty()) {
    const char last = static_cast<char>(text.back() | 0x20);
    if (const auto at = units.find(last); at != std::string_view::npos) {
      factor = std::uint64_t{1} << (10 * (at + 1));
      text.remove_suffix(1);
    }
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0 || value > kLargest / factor) {
    wrong("a size such as 65536, 64k, 64m or 1g, at most 1024g");
  }
  return value * factor;
}

std::chrono::milliseconds milliseconds(std::string_view text) {
  std::uint64_t factor = 1;
  if (text.ends_with("ms")) {
    text.remove_suffix(2);
  } else if (text.ends_with('s')) {
    factor = 1000;
    text.remove_suffix(1);
  }
  return std::chrono::milliseconds(whole_number(text, 0, 86'400'000) * factor);
}

void set_name(Config& config, std::string_view value) {
  const bool plain = std::all_of(value.begin(), value.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
  if (value.empty() || value.size() > 64 || !plain) wrong("1 to 64 letters, digits, '-', '_' or '.'");
  config.name = value;
}

std::pair<std::string, std::uint16_t> bind_address(std::string_view value) {
  auto address = parse_address(value);
  if (!address) wrong("an address and a port such as 127.0.0.1:9000; port 0 takes any free one");
  return *std::move(address);
}

bool boolean(std::string_view text) {
  if (text != "true" && text != "false") wrong("true or false");
  return text == "true";
}

void set_advertised(Config& config, std::string_view value) {
  if (!value.empty() && !parse_address(value)) wrong("host:port, where clients reach this node");
  config.advertised_address = value;
}

void set_role(Config& config, std::string_view value) {
  if (value == "none") {
    config.role = ConfiguredRole::none;
  } else if (value == "primary") {
    config.role = ConfiguredRole::primary;
  } else if (value == "replica") {
    config.role = ConfiguredRole::replica;
  } else {
    wrong("none, primary or replica");
  }
}

void set_commit_mode(Config& config, std::string_view value) {
  if (value == "sync") {
    config.commit_mode = CommitMode::sync;
  } else if (value == "async") {
    config.commit_mode = CommitMode::async;
  } else if (value == "nosync") {
    config.commit_mode = CommitMode::nosync;
  } else {
    wrong("sync, async or nosync");
  }
}

constexpr Key kKeys[] = {
    {"questnode.name", "node", "Name of this node in the cluster; unique, kept for ever.", set_name},
    {"questnode.advertised.address", "",
     "host:port where clients reach this node; empty: the address of http.bind.to.", set_advertised},
    {"http.bind.to", "127.0.0.1:9000", "Address and port of the HTTP server; port 0 takes any free one.",
     [](Config& c, std::string_view v) { std::tie(c.http_address, c.http_port) = bind_address(v); }},
    {"http.worker.count", "2", "Threads that read and parse requests.",
     [](Config& c, std::string_view v) { c.http_threads = static_cast<int>(whole_number(v, 1, 64)); }},
    {"http.net.connection.limit", "256", "Connections at a time; more are answered 429.",
     [](Config& c, std::string_view v) { c.max_connections = whole_number(v, 1, 65'536); }},
    {"http.request.header.buffer.size", "64k", "Longest request header; a longer one is answered 431.",
     [](Config& c, std::string_view v) { c.max_header_bytes = std::min<std::uint64_t>(size(v), 1 << 20); }},
    {"line.http.max.recv.buffer.size", "128m", "Longest request body; a longer one is answered 413.",
     [](Config& c, std::string_view v) { c.max_body_bytes = size(v); }},
    {"questnode.requests.max.bytes", "512m",
     "What all requests and answers hold at a time, parsed rows included; beyond: 503.",
     [](Config& c, std::string_view v) { c.max_buffered_bytes = size(v); }},
    {"tls.enabled", "false", "TLS 1.2 and 1.3 for HTTP and for ILP over TCP.",
     [](Config& c, std::string_view v) { c.tls.enabled = boolean(v); }},
    {"tls.cert.path", "", "PEM file: the certificate, then those between it and its root.",
     [](Config& c, std::string_view v) { c.tls.certificate = v; }},
    {"tls.private.key.path", "", "PEM file: the key of the certificate.",
     [](Config& c, std::string_view v) { c.tls.private_key = v; }},
    {"http.tls.enabled", "false", "TLS for HTTP only; wins over tls.enabled.",
     [](Config& c, std::string_view v) { c.http_tls.enabled = boolean(v); }},
    {"http.tls.cert.path", "", "Instead of tls.cert.path, for HTTP.",
     [](Config& c, std::string_view v) { c.http_tls.certificate = v; }},
    {"http.tls.private.key.path", "", "Instead of tls.private.key.path, for HTTP.",
     [](Config& c, std::string_view v) { c.http_tls.private_key = v; }},
    {"http.user", "", "User of HTTP basic authentication; empty: none is asked for.",
     [](Config& c, std::string_view v) { c.http_login.user = v; }},
    {"http.password", "", "The user's password.",
     [](Config& c, std::string_view v) { c.http_login.password = v; }},
    {"questnode.http.token", "", "A token that HTTP clients may send instead (Authorization: Bearer).",
     [](Config& c, std::string_view v) { c.http_login.token = v; }},
    {"questnode.http.readonly.user", "",
     "Another user of HTTP, who may read; what would change something is answered 403.",
     [](Config& c, std::string_view v) { c.http_reader.user = v; }},
    {"questnode.http.readonly.password", "", "The reading user's password.",
     [](Config& c, std::string_view v) { c.http_reader.password = v; }},
    {"questnode.http.readonly.token", "", "A token with which HTTP clients may read only.",
     [](Config& c, std::string_view v) { c.http_reader.token = v; }},
    {"http.security.readonly", "false", "Refuses what would write over HTTP with 421.",
     [](Config& c, std::string_view v) { c.http_read_only = boolean(v); }},
    {"readonly", "false", "Takes no writes, over HTTP (421) or TCP (no such server is started).",
     [](Config& c, std::string_view v) { c.read_only = boolean(v); }},
    {"line.auto.create.new.tables", "true", "Rows of a table that does not exist create it; else: 400.",
     [](Config& c, std::string_view v) { c.create_tables = boolean(v); }},
    {"line.auto.create.new.columns", "true", "Values of a column that does not exist create it; else: 400.",
     [](Config& c, std::string_view v) { c.create_columns = boolean(v); }},
    {"line.tcp.enabled", "false", "ILP over TCP.",
     [](Config& c, std::string_view v) { c.line_tcp = boolean(v); }},
    {"line.tcp.net.bind.to", "127.0.0.1:9009", "Its address and port; port 0 takes any free one.",
     [](Config& c, std::string_view v) { std::tie(c.line_address, c.line_port) = bind_address(v); }},
    {"line.tcp.net.connection.limit", "256", "Its connections at a time; more are closed.",
     [](Config& c, std::string_view v) { c.line_max_connections = whole_number(v, 1, 65'536); }},
    {"line.tcp.max.recv.buffer.size", "64m", "Longest line over TCP; a longer one closes the connection.",
     [](Config& c, std::string_view v) {
       c.line_max_buffer_bytes = std::clamp<std::uint64_t>(size(v), 4096, std::uint64_t{1} << 30);
     }},
    {"line.tcp.auth.db.path", "",
     "File of public keys: lines of \"<key id> ec-p-256-sha256 <x> <y>\"; empty: no authentication.\n"
     "`readonly` at the end of a line: who signs with that key may not write, and is hung up on.",
     [](Config& c, std::string_view v) { c.line_auth_file = v; }},
    {"line.tcp.tls.enabled", "false", "TLS for ILP over TCP only; wins over tls.enabled.",
     [](Config& c, std::string_view v) { c.line_tls.enabled = boolean(v); }},
    {"line.tcp.tls.cert.path", "", "Instead of tls.cert.path, for ILP over TCP.",
     [](Config& c, std::string_view v) { c.line_tls.certificate = v; }},
    {"line.tcp.tls.private.key.path", "", "Instead of tls.private.key.path, for ILP over TCP.",
     [](Config& c, std::string_view v) { c.line_tls.private_key = v; }},
    {"replication.role", "none",
     "none: a node alone. primary: takes writes. replica: follows. What a later promotion\n"
     "decided, and what the log says, wins over this value.",
     set_role},
    {"replication.object.store", "",
     "The cluster's shared store, such as fs::root=/srv/store;atomic_write_dir=/srv/scratch;",
     [](Config& c, std::string_view v) { c.object_store = v; }},
    {"replication.primary.throttle.window.duration", "0",
     "Milliseconds over which a primary collects rows for one upload; 0: uploads without pause.",
     [](Config& c, std::string_view v) { c.upload_window = milliseconds(v); }},
    {"replication.replica.poll.interval", "50", "Milliseconds between two looks of a replica at the log.",
     [](Config& c, std::string_view v) {
       c.poll_interval = std::max(milliseconds(v), std::chrono::milliseconds(1));
     }},
    {"questnode.unreplicated.max.entries", "1000000",
     "Requests that a primary takes beyond the log while the store is away; more are answered 503.",
     [](Config& c, std::string_view v) { c.max_entries_ahead_of_log = whole_number(v, 1, 1'000'000'000); }},
    {"cairo.commit.mode", "sync",
     "sync: an answer waits for the disk (one sync for all that wait). async: it waits for the\n"
     "page cache, the disk follows at once. nosync: the disk follows within 50 ms.",
     set_commit_mode},
    {"cairo.wal.segment.rollover.size", "64m", "Size at which the write-ahead log begins its next file.",
     [](Config& c, std::string_view v) { c.segment_bytes = size(v); }},
    {"questnode.checkpoint.interval", "1000",
     "Milliseconds between checkpoints of the tables; what they hold leaves the write-ahead log.",
     [](Config& c, std::string_view v) { c.checkpoint_interval = milliseconds(v); }},
    {"questnode.query.worker.count", "2", "Threads that run SQL.",
     [](Config& c, std::string_view v) { c.query_threads = static_cast<int>(whole_number(v, 1, 64)); }},
    {"query.timeout", "60s", "A query may take this long (milliseconds, or with the unit ms or s).",
     [](Config& c, std::string_view v) { c.query_timeout = milliseconds(v); }},
    {"questnode.query.max.bytes", "64m", "Longest answer of a query.",
     [](Config& c, std::string_view v) { c.max_answer_bytes = size(v); }},
};

const Key* find_key(std::string_view name) {
  const auto at =
      std::find_if(std::begin(kKeys), std::end(kKeys), [&](const Key& k) { return k.name == name; });
  return at == std::end(kKeys) ? nullptr : at;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
    }
  }
  return row.back();
}

std::string_view nearest_key(std::string_view name) {
  return std::min_element(std::begin(kKeys), std::end(kKeys),
                          [&](const Key& a, const Key& b) {
                            return edit_distance(a.name, name) < edit_distance(b.name, name);
                          })
      ->name;
}

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

void set(LoadedConfig& loaded, std::string_view name, std::string_view value, std::string_view where) {
  const Key* const key = find_key(name);
  if (key == nullptr) {
    loaded.warnings.push_back(std::string(where) + ": the key " + std::string(name) +
                              " is not known and is ignored; the nearest known key is " +
                              std::string(nearest_key(name)));
    return;
  }
  try {
    key->set(loaded.config, value);
  } catch (const ConfigError& expected) {
    throw ConfigError(std::string(where) + ": " + std::string(name) + "=" + std::string(value) +
                      " cannot be used; expected: " + expected.what());
  }
}

void set_pair(LoadedConfig& loaded, std::string_view pair, std::string_view where) {
  const auto equals = pair.find('=');
  if (equals == std::string_view::npos) {
    throw ConfigError(std::string(where) + ": '" + std::string(pair) + "' is not of the form key=value");
  }
  set(loaded, trim(pair.substr(0, equals)), trim(pair.substr(equals + 1)), where);
}

void read_server_conf(LoadedConfig& loaded, std::string_view text) {
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#' || line.front() == '!') continue;
    set_pair(loaded, line, "server.conf line " + std::to_string(number));
  }
}

void read_environment(LoadedConfig& loaded,
                      const std::vector<std::pair<std::string, std::string>>& environment) {
  for (const auto& [variable, value] : environment) {
    if (!variable.starts_with("QDB_") || variable.starts_with("QDB_CLIENT_")) continue;
    const auto at = std::find_if(std::begin(kKeys), std::end(kKeys),
                                 [&](const Key& key) { return environment_name(key.name) == variable; });
    if (at != std::end(kKeys)) {
      set(loaded, at->name, value, "environment variable " + variable);
      continue;
    }
    std::string as_key = variable.substr(4);
    for (char& c : as_key) c = c == '_' ? '.' : static_cast<char>(c | 0x20);
    set(loaded, as_key, value, "environment variable " + variable);
  }
}

void check_security(const Config& config) {
  const HttpLogin& writer = config.http_login;
  const HttpLogin& reader = config.http_reader;
  if (writer.user.empty() != writer.password.empty())
    throw ConfigError("http.user and http.password belong together: set both, or neither");
  if (reader.user.empty() != reader.password.empty()) {
    throw ConfigError(
        "questnode.http.readonly.user and questnode.http.readonly.password belong together: set both, or "
        "neither");
  }
  if ((!writer.user.empty() && writer.user == reader.user) ||
      (!writer.token.empty() && writer.token == reader.token)) {
    throw ConfigError(
        "the same user or token may write (http.user, questnode.http.token) and only read "
        "(questnode.http.readonly.*): take it out of one of the two");
  }
  for (const TlsFiles* own : {&config.http_tls, &config.line_tls}) {
    const TlsFiles files = tls_of(config, *own);
    if (files.enabled && (files.certificate.empty() || files.private_key.empty()))
      throw ConfigError("TLS needs a certificate and its key: set tls.cert.path and tls.private.key.path");
  }
}

}  // namespace

std::optional<std::pair<std::string, std::uint16_t>> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data() + colon + 1, end, port);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return std::pair{std::string(text.substr(0, colon)), port};
}

std::string environment_name(std::string_view key) {
  std::string name = "QDB_";
  for (const char c : key) {
    name += c == '.' ? '_' : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  }
  return name;
}

TlsFiles tls_of(const Config& config, const TlsFiles& own) {
  if (!own.enabled.value_or(config.tls.enabled.value_or(false))) return {};
  const bool has_own = !own.certificate.empty();
  return {true, has_own ? own.certificate : config.tls.certificate,
          has_own ? own.private_key : config.tls.private_key};
}

LoadedConfig load_config(const ConfigSources& sources) {
  LoadedConfig loaded;
  read_server_conf(loaded, sources.server_conf);
  read_environment(loaded, sources.environment);
  for (const std::string& setting : sources.settings) set_pair(loaded, setting, "--set " + setting);
  const bool replicated = loaded.config.role != ConfiguredRole::none;
  if (replicated && loaded.config.object_store.empty()) {
    throw ConfigError(
        "replication.role is primary or replica, but replication.object.store is not set: name the store, "
        "for "
        "example fs::root=/srv/store;atomic_write_dir=/srv/scratch;");
  }
  check_security(loaded.config);
  return loaded;
}

std::string config_help() {
  std::string text =
      "Keys of server.conf (also --set key=value, or the environment variable named beside each).\n"
      "--set wins over the environment, the environment over the file.\n";
  for (const Key& key : kKeys) {
    text.append("\n  ").append(key.name).append("  [").append(key.fallback).append("]  ");
    text.append(environment_name(key.name)).append("\n      ");
    for (const char c : key.meaning) text.append(c == '\n' ? "\n      " : std::string(1, c));
    text += '\n';
  }
  return text;
}

}  // namespace questnode::node
