// A server that fails at rows without ever saying which.
#pragma once

#include <functional>
#include <string>

#include "unit/sender/core_support.hpp"

namespace questclient::sender {

inline constexpr base::Time kLong = std::chrono::minutes(10);

/// Drives a rig against a server that fails at some requests, by default at those that hold '!'.
class PoisonedHost {
 public:
  PoisonedHost(Rig& rig, int status) : rig_(rig), status_(status) {}

  void run(base::Time until) {
    while (rig_.now < until && !rig_.core->stopped_by()) {
      if (rig_.is_write()) {
        write();
      } else if (rig_.request || rig_.core->next_deadline() == base::Time::max()) {
        if (!rig_.asks("/settings")) return;
        rig_.answer(200, {}, kPlain);
      } else {
        rig_.sleep_to_deadline();
        if (!rig_.request) rig_.connected();
      }
    }
  }

  std::string message = "oops";
  std::string accepted;
  int refusals = 0;
  /// Asked first: whether the request is refused as a bad row, with a line.
  std::function<bool(const std::string&)> answer_400 = [](const std::string&) { return false; };
  std::function<bool(const std::string&)> fails = [](const std::string& body) {
    return body.find('!') != std::string::npos;
  };

 private:
  void write() {
    const std::string body(rig_.request->body);
    rig_.now += milliseconds(1);
    if (answer_400(body)) return rig_.answer(400, {}, R"({"code":"invalid","message":"no","line":1})");
    if (!fails(body)) {
      accepted += body;
      return rig_.answer(204);
    }
    ++refusals;
    if (status_ != 0)
      return rig_.answer(status_, {}, R"({"code":"internal error","message":")" + message + "\"}");
    rig_.lose(net::NetError::Kind::closed);
    if (!rig_.request && rig_.core->next_deadline() == base::Time::max()) rig_.connected();
  }

  Rig& rig_;
  int status_;
};

}  // namespace questclient::sender
