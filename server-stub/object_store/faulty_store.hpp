// An object store that fails as object stores do, for tests and the simulation.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "namespace.hpp"
#include "object_store/object_store.hpp"

namespace questnode::object_store {

enum class PutFault : std::uint8_t {
  none,
  lost,         ///< Never arrives; answers unknown.
  answer_lost,  ///< Arrives; answers unknown.
  delayed,      ///< Answers unknown; arrives at release(), perhaps long after somebody else wrote the key.
};

enum class GetFault : std::uint8_t { none, unknown, truncated, bit_flip };

/// How many of a thousand calls fail in which way.
struct FaultRates {
  unsigned put_lost = 0;
  unsigned put_answer_lost = 0;
  unsigned put_delayed = 0;
  unsigned get_unknown = 0;
  unsigned get_truncated = 0;
  unsigned get_bit_flip = 0;
};

/// Decorates a store that must outlive it. The same seed and calls give the same faults. Thread-safe.
class FaultyStore final : public ObjectStore {
 public:
  FaultyStore(ObjectStore& inner, std::uint64_t seed) : inner_(inner), random_(seed) {}

  void set_rates(const FaultRates& rates);
  /// The next put (get) of a key that begins with `key_prefix` goes this way; goes before the rates.
  void script_put(std::string key_prefix, PutFault fault);
  void script_get(std::string key_prefix, GetFault fault);

  std::size_t delayed() const;
  /// All delayed puts arrive, in the order in which they were issued.
  void release();
  /// One of them arrives, by the seed's choice; false: there is none.
  bool release_one();
  /// Delayed puts are lost for good.
  void drop_delayed();

  PutResult put(const std::string& key, std::string_view bytes, std::string& why) override;
  /// Never delayed.
  PutResult replace(const std::string& key, std::string_view bytes, std::string& why) override;
  GetResult get(const std::string& key, std::string& bytes, std::string& why) override;
  std::vector<std::string> list(const std::string& prefix) override;
  std::string describe() const override;

 private:
  template <class Fault>
  struct Scripted {
    std::string key_prefix;
    Fault fault;
  };
  struct Delayed {
    std::string key;
    std::string bytes;
  };

  PutFault choose_put(const std::string& key);
  GetFault choose_get(const std::string& key);
  void damage(GetFault fault, std::string& bytes);

  ObjectStore& inner_;
  mutable std::mutex mutex_;
  base::SeededRandom random_;
  FaultRates rates_;
  std::deque<Scripted<PutFault>> scripted_puts_;
  std::deque<Scripted<GetFault>> scripted_gets_;
  std::vector<Delayed> delayed_;
};

}  // namespace questnode::object_store
