// Each line of the table of errors, over HTTP, as docs/ilp.md and docs/questnode.md say.
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/gzip.hpp"
#include "server_answers.hpp"

namespace questnode::node {
namespace {

using nlohmann::json;
using ErrorTable = AnswersTest;

const std::string kGzip = "Content-Encoding: gzip\r\n";

TEST_F(ErrorTable, BadLinesAreInvalid) {
  start();
  EXPECT_TRUE(write("t,s=a i=1i,f=1.5 1000\n").starts_with("HTTP/1.1 204 "));
  expect_error(write("t i=2i 1\nt i=oops 2\n"), "400", "invalid", "Field: i; value: oops", 2);
  expect_error(write("t i=1.5 1\n"), "400", "invalid",
               "cast error from protocol type: FLOAT to column type: LONG", 1);
  expect_error(write("t a.b=1i 1\n"), "400", "invalid", "table: t; invalid column name: a.b", 1);
  expect_error(write("t..u i=1i 1\n"), "400", "invalid", "table: t..u; invalid table name", 1);
  expect_error(write("t i=1i -1\n"), "400", "invalid",
               "designated timestamp before 1970-01-01 is not allowed", 1);
  expect_error(write("t d=1.25d 1\n"), "400", "invalid", "decimal columns must be created manually: d", 1);
  EXPECT_EQ(await_rows("t", 1).size(), 1U);
}

TEST_F(ErrorTable, CreationCanBeSwitchedOff) {
  start("line.auto.create.new.tables=false\nline.auto.create.new.columns=false\n");
  expect_error(write("t i=1i 1\n"), "400", "invalid", "table does not exist, creating new tables is disabled",
               1);
  ask("GET", "/exec?query=CREATE+TABLE+t(i+BYTE,ts+TIMESTAMP)+TIMESTAMP(ts)+PARTITION+BY+DAY");
  expect_error(write("t i=1i 1\nt j=1i 2\n"), "400", "invalid",
               "column: j does not exist, creating new columns is disabled", 2);
  expect_error(write("t i=128i 1\n"), "400", "invalid",
               "line protocol value: 128 is out bounds of column type: BYTE", 1);
  EXPECT_TRUE(write("t i=1i 1\n").starts_with("HTTP/1.1 204 "));
}

TEST_F(ErrorTable, BadPrecisionIsNotSupported) {
  start();
  const std::string answer = ask("POST", "/write?precision=days", {}, "t i=1i 1\n");
  expect_error(answer, "400", "not supported", "not days");
}

TEST_F(ErrorTable, GzipIsUnpackedWithinTheBoundOfBodies) {
  start("line.http.max.recv.buffer.size=64k\n");
  const std::string line = "t i=1i 1000\n";
  EXPECT_TRUE(write(base::gzip(line), kGzip).starts_with("HTTP/1.1 204 "));
  EXPECT_TRUE(write(base::gzip(line), "content-encoding: gzip\r\n").starts_with("HTTP/1.1 204 "));
  EXPECT_TRUE(write("", kGzip).starts_with("HTTP/1.1 204 "));
  EXPECT_TRUE(write(line, "Content-Encoding: identity\r\n").starts_with("HTTP/1.1 204 "));
  EXPECT_EQ(await_rows("t", 3).size(), 3U);
  expect_error(write("no gzip at all", kGzip), "415", "not supported", "gzip decompression error");
  std::string cut = base::gzip(line);
  cut.pop_back();
  expect_error(write(cut, kGzip), "415", "not supported", "gzip decompression error");
  std::string many;
  while (many.size() <= 64 << 10) many += line;
  expect_error(write(base::gzip(many), kGzip), "413", "request too large",
               "longer than 65536 bytes (line.http.max.recv.buffer.size)");
  expect_error(write("t i=oops 1\n" + base::gzip(line), "Content-Encoding: deflate\r\n"), "400", "invalid",
               "Field: i; value: oops", 1);
}

TEST_F(ErrorTable, TooLargeABodyIsJson) {
  start("line.http.max.recv.buffer.size=64k\n");
  expect_error(write(std::string(70'000, 'x')), "413", "request too large",
               "at most 65536 bytes (line.http.max.recv.buffer.size)");
}

TEST_F(ErrorTable, TooManyBytesAtATimeAreAskedToRetry) {
  start("questnode.requests.max.bytes=1k\n");
  expect_error(write(std::string(70'000, 'x')), "503", "retry operation", "try again later");
}

TEST_F(ErrorTable, WhatABodyBecomesCountsToo) {
  start("questnode.requests.max.bytes=100k\n");
  std::string lines;
  while (lines.size() < 60'000) lines += "t a=t\n";
  expect_error(write(lines), "413", "request too large", "send fewer of them in a request");
  expect_error(write(base::gzip(std::string(110'000, '\n')), kGzip), "413", "request too large",
               "once it is unpacked");
  EXPECT_TRUE(write(lines.substr(0, 6'000)).starts_with("HTTP/1.1 204 ")) << "all is given back";
}

TEST_F(ErrorTable, WhatABodyBecomesWaitsForOthers) {
  start("questnode.requests.max.bytes=100k\n");
  test::RawClient slow(port_of(server_->address()));
  slow.send("POST /write HTTP/1.1\r\nContent-Length: 90001\r\n\r\nt a=\"" + std::string(80'000, 'x'));
  std::string lines;
  while (lines.size() < 12'000) lines += "t b=t\n";
  while (server_->bytes_held() < 80'000) std::this_thread::yield();
  expect_error(write(lines), "503", "retry operation", "try again later");
}

TEST_F(ErrorTable, OtherMethodsAndPlacesArePlainText) {
  start();
  for (const std::string method : {"GET", "PUT", "DELETE"}) {
    expect_text(ask(method, "/write"), "405", "Method " + method + " not supported");
  }
  expect_text(ask("POST", "/ping"), "405", "Method POST not supported");
  expect_text(ask("GET", "/nothing"), "404", "Not Found");
  test::RawClient client(port_of(server_->address()));
  client.send("POST /write HTTP/1.1\r\nHost: x\r\n\r\n");
  expect_text(client.read_to_end(), "400", "Content-length not specified for POST/PUT request");
}

TEST_F(ErrorTable, TooManyConnectionsAreToldAndClosed) {
  start("http.net.connection.limit=1\n");
  test::RawClient first(port_of(server_->address()));
  first.send("GET /ping HTTP/1.1\r\n\r\n");
  first.read_through("\r\n\r\n");
  test::RawClient second(port_of(server_->address()));
  EXPECT_TRUE(second.read_to_end().starts_with("HTTP/1.1 429 "));
}

TEST_F(ErrorTable, AuthenticationGuardsAllButPingAndSettings) {
  start("http.user=joe\nhttp.password=secret\nquestnode.http.token=t0ken\n");
  const std::string line = "t i=1i 1000\n";
  for (const std::string wrong :
       {"", "Authorization: Basic am9lOm5v\r\n", "Authorization: Bearer t0ke\r\n"}) {
    expect_text(write(line, wrong), "401", "Unauthorized");
    expect_text(ask("GET", "/exec?query=SELECT+1", wrong), "401", "Unauthorized");
    expect_text(ask("POST", "/lifecycle", wrong), "401", "Unauthorized");
    expect_text(ask("GET", "/status", wrong), "401", "Unauthorized");
  }
  EXPECT_TRUE(ask("GET", "/ping").starts_with("HTTP/1.1 204 "));
  EXPECT_EQ(json_of(ask("GET", "/settings")).at("config").at("acl.enabled"), true);
  EXPECT_TRUE(write(line, "Authorization: Basic am9lOnNlY3JldA==\r\n").starts_with("HTTP/1.1 204 "));
  EXPECT_TRUE(write(line, "Authorization: Bearer t0ken\r\n").starts_with("HTTP/1.1 204 "));
}

// Invariant 10 of server-stub/node/README.md.
TEST_F(ErrorTable, WhoMayOnlyReadIsForbiddenToWrite) {
  start(
      "http.user=joe\nhttp.password=secret\nquestnode.http.readonly.user=ann\n"
      "questnode.http.readonly.password=secret\nquestnode.http.readonly.token=r3ad\n");
  const std::string writer = "Authorization: Basic am9lOnNlY3JldA==\r\n";
  EXPECT_TRUE(write("t i=1i 1000\n", writer).starts_with("HTTP/1.1 204 "));
  for (const std::string reader :
       {"Authorization: Basic YW5uOnNlY3JldA==\r\n", "Authorization: Bearer r3ad\r\n"}) {
    expect_error(write("t i=2i 2000\n", reader), "403", "unauthorised", "Write permission denied");
    expect_error(ask("POST", "/api/v2/write", reader, "t i=2i 2000\n"), "403", "unauthorised",
                 "Write permission denied");
    expect_error(ask("POST", "/lifecycle", reader, "{}"), "403", "unauthorised", "Write permission denied");
    for (const std::string sql :
         {"CREATE+TABLE+u(i+BYTE,ts+TIMESTAMP)+TIMESTAMP(ts)+PARTITION+BY+DAY", "RENAME+TABLE+t+TO+u"}) {
      const std::string refused = ask("GET", "/exec?query=" + sql, reader);
      EXPECT_TRUE(refused.starts_with("HTTP/1.1 403 ")) << refused;
      EXPECT_EQ(json_of(refused).at("error"), "Write permission denied");
    }
    const json found = json_of(ask("GET", "/exec?query=SELECT+1", reader));
    EXPECT_EQ(found.at("dataset"), json::parse("[[1]]"));
    EXPECT_TRUE(ask("GET", "/status", reader).starts_with("HTTP/1.1 200 "));
  }
  EXPECT_EQ(json_of(ask("GET", "/settings")).at("config").at("acl.enabled"), true);
  expect_text(write("t i=2i 2000\n", "Authorization: Bearer t0ken\r\n"), "401", "Unauthorized");
}

TEST_F(ErrorTable, ARenameDuringARequestIsNoErrorAsTheWholeRequestIsSequencedAfterIt) {
  start();
  EXPECT_TRUE(write("t i=1i 1000\n").starts_with("HTTP/1.1 204 "));
  await_rows("t", 1);
  test::RawClient client(port_of(server_->address()));
  client.send(
      "POST /write HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 24\r\n\r\nt i=2i 2000\n");
  EXPECT_EQ(json_of(ask("GET", "/exec?query=RENAME+TABLE+'t'+TO+'u'")), json::parse(R"({"ddl":"OK"})"));
  client.send("t i=3i 3000\n");
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 204 "));
  EXPECT_EQ(await_rows("t", 2).size(), 2U);
  EXPECT_EQ(await_rows("u", 1).size(), 1U);
}

TEST_F(ErrorTable, ARenameThatCannotBeIsRefused) {
  start();
  EXPECT_TRUE(write("t i=1i 1000\nu i=1i 1000\n").starts_with("HTTP/1.1 204 "));
  for (const auto& [sql, message] : std::vector<std::pair<std::string, std::string>>{
           {"RENAME+TABLE+nope+TO+v", "table does not exist [table=nope]"},
           {"RENAME+TABLE+t+TO+'v/w'", "invalid table name [table=v/w]"},
           {"RENAME+TABLE+t+TO+u",
            "cannot rename table, new name is already in use [table=t, toTableName=u]"},
           {"RENAME+TABLE+t", "to expected"}}) {
    const std::string refused = ask("GET", "/exec?query=" + sql);
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 400 ")) << refused;
    EXPECT_EQ(json_of(refused).at("error"), message);
  }
  EXPECT_EQ(await_rows("t", 1).size(), 1U);
}

TEST_F(ErrorTable, NoTableIsEverSuspended) {
  start();
  EXPECT_TRUE(write("t i=1i 1000\n").starts_with("HTTP/1.1 204 "));
  const std::string refused = ask("GET", "/exec?query=ALTER+TABLE+t+SUSPEND+WAL");
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 400 ")) << refused;
  EXPECT_TRUE(json_of(refused).at("error").get<std::string>().starts_with("'ALTER' is not supported"));
  EXPECT_TRUE(write("t i=2i 2000\n").starts_with("HTTP/1.1 204 "));
  EXPECT_EQ(await_rows("t", 2).size(), 2U);
}

TEST_F(ErrorTable, WithoutAuthenticationSettingsDoNotSpeakOfIt) {
  start();
  EXPECT_FALSE(json_of(ask("GET", "/settings")).at("config").contains("acl.enabled"));
}

TEST_F(ErrorTable, AReadOnlyInstanceTakesNoWrites) {
  for (const std::string key : {"http.security.readonly", "readonly"}) {
    start(key + "=true\nline.tcp.enabled=true\n");
    expect_error(write("t i=1i 1000\n"), "421", "not accepting writes",
                 "this instance cannot receive writes");
    const json config = json_of(ask("GET", "/settings")).at("config");
    EXPECT_EQ(config.at("accepting.writes"), key == "readonly" ? json::array() : json::parse(R"(["tcp"])"));
    EXPECT_EQ(server_->line_address().empty(), key == "readonly");
    const json refused =
        json_of(ask("GET", "/exec?query=CREATE+TABLE+t(i+BYTE,ts+TIMESTAMP)+TIMESTAMP(ts)+PARTITION+BY+DAY"));
    EXPECT_EQ(refused.at("error"), "Could not create table, Write permission denied");
    const std::string renamed = ask("GET", "/exec?query=RENAME+TABLE+t+TO+u");
    EXPECT_TRUE(renamed.starts_with("HTTP/1.1 403 ")) << renamed;
    EXPECT_EQ(json_of(renamed).at("error"), "Write permission denied");
    EXPECT_EQ(rows("(SELECT+1)"), json::parse("[[1]]"));
    server_.reset();
  }
}

}  // namespace
}  // namespace questnode::node
