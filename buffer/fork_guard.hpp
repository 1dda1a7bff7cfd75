#pragma once

#include <cstdint>

namespace questclient::buffer {

/// How often this process came out of a fork() as the child, counted from the first call on. Costs one load.
std::uint64_t fork_generation() noexcept;

/// A child inherits the descriptor and with it a share of the flock, so that the slot would stay locked after
/// its holder died. Descriptors named here are closed in every child. At most a few hundred; more are not
/// watched.
void close_in_children(int descriptor) noexcept;
void forget_in_children(int descriptor) noexcept;

}  // namespace questclient::buffer
