#pragma once

#include <string_view>

namespace questnode::object_store {

/// Throws std::runtime_error that names the key unless every store can hold it: '/'-separated parts of
/// letters, digits and "-_.+=@:~", none empty, none beginning with '.', at most 255 bytes each, 900 in all.
void require_valid_key(std::string_view key);

/// Throws std::runtime_error unless the key may be overwritten: only nodes/<name>.
void require_replaceable_key(std::string_view key);

/// True for keys that `replace` may change, so that nothing about them can be cached.
bool is_replaceable_key(std::string_view key);

}  // namespace questnode::object_store
