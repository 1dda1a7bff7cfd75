// Where log lines go.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace questclient {

enum class LogLevel : std::uint8_t { debug, info, warning, error, off };

using LogSink = std::function<void(LogLevel level, std::string_view line)>;

/// Gives every later line of the library to `sink`, from whatever thread it is written on, one at a time,
/// under no lock of a sender. An empty function restores the default: standard error, through spdlog.
/// Thread-safe. Secrets stand in no line.
void set_log_sink(LogSink sink);
/// Lines below it are not written. Default: warning.
void set_log_level(LogLevel level);
LogLevel log_level() noexcept;

/// The library's own way to write a line; never throws.
void log(LogLevel level, std::string_view line) noexcept;

}  // namespace questclient
