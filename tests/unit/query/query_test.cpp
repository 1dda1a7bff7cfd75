#include <gtest/gtest.h>

#include <questclient/query.hpp>

#include "query/parse_result.hpp"
#include "support/loopback_server.hpp"

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

}  // namespace
}  // namespace questclient
