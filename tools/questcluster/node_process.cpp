#include "node_process.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <netinet/in.h>
#include <sstream>
#include <string_view>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "base/file.hpp"
#include "base/random.hpp"

namespace questclient::cluster {
namespace {

constexpr std::uint16_t kFirstPort = 20'000;
constexpr std::uint16_t kPorts = 12'000;

bool can_bind(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return false;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool bound = ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(descriptor);
  return bound;
}

std::filesystem::path own_program() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error);
}

/// Only calls that are safe after fork.
[[noreturn]] void become(const char* questnode, const char* root, int log) {
  ::setsid();
  const int nothing = ::open("/dev/null", O_RDONLY);
  if (nothing >= 0) ::dup2(nothing, STDIN_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execl(questnode, "questnode", "--root", root, static_cast<char*>(nullptr));
  ::_exit(127);
}

/// Whether a process that has no command line (any more) is one that is being killed: it holds its lock and
/// its port until the last of its threads is gone. A zombie holds nothing, and a thread of the kernel never
/// had a command line.
bool is_ending(pid_t pid) {
  constexpr unsigned long kKernelThread = 0x00200000;  // PF_KTHREAD
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (!std::getline(file, text)) return false;
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string state, skipped;
  unsigned long flags = kKernelThread;
  int threads = 0;
  fields >> state;
  for (int i = 4; i < 9; ++i) fields >> skipped;
  fields >> flags;
  for (int i = 10; i < 20; ++i) fields >> skipped;
  fields >> threads;
  return (flags & kKernelThread) == 0 && (state != "Z" || threads > 1);
}

}  // namespace

std::optional<pid_t> running_in(const std::filesystem::path& root) {
  const auto text = base::read_file(root / "questnode.lock");
  if (!text) return std::nullopt;
  pid_t pid = 0;
  std::from_chars(text->data(), text->data() + text->size(), pid);
  if (pid <= 0 || !alive(pid)) return std::nullopt;
  // The number may belong to another program by now.
  std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary);
  const std::string command{std::istreambuf_iterator<char>(file), {}};
  const bool ours = command.empty() ? is_ending(pid) : command.find(root.string()) != std::string::npos;
  return ours ? std::optional(pid) : std::nullopt;
}

pid_t start_detached(const std::filesystem::path& questnode, const std::filesystem::path& root) {
  const base::File log(root / "questnode.log", O_WRONLY | O_CREAT | O_APPEND);
  const std::string program = questnode.string();
  const std::string folder = root.string();
  const pid_t pid = ::fork();
  if (pid < 0) base::throw_errno("fork for", questnode);
  if (pid == 0) become(program.c_str(), folder.c_str(), log.descriptor());
  return pid;
}

bool alive(pid_t pid) {
  ::waitpid(pid, nullptr, WNOHANG);  // If it was our child, its remains go.
  return ::kill(pid, 0) == 0 || errno == EPERM;
}

void send_signal(pid_t pid, int signal) {
  if (::kill(pid, signal) != 0 && errno != ESRCH) {
    throw ClusterError("cannot signal process " + std::to_string(pid) + ": " + std::strerror(errno));
  }
}

std::filesystem::path find_questnode(const std::string& wish) {
  if (!wish.empty()) {
    if (::access(wish.c_str(), X_OK) == 0) return std::filesystem::absolute(wish);
    throw ClusterError("--questnode " + wish + " is not a program that can be run");
  }
  const std::filesystem::path here = own_program().parent_path();
  std::vector<std::filesystem::path> places{here, here.parent_path().parent_path() / "server-stub" / "node"};
  std::string_view path = std::getenv("PATH") == nullptr ? "" : std::getenv("PATH");
  while (!path.empty()) {
    const auto end = std::min(path.find(':'), path.size());
    places.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  for (const auto& place : places) {
    if (::access((place / "questnode").c_str(), X_OK) == 0) return place / "questnode";
  }
  throw ClusterError("questnode was found neither beside this program (" + here.string() +
                     ") nor in PATH: name it with --questnode PATH");
}

std::uint16_t free_port() {
  base::SystemRandom random;
  for (int attempt = 0; attempt < 200; ++attempt) {
    const auto port = static_cast<std::uint16_t>(kFirstPort + random.below(kPorts));
    if (can_bind(port)) return port;
  }
  throw ClusterError("no free port was found between 20000 and 32000");
}

std::string tail_of(const std::filesystem::path& file, std::size_t lines) {
  const std::string text = base::read_file(file).value_or("");
  std::size_t begin = text.size();
  for (std::size_t seen = 0; begin > 0; --begin) {
    if (text[begin - 1] == '\n' && begin != text.size() && ++seen == lines) break;
  }
  return text.substr(begin);
}

}  // namespace questclient::cluster
