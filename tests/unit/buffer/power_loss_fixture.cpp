#include "power_loss_fixture.hpp"

#include <map>
#include <set>

#include "buffer/dead_letters.hpp"

namespace questclient::buffer {

namespace fs = std::filesystem;

void PowerLossTest::record() {
  disk_.emplace(root_ / "disk", random_.next());
  disk_->at_each_instant([this] { take(false); });
}

void PowerLossTest::stop_recording() {
  slot_.reset();
  disk_.reset();
}

void PowerLossTest::promise(const std::function<void(Promise&)>& change) {
  const std::lock_guard<std::mutex> lock(mutex_);
  change(promise_);
}

void PowerLossTest::cut() {
  take(true);
}

// What is promised is noted before the disk is looked at: it never shrinks.
void PowerLossTest::take(bool always) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!always && choice_.below(instants_per_state_) != 0) return;
  const Promise before = promise_;
  taken_.push_back({disk_->cut(), before});
}

DeadLetter PowerLossTest::letter_of(Fsn fsn) {
  DeadLetter letter;
  letter.stream.bytes[0] = 9;
  letter.fsn = fsn;
  letter.payload = "refused row of " + std::to_string(fsn) + "\n";
  letter.reason = "cast error";
  return letter;
}

Fsn PowerLossTest::append_next(bool automatic) {
  Fsn fsn = 0;
  promise([&](Promise& now) { fsn = ++now.attempted; });
  const Rows rows = rows_for(fsn, kBytes);
  EXPECT_EQ(slot_->append({rows.payload, rows.lengths, position_of(fsn), automatic}), fsn);
  const bool kept = options_.durability == SlotDurability::append ||
                    (options_.durability == SlotDurability::flush && !automatic);
  if (kept) promise([&](Promise& now) { now.kept = fsn; });
  return fsn;
}

void PowerLossTest::bury_next() {
  Fsn fsn = 0;
  promise([&](Promise& now) { fsn = ++now.buried_attempted; });
  slot_->bury(letter_of(fsn));
  promise([&](Promise& now) { now.buried = fsn; });
}

std::vector<std::string> PowerLossTest::look_at_states() {
  std::vector<std::string> problems;
  for (const State& state : taken_) {
    ++states_;
    std::vector<std::string> found;
    look_at(state, found);
    if (found.empty()) continue;
    std::string files = " (left:";
    for (const auto& [path, content] : state.left) {
      const std::string name = std::filesystem::path(path).filename().string();
      if (problems.empty()) files += " " + name + "=" + std::to_string(content.size());
    }
    for (const std::string& problem : found)
      problems.push_back(problem + "; kept " + std::to_string(state.promise.kept) + " of " +
                         std::to_string(state.promise.attempted) + ", trimmed " +
                         std::to_string(state.promise.trimmed) + files + ")");
  }
  taken_.clear();
  return problems;
}

void PowerLossTest::look_at(const State& state, std::vector<std::string>& problems) {
  const fs::path where = root_ / "left";
  lay_out(state.left, where);
  SlotOptions options = options_;
  options.sf_dir = (where / "slots").string();
  options.durability = SlotDurability::memory;
  try {
    SlotReport report;
    const auto slot = Slot::open(options, clock_, random_, report);
    look_into(*slot, report, state.promise, problems);
    look_at_letters(fs::path(options.sf_dir) / options.sender_id, state.promise, problems);
  } catch (const std::exception& failure) {
    problems.push_back(std::string("it does not open: ") + failure.what());
  }
}

void PowerLossTest::look_into(Slot& slot, SlotReport& report, const Promise& promise,
                              std::vector<std::string>& problems) {
  const auto require = [&](bool holds, const std::string& what) {
    if (!holds) problems.push_back(what);
  };
  const auto number = [](Fsn fsn) { return std::to_string(fsn); };
  std::set<Fsn> seen;
  for (Fsn next = 0;;) {
    const auto some = slot.read(next, 1 << 20, 100);
    if (some.empty()) break;
    for (const auto& frame : some) {
      require(seen.insert(frame->fsn).second, "I1: frame " + number(frame->fsn) + " comes twice");
      require(rows_of(*frame) == rows_for(frame->fsn, kBytes), "I8: frame " + number(frame->fsn) + " is bad");
      next = frame->fsn + 1;
    }
  }
  Fsn last = promise.trimmed - 1;
  while (seen.contains(last + 1)) ++last;
  lost_ += last < promise.attempted ? 1 : 0;
  require(last >= promise.kept, "I1: frame " + number(last + 1) + " is lost");
  require(slot.end() > promise.kept, "I2: the next number is " + number(slot.end()));
  require(slot.end() <= promise.attempted + 1, "I2: numbers go on at " + number(slot.end()));
  const auto later = slot.take_damage();
  report.damage.insert(report.damage.end(), later.begin(), later.end());
  // Behind what was synced, frames may survive behind a hole: they are saved, and the hole is told.
  const bool hole = !seen.empty() && *seen.rbegin() > last;
  require(!hole || !report.damage.empty(), "I8: a hole is not told");
  const bool all_synced = promise.kept == promise.attempted || options_.durability == SlotDurability::append;
  if (all_synced && !promise.damaged)
    require(report.damage.empty(),
            "I8: a power cut is no damage: " + (report.damage.empty() ? "" : report.damage[0].message));
  // With durability `memory` a position may stand behind a hole between two segments (I12). Behind a frame
  // that a rescue did not find it stands still, also where that frame was trimmed.
  if (options_.durability != SlotDurability::memory && last >= promise.trimmed) {
    const std::string position = slot.position().value_or("p0");
    const Fsn behind = std::stoull(position.substr(1));
    require(report.damage.empty() ? behind == last : behind <= last && behind >= promise.kept,
            "I12: behind frame " + number(last) + " stands " + position);
  }
  if (options_.durability != SlotDurability::memory && promise.kept != 0)
    require(slot.position().has_value(), "I12: the position is lost");
  const Fsn next = slot.end();
  const Rows rows = rows_for(next, kBytes);
  require(slot.append(rows.payload, rows.lengths) == next, "I2: the next frame has another number");
}

void PowerLossTest::look_at_letters(const fs::path& slot, const Promise& promise,
                                    std::vector<std::string>& problems) {
  std::set<Fsn> seen;
  for (const DeadLetter& letter : read_dead_letters(slot, options_.key)) {
    seen.insert(letter.fsn);
    if (letter.payload != letter_of(letter.fsn).payload || letter.fsn > promise.buried_attempted)
      problems.push_back("I9: the letter of frame " + std::to_string(letter.fsn) + " is bad");
  }
  for (Fsn fsn = 1; fsn <= promise.buried; ++fsn)
    if (!seen.contains(fsn))
      problems.push_back("I9: the letter of frame " + std::to_string(fsn) + " is lost");
}

}  // namespace questclient::buffer
