// Who may use the HTTP routes, and for what: users with passwords, or tokens. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "node/config.hpp"

namespace questnode::node {

/// What somebody may do; each includes those before it.
enum class Access : std::uint8_t {
  none,  ///< 401
  read,  ///< What would change something is answered 403.
  write,
};

class Credentials {
 public:
  explicit Credentials(const Config& config);

  /// False: everybody is let in.
  bool required() const { return !known_.empty(); }
  /// What whoever sends this Authorization header may do. Takes as long for a wrong one as for a right
  /// one of the same length.
  Access access(std::string_view authorization) const;

 private:
  struct Known {
    std::string authorization;  ///< The whole header.
    Access access = Access::none;
  };
  std::vector<Known> known_;
};

}  // namespace questnode::node
