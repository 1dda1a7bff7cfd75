// What stats and events look like to those who watch.
#include <set>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <questclient/stats.hpp>

#include "sender/event_inbox.hpp"
#include "sender/event_log.hpp"
#include "sender/stats_fields.hpp"

namespace questclient {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

/// Every number differs from every other.
Stats distinct() {
  Stats stats;
  std::uint64_t next = 1;
  for (const auto& field : sender::number_fields()) stats.*field.value = next++;
  for (const auto& field : sender::duration_fields()) stats.*field.value = milliseconds(next++);
  for (const auto& field : sender::latency_fields()) {
    stats.*field.value = {next, microseconds(next), microseconds(next + 1), microseconds(next + 2),
                          microseconds(next + 3)};
    next += 4;
  }
  stats.connected_to = "a:9000";
  stats.last_error = "no \"row\"\xff";
  stats.hosts = {{"a:9000", "healthy"}, {"b:9000", "unknown"}};
  return stats;
}

TEST(StatsText, JsonHoldsEveryField) {
  const Stats stats = distinct();
  const auto json = nlohmann::json::parse(to_json(stats));
  for (const auto& field : sender::number_fields()) EXPECT_EQ(json.at(field.name), stats.*field.value);
  EXPECT_EQ(json.at("oldest_frame_age_us"),
            std::chrono::duration_cast<microseconds>(stats.oldest_frame_age).count());
  EXPECT_EQ(json.at("ack_latency").at("p99_us"),
            std::chrono::duration_cast<microseconds>(stats.ack_latency.p99).count());
  EXPECT_EQ(json.at("connected_to"), "a:9000");
  EXPECT_EQ(json.at("last_terminal_error"), "");
  EXPECT_EQ(json.at("hosts").at(1).at("state"), "unknown");
  // A field that is forgotten in the table shows here: everything but the hosts is made of these parts.
  const std::size_t counted = sender::number_fields().size() * sizeof(std::uint64_t) +
                              sender::duration_fields().size() * sizeof(std::chrono::nanoseconds) +
                              sender::latency_fields().size() * sizeof(LatencyStats) +
                              sender::text_fields().size() * sizeof(std::string) + sizeof(stats.hosts);
  EXPECT_EQ(counted, sizeof(Stats)) << "a field of Stats is missing in stats_fields.cpp";
}

TEST(StatsText, PrometheusCarriesTheLabelsAndNamesEachMetricOnce) {
  const std::string text = to_prometheus(distinct(), R"(sender_id="ingest-1")");
  std::set<std::string> announced;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) {
      EXPECT_TRUE(announced.insert(line.substr(7, line.find(' ', 7) - 7)).second) << line;
    } else if (!line.starts_with("#")) {
      EXPECT_TRUE(line.starts_with("questclient_")) << line;
      EXPECT_NE(line.find(R"(sender_id="ingest-1")"), std::string::npos) << line;
    }
  }
  EXPECT_TRUE(announced.contains("questclient_rows_flushed_total"));
  EXPECT_TRUE(announced.contains("questclient_slot_rows"));
  EXPECT_NE(text.find(R"(questclient_ack_latency_seconds{sender_id="ingest-1",quantile="0.99"})"),
            std::string::npos);
  EXPECT_NE(text.find(R"(questclient_host_connected{sender_id="ingest-1",host="a:9000",state="healthy"} 1)"),
            std::string::npos);
  EXPECT_NE(to_prometheus(Stats{}).find("questclient_slot_rows 0\n"), std::string::npos);
}

SenderEvent numbered(Fsn fsn) {
  SenderEvent event;
  event.fsn = fsn;
  return event;
}

TEST(EventInbox, KeepsTheNewestAndCountsTheRest) {
  sender::EventInbox inbox(3);
  for (Fsn fsn = 1; fsn <= 5; ++fsn) inbox.add(numbered(fsn));
  EXPECT_EQ(inbox.dropped(), 2U);
  const auto events = inbox.take();
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events.front().fsn, 3U);
  EXPECT_EQ(events.back().fsn, 5U);
  EXPECT_TRUE(inbox.take().empty());

  sender::EventInbox none(0);
  none.add(numbered(1));
  EXPECT_TRUE(none.take().empty());
  EXPECT_EQ(none.dropped(), 0U);
}

TEST(EventLog, SpeaksUpOnlyWhenSomethingIsWrong) {
  std::string last;
  set_log_sink([&](LogLevel, std::string_view line) { last = line; });
  SenderEvent event;
  event.kind = SenderEvent::Kind::connected;
  event.message = "Writing.";
  sender::log_event(event);
  EXPECT_EQ(last, "");
  event.kind = SenderEvent::Kind::rows_dropped;
  event.host = "a:9000";
  event.message = "Rows are lost.";
  sender::log_event(event);
  EXPECT_EQ(last, "a:9000: Rows are lost.");
  EXPECT_STREQ(to_string(event.kind), "rows_dropped");
  event.kind = SenderEvent::Kind::disconnected;
  event.routine = true;
  event.message = "Left.";
  sender::log_event(event);
  EXPECT_EQ(last, "a:9000: Rows are lost.") << "an idle connection has ended";
  set_log_sink({});
}

TEST(EventLog, AServersBytesForgeNoLinesAndDriveNoTerminal) {
  std::string last;
  set_log_sink([&](LogLevel, std::string_view line) { last = line; });
  SenderEvent event;
  event.message = "a\nb\x1b[2J\x7f \xc2\x9b \x9b \xc3\xa9 \xe2\x82\xac";
  sender::log_event(event);
  set_log_sink({});
  EXPECT_EQ(last, "a\\x0ab\\x1b[2J\\x7f \\xc2\\x9b \\x9b \xc3\xa9 \xe2\x82\xac");
}

}  // namespace
}  // namespace questclient
