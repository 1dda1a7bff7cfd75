// Every key of the connect string: how it is read, its range, its default and what it means, in one table.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <questclient/options.hpp>

#include "config/address.hpp"

namespace questclient::config {

/// One key. The default is what a fresh Options holds; print() shows it.
struct Key {
  std::string_view name;
  std::string_view meaning;
  /// What a value looks like, for messages and for listings.
  std::string_view expects;
  std::uint64_t least = 0;  ///< Of numbers, in the key's own unit.
  std::uint64_t most = 0;
  std::string_view group = {};  ///< "hosts", "ILP", ...: where a listing shows it.
  bool is_secret = false;       ///< Its value stands in no message.
  bool may_be_absent = false;   ///< Of numbers: 0 or "off" turns it off, whatever `least` says.

  Fault (*parse)(const Key& key, Options& options, std::string_view value) = nullptr;
  /// The value as it would be written; empty if unset. Of secrets too: the caller hides them.
  std::string (*print)(const Options& options) = nullptr;
  /// The range, for options that were set by hand.
  Fault (*check)(const Key& key, const Options& options) = nullptr;
};

std::span<const Key> keys();

/// Null: there is no such key. Aliases ("user", "pass") give the key that they stand for.
const Key* find_key(std::string_view name);

/// Other names of a key.
std::vector<std::string> aliases_of(const Key& key);

/// The key that `name` was most likely meant to be, whatever its case; empty: none is near.
std::string_view nearest_key(std::string_view name);

/// Whether a name is a key, a known one, or a slip of the pen away from the nearest.
bool resembles_key(std::string_view name);

/// For a key that QuestDB's clients know and this version does not: what to do instead. Empty: not known.
std::string_view advice_for_unsupported(std::string_view name);

}  // namespace questclient::config
