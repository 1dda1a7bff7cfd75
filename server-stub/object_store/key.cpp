#include "object_store/key.hpp"

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <string>

namespace questnode::object_store {
namespace {

constexpr std::size_t kMaxKeyBytes = 900;
constexpr std::size_t kMaxPartBytes = 255;

[[noreturn]] void refuse(std::string_view key, const char* why) {
  throw std::runtime_error("object key \"" + std::string(key) + "\" is not valid: " + why);
}

bool is_allowed(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("-_.+=@:~").find(c) != std::string_view::npos;
}

void require_valid_part(std::string_view key, std::string_view part) {
  if (part.empty()) refuse(key, "a part between slashes is empty");
  if (part.front() == '.') refuse(key, "a part begins with '.'");
  if (part.size() > kMaxPartBytes) refuse(key, "a part is longer than 255 bytes");
  if (!std::all_of(part.begin(), part.end(), is_allowed)) {
    refuse(key, "only letters, digits and -_.+=@:~ may stand in a part");
  }
}

}  // namespace

void require_valid_key(std::string_view key) {
  if (key.size() > kMaxKeyBytes) refuse(key.substr(0, kMaxKeyBytes), "it is longer than 900 bytes");
  std::string_view rest = key;
  for (std::size_t slash = rest.find('/'); slash != std::string_view::npos; slash = rest.find('/')) {
    require_valid_part(key, rest.substr(0, slash));
    rest.remove_prefix(slash + 1);
  }
  require_valid_part(key, rest);
}

bool is_replaceable_key(std::string_view key) {
  return key.starts_with("nodes/");
}

void require_replaceable_key(std::string_view key) {
  require_valid_key(key);
  if (!is_replaceable_key(key)) refuse(key, "only nodes/<name> may be overwritten");
}

}  // namespace questnode::object_store
