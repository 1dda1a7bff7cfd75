// Slots from outside: what lies in them, whether it is sound, out of them and back into them.
//
// Threads: every function may be called from any thread. All of them block for disk access.
// Live slots: functions that only read may be called while a sender works on the slot. They take no lock that
// it would wait for, and pass over a segment that is trimmed meanwhile. Errors: Error{slot_io}: there is no
// slot, or it cannot be read now; slot_format: a newer release wrote it; slot_key: it is encrypted and the
// key is missing or another one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <questclient/events.hpp>

namespace questclient {

struct SlotInfo {
  std::string name;  ///< The sender_id.
  std::filesystem::path path;
  std::optional<long> holder_pid;  ///< The process that has it open now.
  std::uint64_t segments = 0;
  std::uint64_t first_fsn = 0;  ///< 0: empty.
  std::uint64_t last_fsn = 0;
  std::uint64_t frames = 0;  ///< Not yet trimmed: the upper bound of what is to be sent.
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;             ///< On disk.
  std::int64_t oldest_wall_nanos = 0;  ///< When the oldest frame was flushed; 0: empty.
  std::uint64_t dead_letters = 0;
  std::uint64_t dead_letter_bytes = 0;
  std::uint64_t quarantined_files = 0;
  /// What is wrong with segments, as far as a look tells: the numbers above may be too low. Empty: nothing
  /// was seen. verify_slot() looks at every frame and says what can be saved.
  std::string damage;
  /// The same for the dead letters, whose numbers are then 0.
  std::string dead_letter_damage;
  /// Set by list_slots() alone: why the slot cannot be looked into. Then only name and path are known.
  std::string trouble;
};

/// Throws Error{slot_io} when there is no slot at `path`. Looks at nothing in it.
void require_slot(const std::filesystem::path& path);

/// Every slot below `sf_dir`, by name; also those that cannot be looked into, which say why. Throws
/// Error{slot_io}: the folder cannot be listed.
std::vector<SlotInfo> list_slots(const std::filesystem::path& sf_dir);

/// One slot. Its cost does not grow with the backlog. Throws Error{slot_io} when there is none at `path`.
SlotInfo inspect_slot(const std::filesystem::path& path);

/// Slots below `sf_dir` that no process holds and that have frames, by name; without the one named `except`.
/// A slot that cannot be read now is left out and given to `left_out`, with its `trouble`. What is returned
/// may be taken by another process at once: opening it decides. Throws Error{slot_io}: the folder cannot be
/// listed.
std::vector<SlotInfo> orphan_slots(const std::filesystem::path& sf_dir, std::string_view except = {},
                                   const std::function<void(const SlotInfo&)>& left_out = {});

/// One file of a slot.
struct SegmentInfo {
  std::filesystem::path path;
  std::uint64_t bytes = 0;
  std::int64_t format = 0;
  bool encrypted = false;
  bool salvaged = false;  ///< Holds what could be saved of a damaged file.
  std::string stream;     ///< Uuid of the stream that numbers its frames; empty: nothing was committed here.
  Fsn stream_first = 0;   ///< The first number of that stream.
  Fsn first_fsn = 0;      ///< Of the frames in it; 0: none.
  Fsn last_fsn = 0;
  std::uint64_t rows = 0;
  std::int64_t created_wall_nanos = 0;
  /// Why it cannot be looked into, or which frames it lacks; empty: nothing was seen. verify_slot() looks at
  /// every frame.
  std::string damage;
};

/// What the slot's sender says about itself, once a second while it runs.
struct PublishedStats {
  std::string json;             ///< to_json(Stats); empty: nothing was published.
  std::int64_t wall_nanos = 0;  ///< When it was written.
};
PublishedStats published_stats(const std::filesystem::path& path);

struct SlotDetails {
  SlotInfo slot;
  std::vector<SegmentInfo> segments;  ///< Oldest first.
  /// What the newest flush(position) stored; never of an encrypted slot.
  std::optional<std::string> position;
  PublishedStats stats;
};

/// A slot with each of its segments. Looks at every segment, so the cost grows with the backlog.
SlotDetails describe_slot(const std::filesystem::path& path);

/// How far a function that goes through a whole slot has come.
struct SlotProgress {
  std::uint64_t bytes_done = 0;
  std::uint64_t bytes_total = 0;
  std::uint64_t frames = 0;
  std::uint64_t rows = 0;
};
/// Called after every few MiB. False: stop, and return what was found so far.
using SlotProgressHandler = std::function<bool(const SlotProgress&)>;

/// Frames [first, last].
using FsnRange = std::pair<Fsn, Fsn>;

struct SlotDamage {
  std::filesystem::path file;
  std::string message;  ///< What is wrong.
  /// Good frames of this file behind the damage, which only a rescue sees. They are counted and exported as
  /// others are, and the sender that opens the slot saves them.
  std::uint64_t frames_behind = 0;
};

struct SlotVerification {
  std::uint64_t segments = 0;
  std::uint64_t frames = 0;  ///< Good ones; with those that are trimmed but still on disk.
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;  ///< Of payload.
  std::uint64_t dead_letters = 0;
  std::vector<SlotDamage> damage;  ///< Files with proven damage, oldest first.
  std::vector<FsnRange> missing;   ///< Numbers that are not trimmed and have no good frame.
  bool complete = true;            ///< False: the progress handler stopped it.

