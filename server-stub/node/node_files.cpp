#include "node/node_files.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <stdexcept>
#include <sys/file.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

namespace questnode::node {
namespace {

constexpr int kStateFormat = 1;

const char* role_text(replication::Role role) {
  return role == replication::Role::primary ? "primary" : "replica";
}

base::Uuid uuid_of(const nlohmann::json& document, const char* key) {
  const auto id = base::Uuid::parse(document.at(key).get<std::string>());
  if (!id) throw std::runtime_error(std::string(key) + " is not a uuid");
  return *id;
}

replication::NodeState parse_state(const std::string& text) {
  const auto document = nlohmann::json::parse(text);
  const int format = document.at("format").get<int>();
  if (format > kStateFormat) {
    throw std::runtime_error("it has format " + std::to_string(format) + ", this questnode knows " +
                             std::to_string(kStateFormat) + ": use the newer questnode");
  }
  replication::NodeState state;
  state.cluster = uuid_of(document, "cluster");
  state.role = document.at("role") == "primary" ? replication::Role::primary : replication::Role::replica;
  state.seen_epoch = document.at("seen_epoch").get<std::uint64_t>();
  state.claim_epoch = document.at("claim_epoch").get<std::uint64_t>();
  state.claim_nonce = uuid_of(document, "claim_nonce");
  return state;
}

}  // namespace

RootLock::RootLock(const RootLayout& layout) : file_(layout.lock(), O_RDWR | O_CREAT) {
  if (flock(file_.descriptor(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) base::throw_errno("lock", layout.lock());
    throw std::runtime_error("another questnode, pid " + file_.read_at(0, 20) + ", works in " +
                             layout.root.string() + ": stop it first, or choose another --root");
  }
  file_.truncate(0);
  file_.write_all(std::to_string(getpid()));
}

replication::NodeState FileNodeState::load() {
  const auto text = base::read_file(path_);
  if (!text) return {};
  try {
    return parse_state(*text);
  } catch (const std::exception& error) {
    throw std::runtime_error(path_.string() + " cannot be used: " + error.what() +
                             "; restore it, or begin with an empty root as a replica");
  }
}

void FileNodeState::save(const replication::NodeState& state) {
  const nlohmann::ordered_json document = {
      {"format", kStateFormat},           {"cluster", state.cluster.to_string()},
      {"role", role_text(state.role)},    {"seen_epoch", state.seen_epoch},
      {"claim_epoch", state.claim_epoch}, {"claim_nonce", state.claim_nonce.to_string()},
  };
  base::replace_file(path_, document.dump(2) + "\n");
}

void FileRescue::rescue(std::uint64_t epoch, std::uint64_t first_entry,
                        const std::vector<std::string>& entries) {
  if (entries.empty()) return;
  std::filesystem::create_directories(directory_);
  base::sync_directory(directory_.parent_path());
  std::string content;
  for (const std::string& entry : entries) content += entry;
  const std::string name = "epoch-" + std::to_string(epoch) + "-from-entry-" + std::to_string(first_entry);
  base::replace_file(directory_ / name, content);
}

std::vector<std::string> FileRescue::files() const {
  std::vector<std::string> names;
  if (!std::filesystem::exists(directory_)) return names;
  for (const auto& file : std::filesystem::directory_iterator(directory_)) {
    names.push_back(file.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace questnode::node
