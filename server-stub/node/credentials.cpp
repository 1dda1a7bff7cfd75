#include "node/credentials.hpp"

#include "base/es256.hpp"

namespace questnode::node {
namespace {

bool equal(std::string_view expected, std::string_view given) {
  if (expected.size() != given.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    difference |= static_cast<unsigned>(static_cast<unsigned char>(expected[i] ^ given[i]));
  }
  return difference == 0;
}

}  // namespace

Credentials::Credentials(const Config& config) {
  const auto add = [this](const HttpLogin& login, Access access) {
    if (!login.user.empty())
      known_.push_back({"Basic " + base::base64_encode(login.user + ":" + login.password), access});
    if (!login.token.empty()) known_.push_back({"Bearer " + login.token, access});
  };
  add(config.http_login, Access::write);
  add(config.http_reader, Access::read);
}

Access Credentials::access(std::string_view authorization) const {
  Access access = required() ? Access::none : Access::write;
  for (const Known& each : known_) {
    if (equal(each.authorization, authorization)) access = each.access;
  }
  return access;
}

}  // namespace questnode::node
