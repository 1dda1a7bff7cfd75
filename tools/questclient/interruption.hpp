// Ctrl-C, SIGTERM and a reader that hangs up as something to ask for, so that a command can end cleanly.
#pragma once

namespace questclient::tool {

/// While one lives, SIGINT, SIGTERM, SIGHUP and SIGPIPE do not kill; those that were ignored stay so. One at
/// a time.
class Interruption {
 public:
  /// Throws std::system_error.
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  bool requested() const;
  /// Becomes readable, for poll(2), when it is requested.
  int descriptor() const;
};

}  // namespace questclient::tool
