// Whether a store keeps its word on put-if-absent: asked one call after another, then by racing writers.
#include <array>
#include <atomic>
#include <stdexcept>
#include <thread>

#include "object_store/object_store.hpp"

namespace questnode::object_store {
namespace {

constexpr int kRounds = 2;
constexpr std::size_t kRacers = 6;
constexpr std::size_t kRaceBytes = 64 << 10;
constexpr int kAttempts = 3;

[[noreturn]] void refuse(const ObjectStore& store, const std::string& key, const std::string& why) {
  throw std::runtime_error(
      "the object store " + store.describe() + " cannot be used: " + why + " (probe " + key +
      "). It must write an object only if it is absent, or two primaries could both win.");
}

/// Content that shows who wrote it, and whether all of it is there.
std::string payload(std::size_t writer, std::size_t bytes) {
  return std::string(bytes, static_cast<char>('a' + writer));
}

std::string read_back(ObjectStore& store, const std::string& key) {
  std::string bytes;
  std::string why;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const GetResult result = store.get(key, bytes, why);
    if (result == GetResult::found) return bytes;
    if (result == GetResult::absent) refuse(store, key, "an object that was written is absent");
  }
  refuse(store, key, "it does not answer: " + why);
}

/// A put with an answer; `exists` after an unanswered attempt may be that attempt's own work.
PutResult put_answered(ObjectStore& store, const std::string& key, const std::string& bytes) {
  std::string why;
  PutResult result = store.put(key, bytes, why);
  for (int attempt = 1; attempt < kAttempts && result == PutResult::unknown; ++attempt) {
    result = store.put(key, bytes, why);
  }
  if (result == PutResult::unknown) refuse(store, key, "it does not answer: " + why);
  return result;
}

void probe_in_sequence(ObjectStore& store, const std::string& key) {
  const std::string first = payload(0, 512);
  put_answered(store, key, first);
  if (read_back(store, key) != first) refuse(store, key, "it returns other bytes than were written");
  const PutResult second = put_answered(store, key, payload(1, 256));
  const bool kept = read_back(store, key) == first;
  if (!kept) refuse(store, key, "a second put overwrote the first");
  if (second == PutResult::written) refuse(store, key, "it says `written` for a second put of one name");
}

/// Several put one name at once while somebody reads: one winner, and never anything but its whole bytes.
void probe_by_race(ObjectStore& store, const std::string& key) {
  std::array<PutResult, kRacers> results{};
  std::atomic<std::size_t> running{kRacers};
  std::string seen;
  bool torn = false;
  const auto look = [&] {
    std::string bytes;
    std::string why;
    if (store.get(key, bytes, why) != GetResult::found) return;
    if (bytes.size() != kRaceBytes || bytes.find_first_not_of(bytes[0]) != std::string::npos) torn = true;
    if (seen.empty()) seen = bytes;
    if (bytes != seen) torn = true;
  };
  std::vector<std::jthread> racers;
  for (std::size_t racer = 0; racer < kRacers; ++racer) {
    racers.emplace_back([&, racer] {
      std::string why;
      results[racer] = store.put(key, payload(racer, kRaceBytes), why);
      --running;
    });
  }
  do {
    look();
    std::this_thread::yield();
  } while (running > 0);
  for (std::jthread& racer : racers) racer.join();
  if (torn) refuse(store, key, "a reader saw an object that was incomplete or changed");

  std::size_t winner = kRacers;
  bool unanswered = false;
  for (std::size_t racer = 0; racer < kRacers; ++racer) {
    unanswered = unanswered || results[racer] == PutResult::unknown;
    if (results[racer] != PutResult::written) continue;
    if (winner != kRacers) refuse(store, key, "it says `written` to two writers of one name");
    winner = racer;
  }
  if (winner == kRacers) {
    if (unanswered) return;  // Nobody knows that he won; the protocol resolves that by reading.
    refuse(store, key, "it says `exists` to everyone who writes a new name");
  }
  if (read_back(store, key) != payload(winner, kRaceBytes)) {
    refuse(store, key, "it holds other bytes than those of the put that it called `written`");
  }
}

}  // namespace

void require_put_if_absent(ObjectStore& store, std::string_view node_name, std::string_view nonce) {
  const std::string prefix = "probe/" + std::string(node_name) + "/" + std::string(nonce);
  probe_in_sequence(store, prefix + "/sequence");
  for (int round = 0; round < kRounds; ++round) {
    probe_by_race(store, prefix + "/race-" + std::to_string(round));
  }
}

}  // namespace questnode::object_store
