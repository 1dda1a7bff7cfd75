#include "sender/secrets.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/es256.hpp"

namespace questclient::sender {
namespace {

/// A shorter one is hidden only with its scheme before it: it may stand in any text by chance.
constexpr std::size_t kShortest = 6;
constexpr std::string_view kBasic = "Basic ";

void hide_each(std::string& text, const std::vector<std::string>& secrets) {
  constexpr std::string_view kInstead = "***";
  for (const std::string& secret : secrets) {
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
      text.replace(at, secret.size(), kInstead);
      at += kInstead.size();
    }
  }
}

}  // namespace

void Secrets::renew(std::string_view authorization) {
  previous_ = std::exchange(current_, {});
  if (authorization.empty()) return;
  // The longest first: the others are parts of it.
  current_.emplace_back(authorization);
  std::vector<std::string> parts;
  parts.emplace_back(authorization.substr(std::min(authorization.find(' ') + 1, authorization.size())));
  if (authorization.starts_with(kBasic)) {
    try {
      parts.push_back(base::base64_decode(parts.front()));
      parts.push_back(parts.back().substr(parts.back().find(':') + 1));
    } catch (const std::invalid_argument&) {
      // Then nobody can read more out of it than we can.
    }
  }
  for (std::string& part : parts) {
    if (part.size() >= kShortest) current_.push_back(std::move(part));
  }
}

std::string Secrets::hide(std::string text) const {
  hide_each(text, current_);
  hide_each(text, previous_);
  return text;
}

}  // namespace questclient::sender
