// What a sender tells of its slot: counters, damage, a disk that fails; how safe rows are.
#include <fcntl.h>
#include <filesystem>

#include <gtest/gtest.h>

#include "base/file.hpp"
#include "driver_support.hpp"
#include "durable_database.hpp"

namespace questclient {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)
namespace fs = std::filesystem;

const std::string kByHand = "auto_flush=off;close_flush_timeout_millis=0;";
const std::string kTinySlot = kByHand +
                              "sf_max_total_bytes=512k;sf_max_memory_bytes=64k;"
                              "sf_max_segment_bytes=64k;sf_append_deadline_millis=20;";

using SlotStats = BothSlots;
INSTANTIATE_TEST_SUITE_P(, SlotStats, ::testing::Bool(),
                         [](const auto& which) { return which.param ? "DiskSlot" : "MemorySlot"; });

TEST_P(SlotStats, CarryWhatTheSlotHoldsAndHowLongItWasFull) {
  Sender sender = Sender::from_conf(conf(dead_host(), kTinySlot + slot()), kIgnore);
  LineBuffer rows = sender.new_buffer();
  const auto flush_until_full = [&] {
    for (std::uint64_t flushed = 0;; ++flushed) {
      rows.clear();
      rows.table("t").column("text", std::string(4096, 'x')).at(TimestampNanos{1});
      try {
        sender.flush(rows);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::slot_full);
        return flushed;
      }
    }
  };
  const std::uint64_t flushed = flush_until_full();
  const Stats stats = sender.stats();
  EXPECT_EQ(stats.slot_frames, flushed);
  EXPECT_EQ(stats.slot_rows, flushed);
  EXPECT_GE(stats.slot_bytes, flushed * 4096);
  EXPECT_GE(stats.memory_bytes, 4096U);
  if (GetParam()) {
    EXPECT_LE(stats.memory_bytes, 64U << 10) << "the rest lies on the disk";
  }
  EXPECT_EQ(stats.backpressure_stalls, 1U);
  EXPECT_GE(stats.backpressure_time, milliseconds(20));
}

TEST_P(SlotStats, CarryItsDeadLetters) {
  Database database([](const ReceivedRequest& request) {
    return request.body.starts_with(line(0)) ? bad_line(1) : kNoContent;
  });
  Sender sender = Sender::from_conf(conf(database.address(), slot()), kIgnore);
  row(sender, 0);
  row(sender, 1);
  EXPECT_TRUE(sender.wait(sender.flush(), Ack::committed, kLong));
  EXPECT_EQ(sender.stats().dead_letters, 1U);
  EXPECT_GE(sender.stats().dead_letter_bytes, line(0).size());
}

class SlotOnDisk : public ::testing::Test {
 protected:
  std::string slot() const { return "sf_dir=" + directory_.path().string() + ";sender_id=own;"; }
  fs::path folder() const { return directory_.path() / "own"; }
  TemporaryDirectory directory_;
};

TEST_F(SlotOnDisk, ThatFailsIsToldCountedAndToldAgainWhenItIsWell) {
  Events events;
  Sender sender = Sender::from_conf(conf(dead_host(), kTinySlot + slot()), events.handler());
  EXPECT_EQ(sender.stats().slot_io_errors, 0U);
  row(sender, 0);
  {
    const FullDisk full;
    try {
      sender.flush();
      ADD_FAILURE() << "a disk that takes nothing took rows";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::slot_io);
    }
  }
  const SenderEvent failed = events.wait_for(SenderEvent::Kind::slot_io);
  EXPECT_EQ(failed.code, ErrorCode::slot_io);
  EXPECT_NE(failed.message.find("It is tried again."), std::string::npos) << failed.message;
  EXPECT_GE(sender.stats().slot_io_errors, 1U);
  sender.flush();
  events.wait_for([](const SenderEvent& event) {
    return event.kind == SenderEvent::Kind::slot_io &&
           event.message.find("takes frames again") != std::string::npos;
  });
}

