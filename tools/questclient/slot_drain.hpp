// Emptying a slot with a sender of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include <questclient/options.hpp>

#include "cli/arguments.hpp"
#include "console.hpp"

namespace questclient::tool {

struct Drained {
  bool empty = false;
  std::uint64_t rows = 0;  ///< Delivered.
  std::uint64_t rows_left = 0;
  std::uint64_t rows_rejected = 0;
  std::uint64_t rows_missing = 0;
  std::string host;
  std::string failure;  ///< Why it is not empty.
};

/// Until the slot is empty, sending stops, the time is over or Ctrl-C. Throws Error: slot_locked, slot_io,
/// ...
Drained drain_slot(Options options, const std::filesystem::path& slot, std::chrono::milliseconds timeout,
                   Console& console);
/// Prints it and returns the exit code.
int report_drained(const Drained& drained, bool as_json);

/// Runs `work`, which opens the slot; where another process holds it, says so as a tool: it has no other
/// sender_id to take.
void naming_the_holder(const std::filesystem::path& slot, const std::function<void()>& work);

/// Of --conf and --key. Throws cli::UsageError.
Options drain_options(const cli::ParsedArguments& arguments);

}  // namespace questclient::tool
