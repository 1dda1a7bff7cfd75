#include "base/random.hpp"

#include <stdexcept>
#include <sys/random.h>

namespace questclient::base {

std::uint64_t SystemRandom::next() {
  std::uint64_t value = 0;
  if (getrandom(&value, sizeof value, 0) != static_cast<ssize_t>(sizeof value)) {
    throw std::runtime_error("getrandom failed: the system offers no randomness");
  }
  return value;
}

}  // namespace questclient::base
