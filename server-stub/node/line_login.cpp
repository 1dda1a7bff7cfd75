#include "node/line_login.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "base/es256.hpp"

namespace questnode::node {
namespace {

constexpr std::size_t kChallengeBytes = 512;
constexpr std::size_t kMaxLine = 1024;  // Longer than any key id or signature.
constexpr std::string_view kAlgorithm = "ec-p-256-sha256";
constexpr std::string_view kReadOnly = "readonly";

}  // namespace

LineKeys LineKeys::parse(std::string_view text) {
  LineKeys keys;
  std::istringstream lines{std::string(text)};
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string id;
    std::string algorithm;
    Key key;
    std::string rest;
    if (!(words >> id)) continue;
    const bool four = (words >> algorithm >> key.x >> key.y) && algorithm == kAlgorithm;
    if (words >> rest) key.may_write = false;
    if (!four || (!key.may_write && rest != kReadOnly) || (words >> rest)) {
      throw std::runtime_error(
          "line.tcp.auth.db.path: line " + std::to_string(number) +
          " is not of the form <key id> ec-p-256-sha256 <x> <y>, with or without readonly");
    }
    if (!keys.keys_.emplace(id, key).second)
      throw std::runtime_error("line.tcp.auth.db.path: the key id " + id + " stands twice");
  }
  return keys;
}

const LineKeys::Key* LineKeys::find(const std::string& id) const {
  const auto at = keys_.find(id);
  return at == keys_.end() ? nullptr : &at->second;
}

std::string LineLogin::take(std::string_view& bytes) {
  if (state_ == State::accepted || state_ == State::refused) return {};
  const std::size_t end = bytes.find('\n');
  const std::size_t taken = std::min(end, bytes.size());
  line_ += bytes.substr(0, std::min(taken, kMaxLine + 1));
  bytes.remove_prefix(end == std::string_view::npos ? taken : end + 1);
  if (line_.size() > kMaxLine) state_ = State::refused;
  if (end == std::string_view::npos || state_ == State::refused) return {};
  if (state_ == State::signature) {
    state_ = verify() ? State::accepted : State::refused;
    return {};
  }
  id_ = std::exchange(line_, {});
  state_ = State::signature;
  challenge_ = make_challenge();
  return challenge_ + "\n";
}

std::string LineLogin::make_challenge() {
  constexpr unsigned char kFirst = 0x20;  // Printable characters.
  constexpr std::uint64_t kCount = 0x7F - kFirst;
  std::string challenge;
  for (std::size_t i = 0; i < kChallengeBytes; ++i)
    challenge += static_cast<char>(kFirst + random_.below(kCount));
  return challenge;
}

bool LineLogin::verify() const {
  const LineKeys::Key* const key = keys_.find(id_);
  if (key == nullptr || !key->may_write) return false;
  try {
    return base::es256_verify(key->x, key->y, challenge_, base::base64_decode(line_));
  } catch (const std::invalid_argument&) {
    return false;
  }
}

}  // namespace questnode::node
