// What a node is told: server.conf, environment, command line. Every key, its default and its meaning stand
// in one table (config.cpp), which `questnode --help-config` prints.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "namespace.hpp"

namespace questnode::node {

enum class CommitMode : std::uint8_t {
  sync,    ///< An answer waits until its rows are on the disk.
  async,   ///< An answer waits for the page cache only; the disk follows at once.
  nosync,  ///< An answer waits for the page cache only; the disk follows within 50 ms.
};

enum class ConfiguredRole : std::uint8_t { none, primary, replica };

/// Where a server finds its certificate; PEM files.
struct TlsFiles {
  std::optional<bool> enabled;
  std::string certificate;
  std::string private_key;
};

/// Who may use HTTP: a user with a password, a token, either, or (all empty) nobody is asked.
struct HttpLogin {
  std::string user;
  std::string password;
  std::string token;
};

struct Config {
  std::string name = "node";
  std::string advertised_address;  ///< Empty: the bound address.
  std::string http_address = "127.0.0.1";
  std::uint16_t http_port = 9000;
  int http_threads = 2;
  std::size_t max_connections = 256;
  std::size_t max_header_bytes = 64 << 10;
  std::size_t max_body_bytes = std::size_t{128} << 20;
  std::size_t max_buffered_bytes = std::size_t{512} << 20;

  TlsFiles tls;  ///< Of both servers, where they have none of their own: see tls_of().
  TlsFiles http_tls;
  TlsFiles line_tls;
  HttpLogin http_login;
  HttpLogin http_reader;        ///< May not change anything.
  bool read_only = false;       ///< Takes no writes at all.
  bool http_read_only = false;  ///< Takes none over HTTP.
  bool create_tables = true;
  bool create_columns = true;

  bool line_tcp = false;
  std::string line_address = "127.0.0.1";
  std::uint16_t line_port = 9009;
  std::size_t line_max_connections = 256;
  std::size_t line_max_buffer_bytes = std::size_t{64} << 20;
  std::string line_auth_file;

  ConfiguredRole role = ConfiguredRole::none;
  std::string object_store;
  std::chrono::milliseconds upload_window{0};
  std::chrono::milliseconds poll_interval{50};
  std::uint64_t max_entries_ahead_of_log = 1'000'000;

  CommitMode commit_mode = CommitMode::sync;
  std::uint64_t segment_bytes = std::uint64_t{64} << 20;
  std::chrono::milliseconds checkpoint_interval{1000};

  int query_threads = 2;
  std::chrono::milliseconds query_timeout{60'000};
  std::size_t max_answer_bytes = std::size_t{64} << 20;
};

/// What a server uses: its own settings, and the common ones where it has none. Empty files: no TLS.
TlsFiles tls_of(const Config& config, const TlsFiles& own);

/// The message names the key, the value and what would be right.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Where settings come from; later ones win: server.conf, then QDB_ variables, then --set.
struct ConfigSources {
  std::string server_conf;                                       ///< The file's text.
  std::vector<std::pair<std::string, std::string>> environment;  ///< Every variable.
  std::vector<std::string> settings;                             ///< "key=value".
};

struct LoadedConfig {
  Config config;
  std::vector<std::string> warnings;  ///< Unknown keys, and the known ones nearest to them.
};

/// Throws ConfigError for a value of the wrong form, or keys that do not go together.
LoadedConfig load_config(const ConfigSources& sources);

/// Every key with default, meaning and variable, for people.
std::string config_help();

/// "127.0.0.1:9000" taken apart; nullopt: not of that form.
std::optional<std::pair<std::string, std::uint16_t>> parse_address(std::string_view text);

/// "http.bind.to" -> "QDB_HTTP_BIND_TO".
std::string environment_name(std::string_view key);

}  // namespace questnode::node
