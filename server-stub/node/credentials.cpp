#include "node/credentials.hpp"

#include "base/es256.hpp"

namespace questnode::node {
namespace {

bool equal(std::string_view expected, std::string_view given) {
  if (expected.empty() || expected.size() != given.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    difference |= static_cast<unsigned>(static_cast<unsigned char>(expected[i] ^ given[i]));
  }
  return difference == 0;
}

}  // namespace

Credentials::Credentials(const Config& config) {
  if (!config.http_user.empty())
    basic_ = "Basic " + base::base64_encode(config.http_user + ":" + config.http_password);
  if (!config.http_token.empty()) bearer_ = "Bearer " + config.http_token;
}

bool Credentials::accepts(std::string_view authorization) const {
  const bool basic = equal(basic_, authorization);
  const bool bearer = equal(bearer_, authorization);
  return !required() || basic || bearer;
}

}  // namespace questnode::node
