// Out of a slot without changing it: verify and export.
#include <algorithm>

#include <questclient/slot.hpp>

#include "buffer/dead_letter_rescue.hpp"
#include "buffer/dead_letters.hpp"
#include "buffer/outside.hpp"
#include "buffer/slot_walk.hpp"

namespace questclient {
namespace {

void check_dead_letters(const buffer::SlotFolder& folder, const std::string& key, SlotVerification& found) {
  const buffer::DeadLettersOutside outside(folder);
  if (!outside.damage().empty()) found.damage.push_back({folder.dead(), outside.damage(), 0});
  if (outside.letters() == nullptr) return;
  std::uint64_t plain = 0;
  outside.letters()->for_each([&](const buffer::StoredLetter& stored) {
    static_cast<void>(buffer::opened_letter(stored, key));
    if (!stored.sealed) ++plain;
    ++found.dead_letters;
  });
  if (key.empty() || plain == 0) return;
  found.damage.push_back({folder.dead(),
                          "dead letters that are not encrypted, though the slot is: " +
                              std::to_string(plain) + ". They are shown, and never retried",
                          0});
}

}  // namespace

SlotVerification verify_slot(const std::filesystem::path& path, const std::string& key,
                             const SlotProgressHandler& progress) {
  return buffer::looking_into(path, [&] {
    buffer::SlotWalk walk(path, key, progress);
    walk.look();
    const auto walked = walk.run(1, walk.newest(), {});
    SlotVerification found;
    found.segments = walked.segments;
    found.frames = walked.frames;
    found.rows = walked.rows;
    found.bytes = walked.bytes;
    found.damage = walked.damage;
    found.missing = walked.missing;
    found.complete = walked.complete;
    if (found.complete) check_dead_letters(buffer::SlotFolder(path), key, found);
    return found;
  });
}

SlotExported export_slot(const std::filesystem::path& path, const SlotExport& what,
                         const std::function<void(const SlotFrame&)>& take) {
  return buffer::looking_into(path, [&] {
    buffer::SlotWalk walk(path, what.key, what.progress);
    walk.look();
    const Fsn from = what.from == 0 ? walk.trimmed() : what.from;
    const Fsn to = what.to == 0 ? walk.newest() : std::min(what.to, walk.newest());
    const auto walked = walk.run(from, to, [&](const base::Frame& frame) {
      const std::string stream = frame.stream.to_string();
      take({frame.fsn, stream, frame.flushed_wall_nanos, frame.payload, frame.row_lengths});
    });
    SlotExported done;
    done.frames = walked.frames;
    done.rows = walked.rows;
    done.bytes = walked.bytes;
    done.first_fsn = walked.first_fsn;
    done.last_fsn = walked.last_fsn;
    done.damage = walked.damage;
    done.missing = walked.missing;
    done.complete = walked.complete;
    return done;
  });
}

}  // namespace questclient
