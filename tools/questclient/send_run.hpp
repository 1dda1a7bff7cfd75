// One run of `send`: rows in, the wait for them, the account.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <questclient/sender.hpp>

#include "console.hpp"
#include "delivery_monitor.hpp"
#include "feeder.hpp"
#include "interruption.hpp"
#include "resume_signal.hpp"
#include "send_events.hpp"
#include "send_input.hpp"
#include "send_summary.hpp"

namespace questclient::tool {

struct SendSettings {
  Ack ack = Ack::committed;
  std::chrono::milliseconds timeout{0};
  std::uint64_t rate = 0;
  bool restart = false;
};

class SendRun {
 public:
  /// Opens the sender. Throws Error.
  SendRun(const Options& options, const SendSettings& settings, SendInput& input, Console& console);

  SendSummary run();

 private:
  /// Options for a sender whose waits are made here, where they can be interrupted.
  static Options sender_options(Options options);
  void find_start();
  void feed();
  void finish();
  void wait_for_rows(std::chrono::milliseconds timeout);
  void empty_slot(std::chrono::milliseconds timeout) const;
  bool are_safe(std::chrono::milliseconds timeout) const;
  void note_failure(const std::string& text);
  void tell_how_far();
  /// What keeps the rows from being safe, if something does.
  std::string trouble() const;
  std::string unsafe_rows(const std::string& why) const;

  const Options options_;
  const SendSettings settings_;
  SendInput& input_;
  Console& console_;
  SendEvents events_;
  Sender sender_;
  const Interruption interruption_;  // what comes while the sender is opened ends the process, as ever
  const ResumeSignal resume_signal_;
  DeliveryMonitor monitor_;
  std::optional<SentFiles> files_;  // where the input's place is kept
  bool all_sent_ = false;
  bool input_interrupted_ = false;
  std::optional<Feeder> feeder_;
  Fsn last_fsn_ = 0;  // of what is to be awaited
  SendSummary summary_;
};

}  // namespace questclient::tool
