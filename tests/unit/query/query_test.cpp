#include <atomic>
#include <chrono>
#include <mutex>

#include <gtest/gtest.h>

#include <questclient/query.hpp>

#include "query/host_order.hpp"
#include "query/parse_result.hpp"
#include "support/loopback_server.hpp"
#include "support/temporary_directory.hpp"
#include "support/tls_server.hpp"

namespace questclient {
namespace {

using test::LoopbackServer;
using test::Peer;

std::string reply(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

LoopbackServer::Serve always(const std::string& status, const std::string& body) {
  return [=](Peer& peer) {
    peer.read_request();
    peer.send(reply(status, body));
  };
}

Options options(const std::string& addresses, const std::string& more = "") {
  return Options::from_conf("http::addr=" + addresses + ";" + more);
}

std::string dead_host() {
  return "127.0.0.1:" + std::to_string(test::unused_port());
}

ErrorCode failure(QueryClient client, const std::string& sql, std::string& message) {
  try {
    client.execute(sql);
  } catch (const Error& error) {
    message = error.what();
    return error.code();
  }
  throw std::runtime_error("no error");
}

TEST(ParseResult, ColumnsAndValues) {
  const auto result = query::parse_result(
      R"({"query":"x","columns":[{"name":"a","type":"LONG"},{"name":"b","type":"DOUBLE"},{"name":"c","type":"SYMBOL"},)"
      R"({"name":"d","type":"BOOLEAN"},{"name":"e","type":"DOUBLE[]"}],"timestamp":-1,)"
      R"("dataset":[[1,2,"x",true,[1.5,2]],[null,2.5,null,false,null]],"count":2})");
  ASSERT_EQ(result.columns.size(), 5U);
  EXPECT_EQ(result.columns[1].type, "DOUBLE");
  ASSERT_EQ(result.rows.size(), 2U);
  EXPECT_EQ(result.rows[0][0], Value(std::int64_t{1}));
  EXPECT_EQ(result.rows[0][1], Value(2.0)) << "a whole number in a column of doubles";
  EXPECT_EQ(result.rows[0][2], Value(std::string("x")));
  EXPECT_EQ(result.rows[0][3], Value(true));
  EXPECT_EQ(result.rows[0][4], Value(std::string("[1.5,2]")));
  EXPECT_EQ(result.rows[1][0], Value());
}

TEST(ParseResult, AStatementWithoutRows) {
  const auto result = query::parse_result(R"({"ddl":"OK"})");
  EXPECT_TRUE(result.columns.empty());
  EXPECT_TRUE(result.rows.empty());
}

TEST(ParseResult, WhatIsNoAnswerIsRefused) {
  for (const char* text :
       {"", "<html>", "[]", R"({"columns":1})", R"({"columns":[1]})", R"({"dataset":[[1]]})",
        R"({"columns":[{"name":"a","type":"INT"}],"dataset":[1]})"}) {
    EXPECT_THROW(query::parse_result(text), Error) << text;
  }
}

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + "1" + std::string(depth, ']');
}

TEST(ParseResult, ArraysOf32DimensionsStayAndDeeperOnesAreRefused) {
  const auto answer = [](const std::string& cell) {
    return R"({"columns":[{"name":"a","type":"DOUBLE[]"}],"dataset":[[)" + cell + "]]}";
  };
  EXPECT_EQ(query::parse_result(answer(nested(32))).rows.at(0).at(0), Value(nested(32)));
  try {
    query::parse_result(answer(nested(1'000'000)));
    ADD_FAILURE() << "a cell deeper than any stack was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::server);
    EXPECT_NE(std::string(error.what()).find("nested too deeply"), std::string::npos) << error.what();
  }
}

TEST(ParseResult, ADeepRefusalIsShownAsItIs) {
  const std::string refusal = R"({"error":"e","x":)" + nested(17) + "}";
  EXPECT_EQ(query::describe_refusal(refusal, "SELECT 1"), refusal);
}

TEST(ParseResult, OnlyPlainReadingIsTakenForReading) {
  EXPECT_TRUE(query::only_reads(" \n SELECT 1"));
  EXPECT_TRUE(query::only_reads("show tables"));
  EXPECT_FALSE(query::only_reads("INSERT INTO t SELECT 1"));
  EXPECT_FALSE(query::only_reads("selection"));
  EXPECT_FALSE(query::only_reads("-- select\nDROP TABLE t"));
  EXPECT_FALSE(query::only_reads(""));
}

TEST(QueryClient, AsksWithCredentialsAndParses) {
  LoopbackServer server([](Peer& peer) {
    const auto request = peer.read_request();
    EXPECT_EQ(request->target, "/exec?query=SELECT%20%27%C3%A4%26%27%20FROM%20t");
    EXPECT_EQ(request->header("Authorization"), "Bearer secret");
    peer.send(reply("200 OK", R"({"columns":[{"name":"a","type":"INT"}],"dataset":[[1]],"count":1})"));
  });
  QueryClient client(options(server.address(), "token=secret;"));
  const auto result = client.execute("SELECT '\xC3\xA4&' FROM t");
  EXPECT_EQ(result.rows.at(0).at(0), Value(std::int64_t{1}));
  EXPECT_EQ(result.host, server.address());
}

TEST(QueryClient, WalksHostsAndStaysWithTheOneThatAnswered) {
  LoopbackServer broken(always("503 Service Unavailable", "later"));
  LoopbackServer good(always("200 OK", R"({"columns":[],"dataset":[]})"));
  QueryClient client(options(dead_host() + "," + broken.address() + "," + good.address()));
  EXPECT_EQ(client.execute("SELECT 1").host, good.address());
  EXPECT_EQ(client.execute("SELECT 1").host, good.address());
}

TEST(QueryClient, ARefusedQueryNamesThePlaceAndIsNotAskedElsewhere) {
  LoopbackServer server(
      always("400 Bad request", R"({"query":"SELECT x","error":"Invalid column: x","position":7})"));
  std::string message;
  EXPECT_EQ(failure(QueryClient(options(server.address() + "," + dead_host())), "SELECT x", message),
            ErrorCode::query);
  EXPECT_EQ(message, server.address() + " refused the query: Invalid column: x at position 7, near 'x'");
}

TEST(QueryClient, OtherFailuresHaveTheirCodes) {
  std::string message;
  LoopbackServer guarded(always("401 Unauthorized", "Unauthorized"));
  EXPECT_EQ(failure(QueryClient(options(guarded.address())), "SELECT 1", message), ErrorCode::unauthorised);
  EXPECT_EQ(failure(QueryClient(options(dead_host())), "SELECT 1", message), ErrorCode::connect);
  LoopbackServer silent([](Peer& peer) { peer.wait_for_close(); });
  EXPECT_EQ(failure(QueryClient(options(silent.address(), "request_timeout=30;")), "SELECT 1", message),
            ErrorCode::timeout);
}

TEST(QueryClient, AnAnswerWithoutWordsIsExplained) {
  const auto message_of = [](const std::string& answer) {
    LoopbackServer server([&](Peer& peer) {
      peer.read_request();
      peer.send(answer);
    });
    std::string message;
    EXPECT_EQ(failure(QueryClient(options(server.address())), "SELECT 1", message), ErrorCode::server);
    return message;
  };
  const std::string empty = "Content-Length: 0\r\n\r\n";
  EXPECT_NE(message_of("HTTP/1.1 302 Found\r\nLocation: https://b/exec\r\n" + empty)
                .find("302 to a query: it points to https://b/exec, and redirects are not followed. Give"),
            std::string::npos);
  EXPECT_NE(message_of("HTTP/1.1 421 X\r\nX-QuestDB-Role: REPLICA\r\n" + empty)
                .find("421 to a query: it gives no reason; its role is REPLICA."),
            std::string::npos);
  EXPECT_NE(message_of("HTTP/1.1 500 X\r\n" + empty).find("500 to a query: it gives no reason. Look"),
            std::string::npos);
  EXPECT_NE(message_of("HTTP/1.1 200 OK\r\nContent-Length: 300000000\r\n\r\n")
                .find("268435456 bytes. Ask for less at once"),
            std::string::npos);
  EXPECT_NE(message_of("SSH-2.0 x\r\n\r\n").find(". Check that the address is QuestDB's HTTP port."),
            std::string::npos);
}

TEST(QueryClient, AStatementInDoubtIsNotRepeated) {
  LoopbackServer dropping([](Peer& peer) { peer.read_request(); });
  std::atomic<int> asked{0};
  LoopbackServer second([&](Peer& peer) {
    ++asked;
    peer.read_request();
    peer.send(reply("200 OK", R"({"ddl":"OK"})"));
  });
  const std::string addresses = dropping.address() + "," + second.address();
  std::string message;
  EXPECT_EQ(failure(QueryClient(options(addresses)), "INSERT INTO t VALUES (1)", message),
            ErrorCode::connect);
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(QueryClient(options(addresses)).execute("SELECT 1").host, second.address());
}

TEST(HostOrder, FailuresThenRolesThenZonesThenTheLastOneThenAddr) {
  using query::HostFacts;
  using query::Role;
  using query::Zone;
  const std::vector<HostFacts> hosts{
      {true, Role::primary, Zone::same},  {false, Role::replica, Zone::other},
      {false, Role::unknown, Zone::same}, {false, Role::primary, Zone::other},
      {false, Role::replica, Zone::same}, {false, Role::unknown, Zone::unknown},
      {false, Role::replica, Zone::same}};
  using Order = std::vector<std::size_t>;
  EXPECT_EQ(query::order(hosts, Target::any, 6), (Order{6, 2, 4, 5, 1, 3, 0}));
  EXPECT_EQ(query::order(hosts, Target::any, 3), (Order{2, 4, 6, 5, 3, 1, 0}));
  EXPECT_EQ(query::order(hosts, Target::primary, 0), (Order{3, 2, 5, 0}));
  EXPECT_EQ(query::order(hosts, Target::replica, 0), (Order{4, 6, 1}));
}

TEST(HostOrder, WhatAnAnswerTells) {
  using query::Role;
  using query::Zone;
  const auto facts = [](std::string role, std::string zone, std::string body) {
    return query::facts_of({200, {{"x-questdb-role", role}, {"X-QuestDB-Zone", zone}}, body}, "a");
  };
  EXPECT_EQ(facts("REPLICA", "a", "").role, Role::replica);
  EXPECT_EQ(facts("STANDALONE", "a", "").role, Role::primary);
  EXPECT_EQ(facts("PRIMARY_CATCHUP", "b", "").role, Role::primary);
  EXPECT_EQ(facts("", "", R"({"config":{"accepting.writes":["http"]}})").role, Role::unknown);
  EXPECT_EQ(facts("", "", R"({"config":{"accepting.writes":["pgwire"]}})").role, Role::replica);
  for (const char* body : {"", "[]", R"({"config":1})", R"({"config":{"accepting.writes":1}})"}) {
    EXPECT_EQ(facts("", "", body).role, Role::unknown) << body;
  }
  EXPECT_EQ(facts("", "a", "").zone, Zone::same);
  EXPECT_EQ(facts("", "b", "").zone, Zone::other);
  EXPECT_EQ(facts("", "", "").zone, Zone::unknown);
  EXPECT_EQ(query::facts_of({200, {{"X-QuestDB-Zone", "b"}}, ""}, "").zone, Zone::unknown);
}

/// A node that tells its role and zone and answers queries with nothing.
class Node {
 public:
  Node(std::string role, std::string zone)
      : role_(std::move(role)), zone_(std::move(zone)), server_([this](Peer& peer) { serve(peer); }) {}

