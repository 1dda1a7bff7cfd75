// Options that the application sets arrive where they take effect, each of them.
#include <filesystem>

#include <gtest/gtest.h>

#include <questclient/options.hpp>

#include "net/connection.hpp"
#include "sender/sender_options.hpp"

namespace questclient::sender {
namespace {

using std::chrono::milliseconds;

TEST(OptionsReach, TheSlot) {
  const auto slot = slot_options(Options::from_conf(
      "http::addr=a;sf_dir=/"
      "slots;sender_id=s;sf_max_segment_bytes=65k;sf_max_total_bytes=3m;sf_max_memory_bytes=67k;"
      "sf_max_dead_letter_bytes=68k;sf_durability=periodic;sf_sync_interval_millis=69;"
      "sf_append_deadline_millis=70;sf_overflow=drop_oldest;"));
  EXPECT_EQ(slot.sf_dir, "/slots");
  EXPECT_EQ(slot.sender_id, "s");
  EXPECT_EQ(slot.max_segment_bytes, 65U << 10);
  EXPECT_EQ(slot.max_total_bytes, 3U << 20);
  EXPECT_EQ(slot.max_memory_bytes, 67U << 10);
  EXPECT_EQ(slot.max_dead_letter_bytes, 68U << 10);
  EXPECT_EQ(slot.durability, SlotDurability::periodic);
  EXPECT_EQ(slot.sync_interval, milliseconds(69));
  EXPECT_EQ(slot.append_deadline, milliseconds(70));
  EXPECT_EQ(slot.overflow, SlotOverflow::drop_oldest);
}

TEST(OptionsReach, TheSlotsQuotaIsThatOfItsPlace) {
  EXPECT_EQ(slot_options(Options::from_conf("http::addr=a;")).max_total_bytes, std::uint64_t{128} << 20);
  EXPECT_EQ(slot_options(Options::from_conf("http::addr=a;sf_dir=/slots;")).max_total_bytes,
            std::uint64_t{10} << 30);
}

TEST(OptionsReach, TheBuffers) {
  const auto buffer = buffer_options(Options::from_conf(
      "http::addr=a;protocol_version=1;init_buf_size=2k;max_buf_size=2m;max_name_len=99;"));
  EXPECT_EQ(buffer.version, ProtocolVersion::v1);
  EXPECT_EQ(buffer.initial_size, 2U << 10);
  EXPECT_EQ(buffer.max_size, 2U << 20);
  EXPECT_EQ(buffer.max_name_len, 99U);
}

TEST(OptionsReach, Core) {
  const auto core = core_options(
      Options::from_conf(
          "http::addr=a:1,b:2;token=t;request_durable_ack=on;connect_timeout=11;request_timeout=12;"
          "request_min_throughput=13;reconnect_initial_backoff_millis=14;"
          "reconnect_max_backoff_millis=15;durable_ack_keepalive_interval_millis=16;"
          "request_compression=gzip;drain_rate=17k;on_schema_error=halt;on_parse_error=drop;"
          "on_write_error=halt;on_security_error=retry;on_internal_error=drop;"
          "on_server_error=halt;max_frame_rejections=18;poison_min_escalation_window_millis=19;"),
      true);
  ASSERT_EQ(core.hosts.size(), 2U);
  EXPECT_EQ(core.hosts[1].to_string(), "b:2");
  EXPECT_EQ(core.authorization, "Bearer t");
  EXPECT_TRUE(core.asks_for_tokens);
  EXPECT_EQ(core.trim_at, TrimAt::durable);
  EXPECT_EQ(core.connect_timeout, milliseconds(11));
  EXPECT_EQ(core.request_timeout, milliseconds(12));
  EXPECT_EQ(core.request_min_throughput, 13U);
  EXPECT_EQ(core.initial_backoff, milliseconds(14));
  EXPECT_EQ(core.max_backoff, milliseconds(15));
  EXPECT_EQ(core.durable_poll, milliseconds(16));
  EXPECT_EQ(core.compression, Compression::gzip);
  EXPECT_EQ(core.drain_rate, 17U << 10);
  EXPECT_EQ(core.on_schema_error, ErrorPolicy::halt);
  EXPECT_EQ(core.on_parse_error, ErrorPolicy::drop);
  EXPECT_EQ(core.on_write_error, ErrorPolicy::halt);
  EXPECT_EQ(core.on_security_error, ErrorPolicy::retry);
  EXPECT_EQ(core.on_internal_error, ErrorPolicy::drop);
  EXPECT_EQ(core.on_server_error, ErrorPolicy::halt);
  EXPECT_EQ(core.max_frame_rejections, 18U);
  EXPECT_EQ(core.poison_window, milliseconds(19));
}

TEST(OptionsReach, TheCoreKnowsWhereTheRowsAre) {
  EXPECT_TRUE(core_options(Options::from_conf("http::addr=a:9000;"), false).in_memory);
  EXPECT_FALSE(core_options(Options::from_conf("http::addr=a:9000;sf_dir=/x;"), false).in_memory);
}

TEST(OptionsReach, TheConnections) {
  const auto endpoint =
      net::make_endpoint(Options::from_conf("tcp::addr=a;auth_timeout_ms=21;connect_timeout=22;"));
  EXPECT_EQ(endpoint.auth_timeout, milliseconds(21));
  EXPECT_EQ(endpoint.connect_timeout, milliseconds(22));
}

}  // namespace
}  // namespace questclient::sender