  bool sound() const { return damage.empty() && missing.empty(); }
};

/// Checks every frame and every dead letter of the slot and changes nothing. `key`: 32 bytes; without it an
/// encrypted slot throws Error{slot_key}.
SlotVerification verify_slot(const std::filesystem::path& path, const std::string& key = {},
                             const SlotProgressHandler& progress = {});

/// A frame as it was flushed. The views live during the call that they are given to.
struct SlotFrame {
  Fsn fsn = 0;
  std::string_view stream;  ///< Uuid as text.
  std::int64_t flushed_wall_nanos = 0;
  std::string_view payload;                    ///< ILP that any server takes.
  std::span<const std::uint32_t> row_lengths;  ///< Bytes of each row; they add up to the payload.
};

struct SlotExport {
  Fsn from =
      0;  ///< 0: the oldest frame that is not trimmed. A lower number gives trimmed frames still on disk.
  Fsn to = 0;       ///< The last frame; 0: the newest when the export begins.
  std::string key;  ///< 32 bytes, of an encrypted slot.
  SlotProgressHandler progress;
};

struct SlotExported {
  std::uint64_t frames = 0;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  Fsn first_fsn = 0;
  Fsn last_fsn = 0;
  std::vector<SlotDamage> damage;
  std::vector<FsnRange> missing;  ///< Numbers in between that have no good frame.
  bool complete = true;
};

/// Gives every good frame to `take`, in order. Changes nothing. What `take` throws passes through.
SlotExported export_slot(const std::filesystem::path& path, const SlotExport& what,
                         const std::function<void(const SlotFrame&)>& take);

/// Rows that a server refused.
struct DeadLetterInfo {
  std::string key;  ///< "<stream>:<fsn>:<first row>"
  std::string stream;
  Fsn fsn = 0;
  std::uint32_t first_row = 0;
  std::uint32_t rows = 1;
  std::string reason;  ///< The server's answer, unchanged; empty while it is unreadable.
  std::string host;
  std::int64_t wall_nanos = 0;
  std::string payload;      ///< ILP; empty while it is unreadable.
  bool unreadable = false;  ///< Encrypted, and no key was given.
  Fsn retry_fsn = 0;        ///< A retry was interrupted before this frame was in the slot. Else 0.
};

/// Which letters. Everything that is set must hold.
struct DeadLetterSelection {
  std::vector<std::string> keys;       ///< Empty: all.
  std::int64_t before_wall_nanos = 0;  ///< Buried earlier than that; 0: whenever.
};

/// Gives the letters to `take`, oldest first. Without the key of an encrypted slot they come `unreadable`;
/// with another one Error{slot_key}. A key of the selection that no letter has throws Error{invalid_value}.
/// A letter whose rows an interrupted retry has put into the slot is none any more. Returns how many there
/// were. Where they are damaged all good ones are given, then it throws Error{slot_damaged}.
std::uint64_t read_dead_letters(const std::filesystem::path& path, const DeadLetterSelection& which,
                                const std::string& key,
                                const std::function<void(const DeadLetterInfo&)>& take);

/// Removes the letters for good and returns how many there were. Also while a sender works on the slot; one
/// that holds because its dead letters are full then goes on. Durable on return. Throws Error{slot_damaged}.
std::uint64_t drop_dead_letters(const std::filesystem::path& path, const DeadLetterSelection& which);

struct DeadLetterRetry {
  std::uint64_t letters = 0;
  std::uint64_t rows = 0;
  Fsn first_fsn = 0;  ///< The frames that hold them now; 0: there were none.
  Fsn last_fsn = 0;
  /// Keys of letters that were not moved: their rows cannot be told apart, or they are not encrypted, though
  /// the slot is, so that anybody may have written them. Export these.
  std::vector<std::string> kept;
};

/// Moves the letters back into the slot as its newest frames; the next sender that opens the slot sends them.
/// Each letter is either in the slot or among the dead letters, whenever the process is killed. Durable on
/// return. Throws Error{slot_locked} on a live slot, naming the holder's pid; slot_key; slot_damaged: what
/// was good is saved, the damaged file set aside, and nothing moved; slot_io: what was moved before stays
/// moved.
DeadLetterRetry retry_dead_letters(const std::filesystem::path& path, const DeadLetterSelection& which,
                                   const std::string& key = {});

/// The key in a file that sf_key names: 32 bytes, or 64 hexadecimal digits. Blocks for the disk; thread-safe.
/// Throws Error{slot_key}: it cannot be read, or holds no key.
std::string read_slot_key(const std::filesystem::path& path);

}  // namespace questclient
