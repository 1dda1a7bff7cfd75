// Whether this process is a child of the one that made an object.
#pragma once

#include <cstdint>

namespace questclient::base {

/// Differs in every child of fork(). Costs one load: unlike getpid(), it may be asked on every call.
std::uint32_t fork_generation() noexcept;

}  // namespace questclient::base
