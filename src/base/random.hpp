// Randomness as an argument: one seed reproduces a run.
#pragma once

#include <cstdint>
#include <limits>
#include <random>

namespace questclient::base {

/// A source of random 64-bit numbers; usable with the distributions of <random>.
class RandomSource {
 public:
  using result_type = std::uint64_t;
  virtual ~RandomSource() = default;
  virtual std::uint64_t next() = 0;

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }
  result_type operator()() { return next(); }

  /// Uniform in [0, bound); 0 when bound is 0.
  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }
};

/// Seeded from the operating system; for identities and jitter. Thread-safe.
class SystemRandom final : public RandomSource {
 public:
  std::uint64_t next() override;
};

/// The same numbers for the same seed, on every machine. Not thread-safe.
class SeededRandom final : public RandomSource {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t next() override { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

}  // namespace questclient::base
