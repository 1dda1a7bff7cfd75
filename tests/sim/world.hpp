// Virtual time: one queue of events, one random source, one seed. What happens in a run is a function of the
// seed and the bug.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <queue>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"

namespace questclient::sim {

using base::Time;
using std::chrono::milliseconds;

/// Negative controls: what is broken on purpose. The checks must find each.
enum class Bug {
  none,
  skip_seal,              ///< A promotion writes no SEAL.
  trim_committed,         ///< The client trims what is committed, not what is durable.
  reuse_stream,           ///< Reopening a slot goes on under the old stream's name.
  check_before_sequence,  ///< Duplicates are recognised when a request arrives, not where it is committed.
  forget_buried           ///< A client that is started again does not know what it gave up.
};

/// What is special about a schedule; a function of its seed. The faults are the same in all.
enum class Trait {
  none,
  policies,      ///< The client halts at the first bad row; started again, it drops such rows.
  drain_rate,    ///< A backlog is replayed slowly.
  drop_oldest,   ///< The slot is small and gives up its oldest frames.
  poison,        ///< Some rows make a node close the connection instead of answering.
  tokens,        ///< Credentials run out within two seconds; the client asks for fresh ones.
  late_token,    ///< The same, but the client stops until somebody brings a token.
  refused_gzip,  ///< The client compresses; one node does not take that.
  bad_rows,      ///< Every other row is one that no server takes; the client is killed more often.
  lossy_slot,    ///< The client's disk loses a frame now and then.
};
Trait trait_of(std::uint64_t seed);
const char* to_string(Trait trait);

/// The promise is broken. what() says how.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class World {
 public:
  World(std::uint64_t seed, Bug bug_to_have, bool trace_to_stderr)
      : random(seed), bug(bug_to_have), trait(trait_of(seed)), traced_(trace_to_stderr) {}

  base::SeededRandom random;
  const Bug bug;
  const Trait trait;

  /// The bearer token of this moment, and whether a request's is still taken: for one to two seconds.
  std::string fresh_token() const { return "t" + std::to_string(now_ / kTokenLife); }
  bool takes_token(const std::string& authorization) const;

  Time now() const { return now_; }
  std::int64_t wall_nanos() const { return kWallStart + now_.count(); }

  void after(Time delay, std::function<void()> event);
  /// Runs the next event; false: none before `end`.
  bool step(Time end);

  /// True once in `n` times.
  bool once_in(std::uint64_t n) { return random.below(n) == 0; }
  /// Uniform in [low, high).
  Time between(milliseconds low, milliseconds high) {
    const Time span = high - low;
    return low + Time(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(span.count()))));
  }

  void count(const std::string& what) { ++counters[what]; }
  void trace(const std::string& line) const;
  std::map<std::string, std::uint64_t> counters;

 private:
  static constexpr Time kTokenLife = std::chrono::seconds(1);
  static constexpr std::int64_t kWallStart = 1'700'000'000'000'000'000;

  struct Event {
    Time at;
    std::uint64_t order;
    std::function<void()> run;
    bool operator>(const Event& other) const { return at != other.at ? at > other.at : order > other.order; }
  };

  Time now_{};
  std::uint64_t order_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  bool traced_;
};

}  // namespace questclient::sim
