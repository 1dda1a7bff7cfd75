// Values as they may stand in a message.
#pragma once

#include <string>
#include <string_view>

namespace questclient::config {

/// Without what may be a secret that was written to the wrong place: all before '@', all after the name of a
/// secret key and '=', a slot's key. Long ones are cut, control characters replaced.
std::string shown_value(std::string_view value);

/// The digits of a slot's key, where the name of its file belongs. A file of such a name: "./0123...".
bool is_slot_key(std::string_view value);

}  // namespace questclient::config
