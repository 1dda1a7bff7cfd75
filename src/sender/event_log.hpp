// Where a sender's events go when the application has no handler for them.
#pragma once

#include <questclient/sender.hpp>

namespace questclient::sender {

/// Writes warnings and worse to standard error; all is quiet while all is well.
std::function<void(const SenderEvent&)> log_to_stderr();

}  // namespace questclient::sender
