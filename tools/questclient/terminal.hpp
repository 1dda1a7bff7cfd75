// A view that is drawn again and again until somebody ends it.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "interruption.hpp"

namespace questclient::tool {

/// Takes over the screen where standard output is a terminal, and gives it back on destruction. One at a
/// time.
class Terminal {
 public:
  /// `whole_screen`: draw in place, if standard output is a terminal.
  explicit Terminal(bool whole_screen);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  std::size_t columns() const;
  /// Throws cli::OutputError.
  void show(const std::string& text);
  /// False: q, Ctrl-C or SIGTERM came before the time was over.
  bool wait(std::chrono::milliseconds time);

 private:
  std::string fitting(const std::string& text) const;

  Interruption interruption_;
  bool screen_ = false;
  bool keyboard_ = false;
};

}  // namespace questclient::tool
