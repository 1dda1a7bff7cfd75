#include "object_store/temporary_file.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

#include "base/random.hpp"
#include "base/uuid.hpp"

namespace questnode::object_store {
namespace {

// put~<host>~<pid>~<nonce of the process>~<counter>.tmp
constexpr std::string_view kPrefix = "put";
constexpr std::string_view kSuffix = ".tmp";
constexpr char kSeparator = '~';
constexpr std::size_t kParts = 5;
constexpr auto kForeignAge = std::chrono::hours(24);

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  std::string host(name.data());
  for (char& c : host) {
    if (c == kSeparator || c == '/') c = '_';
  }
  return host;
}

/// Tells this process from an earlier one with the same pid, as in a container.
const std::string& process_nonce() {
  static const std::string nonce = [] {
    base::SystemRandom random;
    return base::Uuid::random(random).to_string();
  }();
  return nonce;
}

std::string unique_name() {
  static std::atomic<std::uint64_t> counter{0};
  std::string name(kPrefix);
  for (const std::string& part :
       {host_name(), std::to_string(::getpid()), process_nonce(), std::to_string(++counter)}) {
    name += kSeparator + part;
  }
  return name.append(kSuffix);
}

std::vector<std::string_view> split(std::string_view name) {
  std::vector<std::string_view> parts;
  for (std::size_t at = name.find(kSeparator); at != std::string_view::npos; at = name.find(kSeparator)) {
    parts.push_back(name.substr(0, at));
    name.remove_prefix(at + 1);
  }
  parts.push_back(name);
  return parts;
}

bool is_alive(pid_t pid) {
  return ::kill(pid, 0) == 0 || errno != ESRCH;
}

bool is_stale(const std::string& name, std::chrono::system_clock::time_point modified) {
  const auto parts = split(name);
  if (parts.size() != kParts || parts.front() != kPrefix || !name.ends_with(kSuffix)) return false;
  if (std::chrono::system_clock::now() - modified > kForeignAge) return true;
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(parts[2].data(), parts[2].data() + parts[2].size(), pid);
  if (error != std::errc{} || end != parts[2].data() + parts[2].size() || parts[1] != host_name())
    return false;
  return pid == ::getpid() ? parts[3] != process_nonce() : !is_alive(pid);
}

}  // namespace

TemporaryFile::TemporaryFile(const std::filesystem::path& directory, std::string_view bytes)
    : path_(directory / unique_name()), file_(path_, O_WRONLY | O_CREAT | O_EXCL, 0644) {
  try {
    file_.write_all(bytes);
    // fsync, not fdatasync: the file must be whole for whoever finds it under its final name.
    if (::fsync(file_.descriptor()) != 0) base::throw_errno("cannot sync", path_);
  } catch (...) {
    ::unlink(path_.c_str());
    throw;
  }
}

TemporaryFile::~TemporaryFile() {
  ::unlink(path_.c_str());
}

int TemporaryFile::link_to(const std::filesystem::path& target, LinkCall call) const {
  if ((call == nullptr ? &::link : call)(path_.c_str(), target.c_str()) == 0) return 0;
  const int error = errno;
  // NFS sends a request again when the answer was lost, and the second one fails although the first linked.
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) return error;
  return status.st_nlink == 2 ? 0 : error;
}

void remove_stale_temporary_files(const std::filesystem::path& directory) {
  std::error_code ignored;  // Two nodes may clean at once; what one removed is no error for the other.
  for (const auto& found : std::filesystem::directory_iterator(directory, ignored)) {
    struct stat status {};
    if (::stat(found.path().c_str(), &status) != 0) continue;
    const auto modified = std::chrono::system_clock::from_time_t(status.st_mtime);
    if (is_stale(found.path().filename().string(), modified)) ::unlink(found.path().c_str());
  }
}

}  // namespace questnode::object_store
