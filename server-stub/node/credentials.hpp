// Who may use the HTTP routes: a user with a password, or a token. Pure.
#pragma once

#include <string>
#include <string_view>

#include "node/config.hpp"

namespace questnode::node {

class Credentials {
 public:
  explicit Credentials(const Config& config);

  /// False: everybody is let in.
  bool required() const { return !basic_.empty() || !bearer_.empty(); }
  /// Whether the Authorization header is one of those expected. Takes as long for a wrong one as for a right
  /// one of the same length.
  bool accepts(std::string_view authorization) const;

 private:
  std::string basic_;   ///< The whole header; empty: not offered.
  std::string bearer_;  ///< The same.
};

}  // namespace questnode::node
