#pragma once

#include <exception>
#include <string>

namespace questclient::buffer {

/// What to do about `failure` of the disk, as the end of a sentence.
std::string disk_advice(const std::exception& failure);

}  // namespace questclient::buffer
