#include "object_store/connection.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace questnode::object_store {
namespace {

constexpr std::array<std::string_view, 2> kKeys = {"root", "atomic_write_dir"};

[[noreturn]] void refuse(const std::string& why) {
  throw std::runtime_error("replication.object.store: " + why);
}

/// How many letters must be changed, added or removed to get from one word to the other.
std::size_t distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t changed = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row.back();
}

std::string_view nearest_key(std::string_view key) {
  return *std::min_element(kKeys.begin(), kKeys.end(), [&](std::string_view a, std::string_view b) {
    return distance(key, a) < distance(key, b);
  });
}

/// Takes "value;" off the front of `rest`; the last ';' may be missing.
std::string take_value(std::string_view& rest) {
  std::string value;
  while (!rest.empty()) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c == ';') {
      if (!rest.starts_with(';')) return value;
      rest.remove_prefix(1);
    }
    value += c;
  }
  return value;
}

}  // namespace

FsConnection parse_fs_connection(std::string_view connection) {
  const std::size_t colons = connection.find("::");
  if (colons == std::string_view::npos) refuse("expected \"fs::root=...;\", there is no \"::\"");
  const std::string_view scheme = connection.substr(0, colons);
  if (scheme != "fs") {
    refuse("object store \"" + std::string(scheme) + "\" is not known; this version knows fs");
  }
  FsConnection parsed;
  std::string_view rest = connection.substr(colons + 2);
  while (!rest.empty()) {
    const std::size_t equals = rest.find_first_of("=;");
    if (equals == std::string_view::npos || rest[equals] == ';') {
      refuse("key \"" + std::string(rest.substr(0, equals)) + "\" has no value");
    }
    const std::string key(rest.substr(0, equals));
    if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end()) {
      refuse("unknown key \"" + key + "\"; did you mean \"" + std::string(nearest_key(key)) + "\"?");
    }
    rest.remove_prefix(equals + 1);
    const std::string value = take_value(rest);
    if (value.empty()) refuse("key \"" + key + "\" has an empty value");
    std::filesystem::path& target = key == "root" ? parsed.root : parsed.atomic_write_dir;
    if (!target.empty()) refuse("key \"" + key + "\" is given twice");
    target = value;
  }
  if (parsed.root.empty()) refuse("key \"root\" is missing; expected \"fs::root=/path;\"");
  if (parsed.atomic_write_dir.empty()) parsed.atomic_write_dir = parsed.root / ".scratch";
  return parsed;
}

}  // namespace questnode::object_store
