// questnode as a process: started detached, watched, killed. POSIX lives here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/types.h>

namespace questclient::cluster {

/// What went wrong and what to do; the tool prints it and exits 1.
class ClusterError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The pid of the questnode that works in `root`, taken from its lock; nullopt: none is alive.
std::optional<pid_t> running_in(const std::filesystem::path& root);

/// Starts `questnode` detached from this terminal; its output goes to root/questnode.log. A child of this
/// process until that ends.
pid_t start_detached(const std::filesystem::path& questnode, const std::filesystem::path& root);

/// False once it has ended.
bool alive(pid_t pid);
void send_signal(pid_t pid, int signal);

/// The questnode beside this program, in the same build tree, or in PATH. Throws ClusterError.
std::filesystem::path find_questnode(const std::string& wish);

/// A TCP port of 127.0.0.1 that nobody listens on, below the range that the system gives to clients: a node
/// that is down must find its port free when it comes back.
std::uint16_t free_port();

/// The last lines of a log, for messages.
std::string tail_of(const std::filesystem::path& file, std::size_t lines);

}  // namespace questclient::cluster
