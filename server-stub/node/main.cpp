// questnode: one node of the reference cluster.
#include <atomic>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <optional>
#include <pthread.h>
#include <signal.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/file.hpp"
#include "node/answers.hpp"
#include "node/config.hpp"
#include "node/server.hpp"

namespace {

using namespace questnode;

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

constexpr std::string_view kHelp = R"(questnode: an ILP/HTTP server that replicates through an object store.

usage: questnode --root DIR [--set KEY=VALUE ...]

  --root DIR        Everything the node keeps: server.conf (optional), write-ahead log, tables. One process a root.
  --set KEY=VALUE   A setting, as in server.conf; wins over the file and over QDB_ variables. May be repeated.
  --help-config     Every key with its default and meaning.
  --version         The version.
  --help            This text.

examples
  A node alone:
    questnode --root /tmp/quest --set http.bind.to=127.0.0.1:9000
    curl -d 'trades,symbol=ETH-USD price=2615.54' http://127.0.0.1:9000/write
    curl -G --data-urlencode 'query=SELECT * FROM trades' http://127.0.0.1:9000/exec
  A primary and its replica (or let questcluster start three):
    questnode --root /srv/a --set questnode.name=a --set http.bind.to=127.0.0.1:9000 \
      --set replication.role=primary --set 'replication.object.store=fs::root=/srv/store;atomic_write_dir=/srv/scratch;'
    questnode --root /srv/b --set questnode.name=b --set http.bind.to=127.0.0.1:9001 \
      --set replication.role=replica --set 'replication.object.store=fs::root=/srv/store;atomic_write_dir=/srv/scratch;'
    curl -d '{"role":"primary"}' http://127.0.0.1:9001/lifecycle      # promotes b

When it is ready it prints one line with its address, and writes it to DIR/questnode.json. SIGTERM and SIGINT stop it.
The log goes to stderr.

exit codes: 0 stopped by a signal; 1 could not start, or failed; 2 wrong usage or configuration
)";

struct CommandLine {
  std::filesystem::path root;
  std::vector<std::string> settings;
};

/// The exit code, when there is nothing to run.
std::optional<int> parse_command_line(const std::vector<std::string>& arguments, CommandLine& out) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string name = arguments[i];
    if (name == "--help" || name == "-h") {
      std::cout << kHelp;
      return 0;
    }
    if (name == "--help-config") {
      std::cout << node::config_help();
      return 0;
    }
    if (name == "--version") {
      std::cout << "questnode " << node::kVersion << '\n';
      return 0;
    }
    std::string value;
    if (const auto equals = name.find('='); name.starts_with("--") && equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    }
    if (name == "--root" && !value.empty()) {
      out.root = value;
    } else if (name == "--set" && !value.empty()) {
      out.settings.push_back(value);
    } else {
      std::cerr << "questnode: " << name << " is not understood, or lacks its value; see questnode --help\n";
      return kExitUsage;
    }
  }
  if (out.root.empty()) {
    std::cerr << "questnode: --root DIR is needed; see questnode --help\n";
    return kExitUsage;
  }
  return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> environment() {
  std::vector<std::pair<std::string, std::string>> variables;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view variable = *at;
    const auto equals = variable.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace_back(variable.substr(0, equals), variable.substr(equals + 1));
  }
  return variables;
}

node::Config load(const CommandLine& command_line) {
  node::ConfigSources sources;
  sources.server_conf = base::read_file(node::RootLayout{command_line.root}.server_conf()).value_or("");
  sources.environment = environment();
  sources.settings = command_line.settings;
  node::LoadedConfig loaded = node::load_config(sources);
  for (const std::string& warning : loaded.warnings) spdlog::warn("{}", warning);
  return loaded.config;
}

/// SIGTERM and SIGINT come to wait(), never to another thread. Made before any thread.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }
  int wait() const {
    int signal = 0;
    sigwait(&signals_, &signal);
    return signal;
  }

 private:
  sigset_t signals_;
};

int run(const CommandLine& command_line) {
  signal(SIGXFSZ, SIG_IGN);  // A file that may not grow is an error of its write, as a full disk is.
  const StopSignals signals;
  const node::Config config = load(command_line);
  std::atomic<bool> failed = false;
  node::Server server(config, command_line.root, [&failed](const std::string&) {
    failed = true;
    kill(getpid(), SIGTERM);
  });
  std::cout << "questnode " << config.name << " is ready at " << server.address() << " (pid " << getpid()
            << ")" << std::endl;
  const int signal = signals.wait();
  if (failed) return kExitFailed;
  spdlog::info("{}: stopping", strsignal(signal));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CommandLine command_line;
  if (const auto code = parse_command_line({argv + 1, argv + argc}, command_line)) return *code;
  spdlog::set_default_logger(spdlog::stderr_logger_mt("questnode"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
  try {
    return run(command_line);
  } catch (const node::ConfigError& error) {
    std::cerr << "questnode: " << error.what() << "; see questnode --help-config\n";
    return kExitUsage;
  } catch (const std::exception& error) {
    std::cerr << "questnode: " << error.what() << '\n';
    return kExitFailed;
  }
}
