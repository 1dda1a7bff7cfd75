#include "send_run.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "slot_text.hpp"

namespace questclient::tool {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookEvery{100};

/// On SIGUSR1. A sender that is closed meanwhile has nothing to go on with.
void resume(Sender& sender) {
  try {
    sender.resume();
  } catch (const Error&) {
  }
}

}  // namespace

Options SendRun::sender_options(Options options) {
  options.auto_flush = false;  // the rows come in frames of our own, with their place
  options.sf_append_deadline_millis = std::min(options.sf_append_deadline_millis, Feeder::kLongestFlush);
  options.close_flush_timeout_millis = std::chrono::milliseconds(0);
  return options;
}

SendRun::SendRun(const Options& options, const SendSettings& settings, SendInput& input, Console& console)
    : options_(options),
      settings_(settings),
      input_(input),
      console_(console),
      events_(console),
      sender_(sender_options(options), [this](const SenderEvent& event) { events_.take(event); }),
      resume_signal_([this] { resume(sender_); }),
      monitor_(sender_, console) {
  if (!options_.sf_dir.empty()) summary_.slot = options_.sf_dir + "/" + options_.sender_id;
  // Rows of an earlier run are awaited too, above all where this one adds none.
  if (const Stats stats = sender_.stats(); stats.slot_rows > 0) last_fsn_ = stats.last_fsn;
}

SendSummary SendRun::run() {
  find_start();
  if (!all_sent_) feed();
  finish();
  return summary_;
}

void SendRun::find_start() {
  if (summary_.slot.empty()) return;
  files_ = input_.sent_files();
  if (!files_) return;
  const auto position = sender_.position();
  if (!files_->read(position ? std::optional(position->token) : std::nullopt)) {
    files_.reset();
    console_.note("warning: slot " + summary_.slot +
                  " holds the position of another program, which is left as it is: how far the file is sent "
                  "is not kept, and another run sends it from the beginning");
    return;
  }
  const SentFiles::Start start = files_->start();
  if (settings_.restart) return;
  if (!start.note.empty()) console_.note(start.note);
  all_sent_ = start.all;
  summary_.rows_before = start.place.rows;
  summary_.last_line = start.place.last_row_line;
  if (!all_sent_ && start.place.offset > 0) input_.go_on_at(start.place);
}

void SendRun::feed() {
  Feeder::Settings settings{settings_.rate, options_.sf_append_deadline_millis, {}};
  if (files_)
    settings.position = [this](const Place& place, bool at_end) { return files_->token(place, at_end); };
  feeder_.emplace(sender_, input_.rows(), monitor_, interruption_, std::move(settings));
  input_.source().on_idle([this] { feeder_->flush(); });
  input_.source().interrupt_by(interruption_.descriptor());
  try {
    feeder_->run();
  } catch (const Interrupted&) {
    input_interrupted_ = true;
    note_failure("interrupted");
  } catch (const std::exception& error) {
    note_failure(error.what());
  }
  last_fsn_ = std::max(last_fsn_, feeder_->last_fsn());
  summary_.last_line = feeder_->taken().last_row_line;
  if (!summary_.failure.empty()) tell_how_far();
}

void SendRun::tell_how_far() {
  const Place& taken = feeder_->taken();
  std::string text = "no row was taken";
  if (taken.rows > 0) {
    text = "taken are " + counted(taken.rows, "row") + " of the input, the last of them on line " +
           with_commas(taken.last_row_line);
  }
  console_.note(text + (files_ ? "; the same command goes on behind that" : ""));
}

void SendRun::finish() {
  try {
    // Rows on disk need no wait for whoever wants to end; rows in memory get what closing a sender gives.
    if (!input_interrupted_) {
      wait_for_rows(settings_.timeout);
    } else if (summary_.slot.empty()) {
      if (!are_safe(options_.close_flush_timeout_millis))
        note_failure(unsafe_rows("interrupted") + trouble());
    }
    summary_.host = sender_.stats().connected_to;
    sender_.close();
  } catch (const Error& error) {
    const bool stopped = error.disposition() == Disposition::terminal;
    note_failure(stopped ? unsafe_rows("sending has stopped: " + why_stopped(error.server(), error.what()))
                         : error.what());
  }
  monitor_.stop();
  fill_in(summary_, sender_.stats(), monitor_);
  summary_.rows_empty = input_.empty_rows();
  if (summary_.rows_rejected > 0) explain_rejections(events_.rejections(), summary_, monitor_, console_);
}

void SendRun::wait_for_rows(std::chrono::milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  while (true) {
    const auto left = std::max(std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()),
                               std::chrono::milliseconds(0));
    if (are_safe(std::min(left, kLookEvery)))
      return empty_slot(std::min(left, options_.close_flush_timeout_millis));
    if (interruption_.requested()) return note_failure(unsafe_rows("interrupted") + trouble());
    if (left.count() > 0) continue;
    const char* what = is_tcp(options_.transport)      ? "sent"
                       : settings_.ack == Ack::durable ? "durable"
                                                       : "acknowledged";
    return note_failure(unsafe_rows("not every row was " + std::string(what) + " within --timeout") +
                        trouble());
  }
}

/// What closing a sender gives: rows that are as safe as asked may still wait until they are durable.
void SendRun::empty_slot(std::chrono::milliseconds timeout) const {
  const auto deadline = Clock::now() + timeout;
  try {
    while (Clock::now() < deadline && !interruption_.requested() && !sender_.drain(kLookEvery)) {
    }
  } catch (const Error&) {
    // Sending has stopped; what was asked for is reached.
  }
}

bool SendRun::are_safe(std::chrono::milliseconds timeout) const {
  try {
    // ILP over TCP has no answers: all that can be awaited is that the rows have left.
    return is_tcp(options_.transport) ? sender_.drain(timeout)
                                      : sender_.wait(last_fsn_, settings_.ack, timeout);
  } catch (const Error& error) {
    // Nobody is kept waiting for SIGUSR1 by rows that lie on the disk; those in memory have nothing else.
    if (!summary_.slot.empty() || error.disposition() != Disposition::terminal) throw;
    std::this_thread::sleep_for(std::min(timeout, kLookEvery));
    return false;
  }
}

void SendRun::note_failure(const std::string& text) {
  if (summary_.failure.empty()) summary_.failure = text;
  console_.note("error: " + text);
}

std::string SendRun::trouble() const {
  if (const std::string why = events_.stopped_by(); !why.empty()) return " Sending has stopped: " + why;
  const Stats stats = sender_.stats();
  // The event that tells why it has stopped may still be on its way.
  if (!stats.last_terminal_error.empty() || stats.last_error.empty()) return {};
  return " Last trouble: " + stats.last_error;
}

std::string SendRun::unsafe_rows(const std::string& why) const {
  if (summary_.slot.empty()) {
    return why +
           "; the slot is in memory, so rows that still wait are lost with this process. Give sf_dir in the "
           "connect string to keep them.";
  }
  return why + "; rows that still wait are kept in slot " + summary_.slot +
         " and are sent first by the next sender that opens it.";
}

}  // namespace questclient::tool
