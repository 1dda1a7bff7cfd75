// What `questclient top` makes of two looks at a slot.
#include "questclient/top_view.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "questclient/sender_stats.hpp"

namespace questclient::tool {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

SlotSample sample(std::int64_t second) {
  SlotSample made;
  made.slot.name = "ingest-1";
  made.slot.path = "/var/lib/quest/ingest-1";
  made.slot.holder_pid = 42;
  made.slot.first_fsn = 11;
  made.slot.last_fsn = 20;
  made.slot.frames = 10;
  made.slot.rows = 1000;
  made.slot.bytes = 512 << 10;
  made.slot.oldest_wall_nanos = (second - 4) * kSecond;
  made.wall_nanos = second * kSecond;
  Stats stats;
  stats.rows_flushed = 10'000;
  stats.bytes_flushed = 1'000'000;
  stats.bytes_sent = 900'000;
  stats.slot_rows = 1000;
  stats.slot_bytes = 256 << 10;
  stats.slot_max_bytes = 1 << 20;
  stats.connected_to = "a:9000";
  stats.hosts = {{"a:9000", "healthy"}, {"b:9000", "transport_error"}};
  stats.last_error = "b:9000: connection refused";
  made.sender = stats;
  made.sender_wall_nanos = made.wall_nanos;
  return made;
}

TEST(Top, RatesAreDifferencesBetweenTwoLooks) {
  const SlotSample before = sample(100);
  SlotSample now = sample(102);
  now.slot.last_fsn += 8;
  now.slot.frames += 2;
  now.sender->rows_flushed += 800;
  now.sender->slot_rows += 200;
  now.sender->bytes_flushed += 4000;
  now.sender->bytes_sent += 2000;
  const SlotRates rates = rates_between(before, now);
  EXPECT_DOUBLE_EQ(rates.frames_in.value(), 4);
  EXPECT_DOUBLE_EQ(rates.frames_out.value(), 3);
  EXPECT_DOUBLE_EQ(rates.rows_in.value(), 400);
  EXPECT_DOUBLE_EQ(rates.rows_out.value(), 300);
  EXPECT_DOUBLE_EQ(rates.bytes_in.value(), 2000);
  EXPECT_DOUBLE_EQ(rates.bytes_out.value(), 1000);
}

TEST(Top, WithoutTheSendersWordOnlyFramesAreKnown) {
  SlotSample before = sample(100), now = sample(101);
  now.slot.last_fsn += 5;
  before.sender.reset();
  const SlotRates rates = rates_between(before, now);
  EXPECT_TRUE(rates.frames_in);
  EXPECT_FALSE(rates.rows_in);
  now.sender.reset();
  EXPECT_NE(top_text(now, rates, 100).find("says nothing"), std::string::npos);
}

TEST(Top, AnotherSenderSinceGivesNoRates) {
  const SlotSample before = sample(100);
  SlotSample now = sample(101);
  now.sender->rows_flushed = 3;
  EXPECT_FALSE(rates_between(before, now).rows_in);
}

TEST(Top, TextShowsDepthQuotaDiskAgeHostsAndTheLastError) {
  const std::string text = top_text(sample(100), {}, 100);
  for (const char* part :
       {"process 42", "10 frames, 1,000 rows", "for 4.0 s", "256.0 KiB of 1.0 MiB", "25 %",
        "on disk    512.0 KiB\n", "a:9000  healthy", "b:9000  transport_error", "connection refused"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
}

TEST(Top, NoLineIsWiderThanTheTerminal) {
  SlotSample now = sample(100);
  now.sender->last_error = std::string(500, 'x') + "\n\033[2J";
  const std::string text = top_text(now, {}, 60);
  std::size_t at = 0;
  for (std::size_t end; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
    EXPECT_LE(end - at, 60U);
  EXPECT_EQ(text.find('\033'), std::string::npos) << "a server's words do not steer the terminal";
}

TEST(Top, ASenderThatEndedIsSaidToHaveEnded) {
  SlotSample now = sample(100);
  now.slot.holder_pid.reset();
  now.sender_wall_nanos -= 90 * kSecond;
  EXPECT_FALSE(now.sender_is_live());
  EXPECT_NE(top_text(now, {}, 100).find("1 min 30 s ago"), std::string::npos);
}

TEST(Top, JsonHasTheRatesAndTheSender) {
  SlotRates rates;
  rates.rows_in = 12.5;
  const auto json = nlohmann::json::parse(top_json(sample(100), rates));
  EXPECT_EQ(json["rows_in_per_second"], 12.5);
  EXPECT_TRUE(json["rows_out_per_second"].is_null());
  EXPECT_EQ(json["sender"]["hosts"][1]["state"], "transport_error");
  EXPECT_EQ(json["oldest_age_us"], 4'000'000);
  EXPECT_EQ(json["bytes"], 512 << 10);
  EXPECT_EQ(json["quota_bytes"], 256 << 10);
  EXPECT_EQ(json["max_bytes"], 1 << 20);
}

TEST(SenderStats, WhatTheSenderPublishesComesBack) {
  Stats stats = *sample(1).sender;
  stats.acked_fsn = 9;
  stats.oldest_frame_age = std::chrono::milliseconds(1500);
  stats.append_latency = {3, std::chrono::microseconds(10), std::chrono::microseconds(20),
                          std::chrono::microseconds(30), std::chrono::microseconds(40)};
  const auto read = parse_sender_stats(to_json(stats));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->acked_fsn, 9U);
  EXPECT_EQ(read->rows_flushed, stats.rows_flushed);
  EXPECT_EQ(read->oldest_frame_age, stats.oldest_frame_age);
  EXPECT_EQ(read->append_latency.p99, std::chrono::microseconds(30));
  EXPECT_EQ(read->hosts.at(1).state, "transport_error");
  EXPECT_EQ(read->last_error, stats.last_error);
}

TEST(SenderStats, WhatIsNoObjectIsNothing) {
  EXPECT_FALSE(parse_sender_stats(""));
  EXPECT_FALSE(parse_sender_stats("[1]"));
  EXPECT_FALSE(parse_sender_stats("{\"acked_fsn\":"));
  EXPECT_EQ(parse_sender_stats(R"({"acked_fsn":"text","hosts":3})")->acked_fsn, 0U);
}

}  // namespace
}  // namespace questclient::tool
