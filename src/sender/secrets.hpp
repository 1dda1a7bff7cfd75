// Credentials, kept out of what servers say: some echo the request that they refuse.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace questclient::sender {

class Secrets {
 public:
  /// `authorization`: the header's value that is sent from now on, or empty. The one before it may still come
  /// back.
  void renew(std::string_view authorization);
  /// `text` without them.
  std::string hide(std::string text) const;

 private:
  std::vector<std::string> current_, previous_;
};

}  // namespace questclient::sender
