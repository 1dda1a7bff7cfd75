#include "config/shown_value.hpp"

#include <algorithm>
#include <vector>

#include "base/aes_gcm.hpp"
#include "config/keys.hpp"
#include "config/values.hpp"

namespace questclient::config {
namespace {

constexpr std::string_view kHidden = "***";

std::vector<std::string> secret_names() {
  std::vector<std::string> names;
  for (const Key& key : keys()) {
    if (!key.is_secret) continue;
    names.emplace_back(key.name);
    for (const std::string& alias : aliases_of(key)) names.push_back(alias);
  }
  return names;
}

/// Behind the first '=' that follows the name of a secret, whatever its case; the end: there is none.
std::size_t start_of_secret(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  std::size_t start = text.size();
  for (const std::string& name : secret_names()) {
    for (std::size_t at = lower.find(name); at != std::string::npos; at = lower.find(name, at + 1)) {
      const std::size_t equals = lower.find_first_not_of(' ', at + name.size());
      if (equals != std::string::npos && lower[equals] == '=') start = std::min(start, equals + 1);
    }
  }
  return start;
}

}  // namespace

bool is_slot_key(std::string_view value) {
  const auto is_digit = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  };
  return value.size() == 2 * base::kAesKeyBytes && std::all_of(value.begin(), value.end(), is_digit);
}

std::string shown_value(std::string_view value) {
  if (is_slot_key(value)) return std::string(kHidden);
  const std::size_t secret = start_of_secret(value);
  std::string text = join({value.substr(0, secret), secret < value.size() ? kHidden : ""});
  // A password may hold '@' too, so the last one counts.
  if (const std::size_t at = text.rfind('@'); at != std::string::npos) text.replace(0, at, kHidden);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  constexpr std::size_t kLongest = 100;
  return text.size() > kLongest ? text.substr(0, kLongest) + "..." : text;
}

}  // namespace questclient::config