/// A slot with frames of a row each, whose text ends with its number, and one flipped bit in one of them.
class DamagedSlot : public SlotOnDisk {
 protected:
  void fill(int rows, std::size_t bytes, const std::string& more) {
    conf_ = kByHand + more + slot();
    Sender sender = Sender::from_conf(conf(dead_host(), conf_), kIgnore);
    for (int number = 0; number < rows; ++number) {
      sender.table("t").column("text", std::string(bytes, 'x') + mark(number)).at(TimestampNanos{1});
      sender.flush();
    }
  }
  void flip_in(int number) const {
    for (const auto& entry : fs::directory_iterator(folder())) {
      const std::string bytes = base::read_file(entry.path()).value();
      const std::size_t at = bytes.find(mark(number));
      if (at == std::string::npos) continue;
      base::File(entry.path(), O_WRONLY).write_at(at, std::string(1, static_cast<char>(bytes[at] ^ 1)));
      return;
    }
    throw std::runtime_error("no file holds the row");
  }
  static std::string mark(int number) { return "number" + std::to_string(number) + "."; }

  std::string conf_;
};

TEST_F(DamagedSlot, IsToldOnOpening) {
  fill(3, 20000, "");
  flip_in(1);
  Events events;
  Database database;
  Sender sender = Sender::from_conf(conf(database.address(), conf_), events.handler());
  const SenderEvent told = events.wait_for(SenderEvent::Kind::segment_damaged);
  EXPECT_EQ(told.code, ErrorCode::slot_damaged);
  EXPECT_NE(told.message.find("Saved: frames 1, 3; lost: frames 2"), std::string::npos) << told.message;
  EXPECT_NE(told.message.find("It lies in " + folder().string()), std::string::npos) << told.message;
  EXPECT_TRUE(sender.drain(kLong));
  EXPECT_EQ(database.rows().size(), 2U) << "the good ones are delivered";
}

TEST_F(DamagedSlot, IsToldWhenItIsReadWhereTheDamageIsOlder) {
  fill(40, 4096, "sf_max_segment_bytes=64k;");
  flip_in(1);
  Events events;
  Database database;
  Sender sender = Sender::from_conf(conf(database.address(), conf_), events.handler());
  EXPECT_EQ(events.wait_for(SenderEvent::Kind::segment_damaged).code, ErrorCode::slot_damaged);
  EXPECT_TRUE(sender.drain(kLong));
  EXPECT_EQ(database.rows().size(), 39U);
}

/// on_acknowledged, call by call.
struct Acknowledgements {
  Handlers handlers() {
    Handlers made(kIgnore);
    made.on_acknowledged = [this](Fsn fsn, Ack ack) {
      const std::lock_guard lock(mutex);
      calls.emplace_back(fsn, ack);
    };
    return made;
  }
  std::mutex mutex;
  std::vector<std::pair<Fsn, Ack>> calls;
};
using Calls = std::vector<std::pair<Fsn, Ack>>;

using Acknowledging = BothSlots;
INSTANTIATE_TEST_SUITE_P(, Acknowledging, ::testing::Bool(),
                         [](const auto& which) { return which.param ? "DiskSlot" : "MemorySlot"; });

TEST_P(Acknowledging, TellsCommittedFirstAndThenDurable) {
  DurableDatabase database;
  Acknowledgements told;
  Sender sender = Sender::from_conf(
      conf(database.address(), slot() + "durable_ack_keepalive_interval_millis=5;"), told.handlers());
  row(sender, 0);
  EXPECT_TRUE(sender.wait(sender.flush(), Ack::committed, kLong));
  EXPECT_FALSE(sender.wait(1, Ack::durable, kShort));
  database.make_durable();
  EXPECT_TRUE(sender.wait(1, Ack::durable, kLong));
  sender.close();  // behind it no handler runs
  EXPECT_EQ(told.calls, (Calls{{1, Ack::committed}, {1, Ack::durable}}));
}

TEST_P(Acknowledging, TellsNothingAsDurableWithoutAnObjectStore) {
  Database database([](const ReceivedRequest& request) {
    return request.body == line(1) + "\n" ? bad_line(1) : kNoContent;
  });
  Acknowledgements told;
  Sender sender = Sender::from_conf(conf(database.address(), slot()), told.handlers());
  for (int number = 0; number < 2; ++number) {  // the second goes to the dead letters
    row(sender, number);
    EXPECT_TRUE(sender.wait(sender.flush(), Ack::committed, kLong));
  }
  EXPECT_TRUE(sender.drain(kLong));
  sender.close();
  EXPECT_EQ(told.calls, (Calls{{1, Ack::committed}, {2, Ack::committed}}));
}

}  // namespace
}  // namespace questclient
