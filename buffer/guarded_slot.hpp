#pragma once

#include "buffer/fork_guard.hpp"
#include "buffer/slot.hpp"

namespace questclient::buffer {

/// A slot that belongs to the process that opened it. In a child every call throws Error{forked}, before it
/// touches a lock that a thread of the parent may have held; and the destructor leaves everything alone,
/// because closing the connections or unlinking would act on the parent's files.
class GuardedSlot final : public Slot {
 public:
  explicit GuardedSlot(std::unique_ptr<Slot> slot) : slot_(std::move(slot)), opened_in_(fork_generation()) {}
  ~GuardedSlot() override;

  using Slot::append;
  Fsn append(const AppendRows& rows) override { return checked().append(rows); }
  bool append_later(LaterRows rows, std::function<void(Appended)> done) override {
    return checked().append_later(std::move(rows), std::move(done));
  }
  void end_appends() override { checked().end_appends(); }
  std::optional<std::string> position() const override { return checked().position(); }
  void on_appended(std::function<void()> callback) override { checked().on_appended(std::move(callback)); }
  void on_event(std::function<void(const SlotEvent&)> callback) override {
    checked().on_event(std::move(callback));
  }
  void publish_stats(std::string_view json) override { checked().publish_stats(json); }
  SlotStats stats() const override { return checked().stats(); }
  std::vector<SlotReport::Damage> take_damage() override { return checked().take_damage(); }

  std::vector<base::FramePtr> read(Fsn from, std::size_t max_bytes, std::size_t max_frames) override {
    return checked().read(from, max_bytes, max_frames);
  }
  Fsn end() const override { return checked().end(); }
  void trim(Fsn below) override { checked().trim(below); }
  void bury(const DeadLetter& letter) override { checked().bury(letter); }
  void remember(std::string_view note) override { checked().remember(note); }
  std::string remembered() const override { return checked().remembered(); }

 private:
  Slot& checked() const;

  std::unique_ptr<Slot> slot_;
  const std::uint64_t opened_in_;
};

}  // namespace questclient::buffer
