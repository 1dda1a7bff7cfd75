#include "sender/driver.hpp"

#include <algorithm>
#include <utility>

#include "sender/event_log.hpp"
#include "sender/handler_scope.hpp"

namespace questclient::sender {

namespace {

/// How long to leave it alone after the machine failed us, for example out of memory, or the slot's disk did.
constexpr std::chrono::seconds kRetryAfterFailure{1};
/// Between two looks at what nobody waits for: damage that was found, stats for those outside.
constexpr std::chrono::seconds kHousekeeping{1};

}  // namespace

Driver::Driver(DriverOptions options, std::unique_ptr<buffer::Slot> slot, const buffer::SlotReport& report,
               const base::Clock& clock, base::RandomSource& random, Handlers handlers,
               FlushTimer flush_timer)
    : options_(std::move(options)),
      clock_(clock),
      handlers_(std::move(handlers)),
      on_flush_timer_(std::move(flush_timer)),
      inbox_(options_.inbox_capacity),
      slot_(std::move(slot)),
      core_(std::make_unique<Core>(options_.core, *slot_, random)),
      later_(*slot_, [this] {
        // Taken and given back: nobody may be between looking and falling asleep.
        observed_mutex_.lock();
        observed_mutex_.unlock();
        observed_changed_.notify_all();
      }) {
  slot_->on_event([this](const buffer::SlotEvent& event) { on_slot_event(event); });
  slot_->on_appended([this] { on_appended(); });
  loop_.post([this, report] {
    report_damage(report.damage);
    report_unsynced(report.unsynced_from);
    handle([](Core& core, base::Time now) { return core.start(now); });
  });
}

Driver::~Driver() {
  stop();
}

void Driver::start() {
  if (is_started_.load(std::memory_order_acquire)) return;
  const std::lock_guard once(start_mutex_);
  if (is_started_) return;
  thread_ = std::thread([this] { loop_.run(); });
  is_started_ = true;
}

void Driver::stop() {
  const std::lock_guard once(stop_mutex_);
  if (!core_) return;
  {
    // A thread that begins is ended below; from here on none begins.
    const std::lock_guard starting(start_mutex_);
    is_started_ = true;
  }
  loop_.stop();
  if (thread_.joinable()) thread_.join();
  connections_.clear();
  slot_->end_appends();  // what they bring counts
  std::unique_ptr<buffer::Slot> slot;
  {
    const std::scoped_lock lock(core_mutex_, observed_mutex_);
    final_stats_ = stats_locked();
    observed_.drained = final_stats_.slot_frames == 0;
    observed_.position = slot_->position();
    observed_.stopped = true;
    core_.reset();
    slot = std::move(slot_);
  }
  observed_changed_.notify_all();
  slot.reset();
  report_given_up();
}

void Driver::report_given_up() {
  SenderEvent lost;
  lost.rows = later_.rows_given_up();
  if (lost.rows == 0) return;
  lost.kind = SenderEvent::Kind::rows_dropped;
  lost.code = ErrorCode::rows_dropped;
  lost.disposition = Disposition::terminal;
  lost.message = std::to_string(lost.rows) +
                 " rows that were flushed in the background are lost: the slot did not take them before the "
                 "sender was closed. Use flush(), or close later.";
  deliver(lost);
}

Fsn Driver::append(const buffer::AppendRows& rows) {
  start();
  return slot_->append(rows);
}

LaterAppends& Driver::later() {
  start();
  return later_;
}

std::optional<std::string> Driver::position() const {
  const std::scoped_lock lock(core_mutex_, observed_mutex_);
  return slot_ ? slot_->position() : observed_.position;
}

void Driver::on_appended() {
  // One post stands for every append until it runs: it is cleared before the slot is read.
  if (append_posted_.exchange(true)) return;
  loop_.post([this] {
    append_posted_ = false;
    handle([](Core& core, base::Time now) { return core.on_appended(now); });
  });
}

void Driver::on_slot_event(const buffer::SlotEvent& found) {
  using Kind = buffer::SlotEvent::Kind;
  if (found.kind == Kind::rows_dropped) {
    on_rows_dropped(found);
    return;
  }
  SenderEvent event;
  event.kind = found.kind == Kind::filling ? SenderEvent::Kind::slot_filling : SenderEvent::Kind::slot_io;
  event.code = found.kind == Kind::filling ? ErrorCode::slot_full : ErrorCode::slot_io;
  event.message = found.message;
  tell(std::move(event));
}

void Driver::on_rows_dropped(const buffer::SlotEvent& found) {
  {
    const std::lock_guard lock(dropped_mutex_);
    if (dropped_) {
      dropped_->end = found.end;
      dropped_->rows += found.rows;
      return;
    }
    dropped_ = found;
  }
  // One post stands for every drop until it runs: a producer that goes on may drop faster than we tell.
  loop_.post([this] {
    std::unique_lock lock(dropped_mutex_);
    const buffer::SlotEvent all = *std::exchange(dropped_, std::nullopt);
    lock.unlock();
    handle(
        [&](Core& core, base::Time now) { return core.on_rows_dropped(all.first, all.end, all.rows, now); });
  });
}

void Driver::handle(const Event& event) {
  std::vector<Action> actions;
  std::optional<Capabilities> capabilities;
  std::optional<SenderEvent> stopped_by;
  std::string failure;
  try {
    const std::lock_guard lock(core_mutex_);
    const HandlerScope deciding(&core_mutex_);
    actions = event(*core_, clock_.now());
    capabilities = core_->capabilities();
    stopped_by = core_->stopped_by();
  } catch (const std::exception& error) {
    failure = error.what();
  }
  if (!failure.empty()) {
    SenderEvent warning;
    warning.message = failure + " Trying again in a second.";
    deliver(warning);
    retry_at_ = clock_.now() + kRetryAfterFailure;
  }
  observe(actions, capabilities, std::move(stopped_by));
  carry_out(std::move(actions));
  arm_timer();
  arm_housekeeping();
  tell_waiting();
  call_deferred();
}

/// Most events only put a request on its way. To wake those who wait for its answer would cost each of them
/// two switches of threads for nothing.
void Driver::tell_waiting() {
  {
    const std::lock_guard lock(observed_mutex_);
    const bool round_failed = connections_.empty() && !observed_.was_connected;
    observed_.changes += round_failed != observed_.round_failed;
    observed_.round_failed = round_failed;
    // Those who drain always: a trim, which is no change here, may have emptied the slot.
    if (std::exchange(told_changes_, observed_.changes) == observed_.changes && draining_ == 0) return;
  }
  observed_changed_.notify_all();
}

/// First of all, so that who waits for rows finds their rejection before their acknowledgement.
void Driver::observe(const std::vector<Action>& actions, const std::optional<Capabilities>& capabilities,
                     std::optional<SenderEvent> stopped_by) {
  using Kind = SenderEvent::Kind;
  const std::lock_guard lock(observed_mutex_);
  if (capabilities && observed_.durable_offered != capabilities->tells_durable()) {
    observed_.durable_offered = capabilities->tells_durable();
    ++observed_.changes;
  }
  if (!observed_.resuming) {
    observed_.changes += stopped_by.has_value() != observed_.stopped_by.has_value();
    observed_.stopped_by = std::move(stopped_by);
  }
  for (const Action& action : actions) {
    const auto* report = std::get_if<Report>(&action);
    if (report == nullptr) continue;
    const SenderEvent& event = report->event;
    if (event.kind == Kind::connected) {
      observed_.was_connected = true;
      ++observed_.changes;
    }
    if (event.kind != Kind::rows_rejected && (event.kind != Kind::rows_dropped || event.fsn == 0)) continue;
    if (observed_.rejections.size() == kRememberedRejections) observed_.rejections.pop_front();
    observed_.rejections.push_back(event);
  }
}

void Driver::arm_timer() {
  base::Time deadline = base::Time::max();
  {
    const std::lock_guard lock(core_mutex_);
    deadline = core_->next_deadline();
  }
  if (retry_at_) deadline = std::min(deadline, *retry_at_);
  if (deadline == armed_for_) return;
  armed_for_ = deadline;
  if (deadline == base::Time::max()) {
    timer_.cancel();
    return;
  }
  timer_.set(deadline, [this] {
    armed_for_ = base::Time::max();
    if (retry_at_ && *retry_at_ <= clock_.now()) {
      retry_at_.reset();
      handle([](Core& core, base::Time now) { return core.on_appended(now); });
    }
    handle([](Core& core, base::Time now) { return core.on_timer(now); });
  });
}

void Driver::arm_housekeeping() {
  if (housekeeping_armed_) return;
  housekeeping_armed_ = true;
  housekeeping_.set(clock_.now() + kHousekeeping, [this] {
    housekeeping_armed_ = false;  // armed again by the next event: an idle sender wakes up for nothing
    keep_house();
  });
}

void Driver::keep_house() {
  try {
    report_damage(slot_->take_damage());
    if (options_.publishes_stats) slot_->publish_stats(to_json(stats()));
  } catch (const std::exception& error) {
    SenderEvent warning;
    warning.message = error.what();
    deliver(warning);
  }
}

void Driver::arm_flush_timer(base::Time when) {
  start();
  loop_.post([this, when] { flush_timer_.set(when, [this] { run_flush_timer(); }); });
}

void Driver::run_flush_timer() {
  const auto next = on_flush_timer_(clock_.now());
  if (next) flush_timer_.set(*next, [this] { run_flush_timer(); });
}

void Driver::report_damage(const std::vector<buffer::SlotReport::Damage>& damage) {
  for (const auto& found : damage) {
    SenderEvent event;
    event.kind = SenderEvent::Kind::segment_damaged;
    event.code = ErrorCode::slot_damaged;
    event.message = found.message + " It lies in " + found.file + ".";
    event.position = found.position;
    deliver(event);
  }
}

void Driver::report_unsynced(Fsn first) {
  if (first == 0) return;
  SenderEvent event;
  event.kind = SenderEvent::Kind::warning;
  event.code = ErrorCode::rows_missing;
  event.disposition = Disposition::fix_and_resend;
  event.fsn = first;
  event.message =
      "The machine went down before the slot's newest transaction was on the disk: what it held, frame " +
      std::to_string(first) +
      " and perhaps more, or a position, is lost, and the number is given again. Go on from position(), or "
      "send these rows again from their source; sf_durability=flush keeps what flush() returned for.";
  deliver(event);
}

Fsn Driver::acked_fsn() const {
  const std::lock_guard lock(observed_mutex_);
  return observed_.acked;
}

Fsn Driver::durable_fsn() const {
  const std::lock_guard lock(observed_mutex_);
  return observed_.durable;
}

Stats Driver::stats() const {
  const std::scoped_lock lock(core_mutex_, observed_mutex_);
  Stats stats = core_ ? stats_locked() : final_stats_;
  stats.dropped_notifications = inbox_.dropped();
  stats.rows_dropped += later_.rows_given_up();
  if (options_.add_stats) options_.add_stats(stats);
  return stats;
}

Stats Driver::stats_locked() const {
  Stats stats = core_->stats();
  const buffer::SlotStats slot = slot_->stats();
  stats.last_fsn = slot.end - 1;
  stats.acked_fsn = observed_.acked;
  stats.durable_fsn = observed_.durable;
  stats.bytes_on_wire = bytes_on_wire_;
  stats.slot_frames = slot.frames;
  stats.slot_rows = slot.rows;
  stats.slot_bytes = slot.bytes;
  stats.slot_max_bytes = options_.slot_max_bytes;
  stats.memory_bytes = slot.memory_bytes;
  stats.backpressure_stalls = slot.backpressure_stalls;
  stats.backpressure_time = std::chrono::nanoseconds(slot.backpressure_nanos);
  stats.slot_io_errors = slot.io_errors;
  stats.slot_syncs = slot.syncs;
  stats.dead_letters = slot.dead_letters;
  stats.dead_letter_bytes = slot.dead_letter_bytes;
  if (slot.frames > 0 && slot.oldest_wall_nanos > 0) {
    stats.oldest_frame_age =
        std::chrono::nanoseconds(std::max<std::int64_t>(clock_.wall_nanos() - slot.oldest_wall_nanos, 0));
  }
  if (const auto stopped_by = core_->stopped_by()) stats.last_terminal_error = stopped_by->message;
  return stats;
}

}  // namespace questclient::sender
