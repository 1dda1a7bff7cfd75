// Options that are right one by one and wrong together.
#pragma once

#include <cstdint>
#include <span>

#include <questclient/options.hpp>

#include "config/address.hpp"
#include "config/keys.hpp"

namespace questclient::config {

/// The first contradiction, as a sentence without its full stop that names the keys and what to do; empty:
/// there is none.
Fault contradiction(const Options& options);

/// sf_max_total_bytes, or what stands for it where it is unset.
std::uint64_t slot_quota(const Options& options);

/// A key that was given and that another one makes meaningless or contradicts; only the connect string can
/// tell.
Fault without_effect(const Options& options, std::span<const Key* const> given);

}  // namespace questclient::config