  std::string address() const { return server_.address(); }
  int queries() const { return queries_; }
  void stop() { server_.stop(); }
  void become(const std::string& role) {
    const std::lock_guard lock(mutex_);
    role_ = role;
  }

 private:
  void serve(Peer& peer) {
    const auto request = peer.read_request();
    const bool query = request && request->target.starts_with("/exec");
    if (query) ++queries_;
    const std::lock_guard lock(mutex_);
    peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nX-QuestDB-Role: " + role_ +
              "\r\nX-QuestDB-Zone: " + zone_ + "\r\nContent-Length: 2\r\n\r\n{}");
  }

  std::mutex mutex_;
  std::string role_;
  const std::string zone_;
  std::atomic<int> queries_{0};
  LoopbackServer server_;
};

TEST(QueryClient, TargetChoosesByRole) {
  Node first("REPLICA", "a");
  Node second("PRIMARY", "a");
  const std::string addresses = dead_host() + "," + first.address() + "," + second.address();
  EXPECT_EQ(QueryClient(options(addresses, "target=primary;")).execute("SELECT 1").host, second.address());
  EXPECT_EQ(QueryClient(options(addresses, "target=replica;")).execute("SELECT 1").host, first.address());
  EXPECT_EQ(first.queries(), 1);
  EXPECT_EQ(second.queries(), 1);
}

TEST(QueryClient, TheTargetIsFollowedWhenRolesChange) {
  Node first("PRIMARY", "");
  Node second("REPLICA", "");
  QueryClient client(options(first.address() + "," + second.address(), "target=primary;"));
  EXPECT_EQ(client.execute("SELECT 1").host, first.address());
  first.become("REPLICA");
  second.become("PRIMARY");
  EXPECT_EQ(client.execute("SELECT 1").host, second.address());
  EXPECT_EQ(client.execute("SELECT 1").host, second.address());
  second.stop();
  first.become("PRIMARY");
  EXPECT_EQ(client.execute("SELECT 1").host, first.address());
}

TEST(QueryClient, WithoutTheTargetTheErrorTellsWhatEveryHostIs) {
  Node first("REPLICA", "");
  const std::string dead = dead_host();
  std::string message;
  EXPECT_EQ(
      failure(QueryClient(options(first.address() + "," + dead, "target=primary;")), "SELECT 1", message),
      ErrorCode::connect)
      << "the host of unknown role was tried";
  Node second("PRIMARY", "");
  EXPECT_EQ(
      failure(QueryClient(options(second.address() + "," + dead, "target=replica;")), "SELECT 1", message),
      ErrorCode::connect);
  EXPECT_EQ(message, "no host is a replica as target demands: " + second.address() + " is a primary, " +
                         dead + " does not answer. Add one to addr, or use target=any.");
  EXPECT_EQ(first.queries() + second.queries(), 0);
}

TEST(QueryClient, HostsOfTheSameZoneComeFirst) {
  Node far("REPLICA", "b");
  Node silent("REPLICA", "");
  Node near("REPLICA", "a");
  QueryClient client(options(far.address() + "," + silent.address() + "," + near.address(), "zone=a;"));
  EXPECT_EQ(client.execute("SELECT 1").host, near.address());
  near.stop();
  EXPECT_EQ(client.execute("SELECT 1").host, silent.address());
  silent.stop();
  EXPECT_EQ(client.execute("SELECT 1").host, far.address());
}

TEST(QueryClient, SpeaksHttps) {
  const test::TemporaryDirectory folder;
  const test::CertificateAuthority authority;
  test::TlsLoopbackServer server({.certificate = authority.issue()}, [](test::TlsPeer& peer) {
    const auto request = peer.read_request();
    EXPECT_EQ(request->header("Authorization"), "Basic YTpi");
    peer.send(reply("200 OK", R"({"columns":[{"name":"a","type":"INT"}],"dataset":[[1]],"count":1})"));
  });
  const std::string host = "localhost:" + std::to_string(server.port());
  const auto roots = test::write_file(folder.path() / "ca.pem", authority.pem()).string();
  const std::string conf = "https::addr=" + host + ";username=a;password=b;";
  EXPECT_EQ(QueryClient(Options::from_conf(conf + "tls_roots=" + roots + ";")).execute("SELECT 1").host,
            host);
  std::string message;
  EXPECT_EQ(failure(QueryClient(Options::from_conf(conf)), "SELECT 1", message), ErrorCode::tls);
  EXPECT_NE(message.find("not a trusted root"), std::string::npos) << message;
}

TEST(QueryClient, AHostThatDoesNotFinishItsHandshakeIsLeftAfterConnectTimeout) {
  LoopbackServer silent([](Peer& peer) { peer.wait_for_close(); });
  const auto start = std::chrono::steady_clock::now();
  QueryClient client(
      Options::from_conf("https::addr=" + silent.address() + ";connect_timeout=30;request_timeout=60000;"));
  std::string message;
  EXPECT_EQ(failure(std::move(client), "INSERT INTO t VALUES (1)", message), ErrorCode::timeout);
  EXPECT_NE(message.find("30 ms"), std::string::npos) << message;
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
}

TEST(QueryClient, SpeaksIpv6) {
  LoopbackServer server(
      [&](Peer& peer) {
        EXPECT_EQ(peer.read_request()->header("Host"), "[::1]:" + std::to_string(server.port()));
        peer.send(reply("200 OK", "{}"));
      },
      true);
  const std::string host = "[::1]:" + std::to_string(server.port());
  EXPECT_EQ(QueryClient(options(host)).execute("SELECT 1").host, host);
}

TEST(QueryClient, LinesCarryNoQueries) {
  EXPECT_THROW(QueryClient(Options::from_conf("tcp::addr=localhost:9009;")), Error);
}

}  // namespace
}  // namespace questclient
