#include "sim/sim_store.hpp"

#include <utility>

#include "replication/record.hpp"

namespace questclient::sim {

namespace replication = questnode::replication;
using questnode::object_store::GetResult;
using questnode::object_store::PutResult;

namespace {

constexpr milliseconds kTimeout{200};

bool is_seal(const std::string& key, const std::string& bytes) {
  return key.starts_with("log/") && replication::decode_record(bytes).kind == replication::RecordKind::seal;
}

}  // namespace

bool SimStore::write(const std::string& key, const std::string& bytes) {
  if (world_.bug == Bug::skip_seal && is_seal(key, bytes)) return true;
  const bool written = objects_.emplace(key, bytes).second;
  if (written) world_.trace("store: " + key + (is_seal(key, bytes) ? " SEAL" : ""));
  return written;
}

void SimStore::put(const std::string& key, const std::string& bytes,
                   std::function<void(replication::PutDone)> done) {
  const auto answer = [this, done = std::move(done)](Time delay, PutResult result) {
    world_.after(delay, [done, result] { done({result, result == PutResult::unknown ? "no answer" : ""}); });
  };
  const auto dice = healthy_ ? 0 : world_.random.below(20);
  if (dice < 16) {  // as it should be
    world_.after(world_.between(milliseconds(1), milliseconds(20)), [this, key, bytes, answer] {
      answer(milliseconds(1), write(key, bytes) ? PutResult::written : PutResult::exists);
    });
    return;
  }
  answer(kTimeout, PutResult::unknown);
  if (dice == 16) {  // it arrived, the answer did not
    world_.count("put answer lost");
    write(key, bytes);
  } else if (dice < 19) {  // it lands later, perhaps after a seal
    world_.count("put late");
    world_.after(world_.between(milliseconds(50), milliseconds(4000)),
                 [this, key, bytes] { write(key, bytes); });
  } else {
    world_.count("put lost");
  }
}

void SimStore::get(const std::string& key, std::function<void(replication::GotObject)> done) {
  const auto dice = healthy_ ? 0 : world_.random.below(40);
  if (dice == 39) {
    world_.count("get lost");
    world_.after(kTimeout, [done] { done({GetResult::unknown, "", "no answer"}); });
    return;
  }
  world_.after(world_.between(milliseconds(1), milliseconds(10)), [this, key, done, dice] {
    const auto found = objects_.find(key);
    if (found == objects_.end()) return done({GetResult::absent, "", ""});
    std::string bytes = found->second;
    if (dice == 38) {
      world_.count("get damaged");
      if (world_.once_in(2)) {
        bytes.resize(world_.random.below(bytes.size()));
      } else {
        bytes[world_.random.below(bytes.size())] ^= static_cast<char>(1U << world_.random.below(8));
      }
    }
    done({GetResult::found, std::move(bytes), ""});
  });
}

std::vector<std::string> SimStore::log() const {
  std::vector<std::string> entries;
  for (std::uint64_t epoch = 1; objects_.contains(replication::claim_key(epoch)); ++epoch) {
    for (std::uint64_t seq = 0;; ++seq) {
      const auto found = objects_.find(replication::record_key(epoch, seq));
      if (found == objects_.end()) break;
      const auto record = replication::decode_record(found->second);
      if (record.kind == replication::RecordKind::seal) break;
      entries.insert(entries.end(), record.entries.begin(), record.entries.end());
    }
  }
  return entries;
}

}  // namespace questclient::sim
