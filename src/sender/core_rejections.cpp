// 400 and 413, and failing at rows without a word on them: splitting until one row stands alone.
#include <algorithm>

#include "sender/core_impl.hpp"

namespace questclient::sender {

void Core::Impl::on_bad_rows(const net::HttpResponse& response, base::Time now) {
  const Rejection rejection = words_of(response, in_flight->batch.rows);
  if (!rejection.about_rows()) {
    ++stats.write_errors;
    const std::string message =
        host_name() + " refuses the request itself, not its rows: " + rejection.message;
    if (options.on_write_error == ErrorPolicy::halt) {
      return halt(
          event(SenderEvent::Kind::halted, ErrorCode::rejected,
                message + " Sending has stopped and every row is kept, as on_write_error=halt asks for: mend "
                          "the cause and call resume().",
                Disposition::terminal));
    }
    warn_once(ErrorCode::rejected, message);
    return fail_busy(ErrorCode::rejected, message, now);
  }
  const ErrorPolicy policy = policy_of(rejection.kind);
  if (policy == ErrorPolicy::retry) {
    ++counter_of(rejection.kind);
    const std::string message =
        host_name() + " refuses rows, and the policy for such errors is retry: " + rejection.message +
        " Nothing behind them is sent before they are taken.";
    warn_once(ErrorCode::rejected, message);
    return fail_busy(ErrorCode::rejected, message, now);
  }
  if (rejection.row) {
    ++counter_of(rejection.kind);
    const base::StreamPosition at = in_flight->batch.row(*rejection.row);
    if (give_up_row(*in_flight, policy, ErrorCode::rejected, at, rejection.message, now)) walk.progressed();
    return;
  }
  // From the cursor, not from the batch: rows that the slot has lost in between belong to neither half.
  if (in_flight->batch.rows > 1)
    return search.refused(slot.cursor(), in_flight->batch.end(), in_flight->batch.rows);
  ++counter_of(rejection.kind);
  give_up_blindly(policy, rejection.message, now);
}

void Core::Impl::on_too_large(const net::HttpResponse& response, base::Time now) {
  if (in_flight->batch.rows > 1) {
    cut_bytes = std::max<std::size_t>(in_flight->batch.body.size() / 2, 1);
    cut_is_new = true;
    return;
  }
  ++stats.write_errors;
  std::string reason = words_of(response, 1).message;
  if (reason.empty()) reason = "413: the row is too large";
  if (options.on_write_error == ErrorPolicy::retry) {
    warn_once(ErrorCode::rejected, host_name() + ": " + reason);
    return fail_busy(ErrorCode::rejected, reason, now);
  }
  give_up_blindly(options.on_write_error, reason, now);
}

void Core::Impl::on_refused_compression() {
  refuses_gzip[host] = true;
  warn_once(ErrorCode::server,
            host_name() + " does not take compressed requests (415); it gets plain ones from now on.");
}

void Core::Impl::give_up_blindly(ErrorPolicy policy, const std::string& reason, base::Time now) {
  if (policy != ErrorPolicy::halt && ++blind_burials > kMaxBlindBurials) {
    blind_burials = 0;
    const std::string message = host_name() +
                                " refuses one row after the other and names no line: " + reason +
                                " The sender slows down; check that the server takes this data at all.";
    warn_once(ErrorCode::rejected, message);
    return fail_busy(ErrorCode::rejected, message, now);
  }
  give_up_row(*in_flight, policy, ErrorCode::rejected, in_flight->batch.begin(), reason, now);
}

bool Core::Impl::suspect_rows(const InFlight& request, ErrorPolicy policy, const std::string& reason,
                              base::Time now) {
  const bool on_trial = policy == ErrorPolicy::isolate;
  if (policy == ErrorPolicy::retry || request.witness || (on_trial && capabilities.has_tokens()))
    return false;
  if (on_trial && blames_the_system(reason)) return false;
  const Batch& batch = request.batch;
  if (poison.refused(batch.begin(), batch.end(), batch.rows, now) != Poison::Verdict::convicted) return false;
  if (on_trial && !trial.refused(batch.begin())) return false;
  if (give_up_row(request, policy, ErrorCode::server, batch.begin(), reason, now)) walk.progressed();
  return true;
}

}  // namespace questclient::sender
