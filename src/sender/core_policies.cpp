// What becomes of a refused row; stopping and going on.
#include <algorithm>
#include <utility>

#include <questclient/error.hpp>

#include "base/kill_point.hpp"
#include "sender/core_impl.hpp"

namespace questclient::sender {

using Kind = SenderEvent::Kind;

ErrorPolicy Core::Impl::policy_of(RefusalKind kind) const {
  if (kind == RefusalKind::schema) return options.on_schema_error;
  return kind == RefusalKind::parse ? options.on_parse_error : options.on_write_error;
}

std::uint64_t& Core::Impl::counter_of(RefusalKind kind) {
  if (kind == RefusalKind::schema) return stats.schema_errors;
  return kind == RefusalKind::parse ? stats.parse_errors : stats.write_errors;
}

bool Core::Impl::give_up_row(const InFlight& request, ErrorPolicy policy, ErrorCode code,
                             base::StreamPosition at, const std::string& reason, base::Time now) {
  const auto holds = [&at](const base::FramePtr& frame) { return frame->fsn == at.fsn; };
  const base::Frame& frame = **std::find_if(request.frames.begin(), request.frames.end(), holds);
  if (policy == ErrorPolicy::halt) {
    SenderEvent why =
        event(Kind::halted, code,
              host_name() + " refuses a row, and the policy for such errors is halt: " + reason +
                  what_to_do_when_stopped("mend the cause", "another policy"),
              Disposition::terminal);
    why.fsn = at.fsn;
    why.first_row = at.row;
    why.rows = 1;
    halt(std::move(why));
    return false;
  }
  if (policy == ErrorPolicy::drop) {
    drop_row(at, reason);
  } else if (!bury(frame, at, reason, now)) {
    return false;
  }
  slot.take_out(frame, at.row, 1);
  slot.settle(trims_at_durable(), capabilities);
  search.removed(request.batch.rows);
  poison.passed(slot.cursor());
  if (++burials >= kBurialsBeforeWarning && (burials & (burials - 1)) == 0) {
    report(event(Kind::warning, code,
                 host_name() + " has refused " + std::to_string(burials) +
                     " rows in a row, each of which is in the dead letters or dropped. The last: " + reason));
  }
  report_progress();
  return true;
}

bool Core::Impl::bury(const base::Frame& frame, base::StreamPosition at, const std::string& reason,
                      base::Time now) {
  buffer::DeadLetter letter;
  letter.stream = frame.stream;
  letter.fsn = at.fsn;
  letter.first_row = at.row;
  letter.payload = std::string(row_bytes(frame, at.row));
  letter.reason = reason;
  letter.host = host_name();
  try {
    store.bury(letter);
  } catch (const Error& error) {
    hold(error, now);
    return false;
  }
  base::kill_point("sender.after_bury");
  ++stats.rows_rejected;
  SenderEvent rejected = event(Kind::rows_rejected, ErrorCode::rejected, reason, Disposition::fix_and_resend);
  rejected.fsn = at.fsn;
  rejected.first_row = at.row;
  rejected.rows = 1;
  report(std::move(rejected));
  return true;
}

void Core::Impl::drop_row(base::StreamPosition at, const std::string& reason) {
  ++stats.rows_dropped;
  SenderEvent dropped =
      event(Kind::rows_dropped, ErrorCode::rows_dropped,
            host_name() + " refuses a row, and the policy for such errors is drop: " + reason,
            Disposition::fix_and_resend);
  dropped.fsn = at.fsn;
  dropped.first_row = at.row;
  dropped.rows = 1;
  report(std::move(dropped));
}

void Core::Impl::halt(SenderEvent why) {
  stats.last_error = stats.last_terminal_error = why.message;
  leave();
  stop_looking();
  phase = Phase::stopped;
  stopped_by = why;
  report(std::move(why));
}

void Core::Impl::on_unauthorised(const std::string& what, base::Time now) {
  ++stats.security_errors;
  if (options.asks_for_tokens) {
    stats.last_error = what;
    leave(what);
    // A token that ran out is what the source of tokens is there for; one that is fresh and refused is not.
    if (!std::exchange(unauthorised_reported, true)) {
      report(event(Kind::unauthorised, ErrorCode::unauthorised,
                   what + " Every row is kept; sending goes on with the next token that is taken."));
    }
    return ask_token(now);
  }
  if (options.on_security_error == ErrorPolicy::retry) {
    warn_once(ErrorCode::unauthorised, what + " Every row is kept, and the sender goes on trying.");
    return fail_busy(ErrorCode::unauthorised, what, now);
  }
  halt(event(Kind::unauthorised, ErrorCode::unauthorised,
             what + what_to_do_when_stopped("mend the rights there", "another username, password or token"),
             Disposition::terminal));
}

void Core::Impl::ask_token(base::Time now) {
  stop_looking();
  phase = Phase::unarmed;
  if (now >= next_token_at) {
    actions.emplace_back(AskToken{});
    next_token_at = now + kTokenPause;
  }
  wake_at = next_token_at;
}

void Core::Impl::on_token(std::string_view token, base::Time now) {
  // What a token is read from often ends in a line end.
  token = token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
  if (token.empty()) return;
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  const auto control = std::find_if(token.begin(), token.end(), is_control);
  if (control != token.end()) return report_bad_token(static_cast<std::size_t>(control - token.begin()));
  bad_token_reported = false;
  options.authorization = "Bearer " + std::string(token);
  secrets.renew(options.authorization);
  on_fresh_token(now);
}

void Core::Impl::report_bad_token(std::size_t at) {
  stats.last_error = "Handlers::token gave a token with a control character, byte " + std::to_string(at + 1) +
                     ": no header can hold it. It counts as none; give the bare token.";
  if (std::exchange(bad_token_reported, true)) return;
  SenderEvent told = event(Kind::warning, ErrorCode::unauthorised, stats.last_error);
  told.host.clear();
  report(std::move(told));
}

void Core::Impl::on_fresh_token(base::Time now) {
  const bool stopped = stopped_by && stopped_by->kind == Kind::unauthorised;
  if (phase != Phase::unarmed && !stopped) return;
  if (stopped) go_on("there is a fresh token");
  walk.progressed();
  walk_on(now);
}

void Core::Impl::resume(base::Time now) {
  go_on("resume() was called");
  // What it was held against before does not count any more.
  unauthorised_reported = false;
  blind_burials = conflicts = 0;
  poison = Poison(options.max_frame_rejections, options.poison_window);
  trial = Trial();
  for (std::string& message : warned) message.clear();
  walk.progressed();
  if (!std::exchange(resumed_in_vain, true)) return walk_on(now);
  // An application that resumes whatever happens must not make us knock without a pause.
  phase = Phase::sleeping;
  wake_at = now + resume_pause.next(random);
}

void Core::Impl::go_on(const std::string& why) {
  stopped_by.reset();
  stats.last_terminal_error.clear();
  report(event(Kind::resumed, last_code, "Sending goes on, as " + why + "."));
}

}  // namespace questclient::sender
