// The whole server on loopback: statuses, headers and bodies as docs/questnode.md says.
#include "node/server.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "net/http_client.hpp"
#include "support/temporary_directory.hpp"

namespace questnode::node {
namespace {

using questclient::net::HttpRequest;
using questclient::net::HttpResponse;
using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr std::chrono::seconds kPatience{20};
const std::string kStream = "01234567-89ab-4cde-8123-456789abcdef";
const std::string kLine = "t,s=a v=1i 1000\n";

class ServerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Server> open(const std::string& name, ConfiguredRole role) {
    Config config;
    config.name = name;
    config.http_port = 0;
    config.role = role;
    config.poll_interval = std::chrono::milliseconds(5);
    const std::string store = (directory_.path() / "store").string();
    std::filesystem::create_directories(store + "/objects");
    std::filesystem::create_directories(store + "/scratch");
    config.object_store = "fs::root=" + store + "/objects;atomic_write_dir=" + store + "/scratch;";
    return std::make_unique<Server>(config, directory_.path() / name, nullptr);
  }
  static HttpResponse ask(const Server& server, const std::string& method, const std::string& target,
                          const std::string& body = {}, Headers headers = {}) {
    const auto address = *parse_address(server.address());
    return questclient::net::blocking_request(
        address.first, address.second,
        HttpRequest{.method = method, .target = target, .headers = std::move(headers), .body = body},
        kPatience);
  }
  static Headers frame(int fsn, const std::string& body) {
    return {{"X-Questclient-Stream", kStream + ";first=1"},
            {"X-Questclient-Frames", std::to_string(fsn) + ":0+1;" + std::to_string(body.size())}};
  }

  questclient::test::TemporaryDirectory directory_;
};

TEST_F(ServerTest, AStandaloneNodeAnswersAsQuestDbDoes) {
  const auto server = open("one", ConfiguredRole::none);
  const HttpResponse settings = ask(*server, "GET", "/settings");
  EXPECT_EQ(settings.status, 200);
  const auto config = nlohmann::json::parse(settings.body).at("config");
  EXPECT_EQ(config.at("accepting.writes"), nlohmann::json::parse(R"(["http"])"));
  EXPECT_EQ(config.at("line.proto.support.versions"), nlohmann::json::parse("[1,2,3]"));
  EXPECT_EQ(config.at("questclient.delivery"), 1);
  EXPECT_EQ(config.at("questclient.durable_ack"), false);
  const HttpResponse ping = ask(*server, "GET", "/ping");
  EXPECT_EQ(ping.status, 204);
  EXPECT_EQ(ping.header("X-Influxdb-Version"), "v2.7.4");
  EXPECT_EQ(ping.header("X-QuestDB-Role"), "STANDALONE");
  EXPECT_EQ(ask(*server, "POST", "/write?precision=n", kLine).status, 204);
  EXPECT_EQ(ask(*server, "POST", "/api/v2/write", kLine).status, 204);
  EXPECT_EQ(ask(*server, "PUT", "/write", kLine).status, 405);
  EXPECT_EQ(ask(*server, "GET", "/write").status, 405);
  EXPECT_EQ(ask(*server, "GET", "/nothing").status, 404);
}

TEST_F(ServerTest, RefusedRowsAreExplained) {
  const auto server = open("one", ConfiguredRole::none);
  const HttpResponse answer = ask(*server, "POST", "/write", kLine + "t v=oops 1\n");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.header("Content-Type"), "application/json; charset=utf-8");
  EXPECT_EQ(answer.header("Transfer-Encoding"), "chunked");
  const auto document = nlohmann::json::parse(answer.body);
  EXPECT_EQ(document.at("code"), "invalid");
  EXPECT_EQ(document.at("line"), 2);
  EXPECT_TRUE(document.at("message").get<std::string>().starts_with("failed to parse line protocol"));
  EXPECT_FALSE(document.at("errorId").get<std::string>().empty());
  const HttpResponse precision = ask(*server, "POST", "/write?precision=days", kLine);
  EXPECT_EQ(precision.status, 400);
  EXPECT_EQ(nlohmann::json::parse(precision.body).at("code"), "not supported");
  EXPECT_EQ(ask(*server, "POST", "/write", "x", {{"Content-Encoding", "gzip"}}).status, 415);
  EXPECT_EQ(ask(*server, "POST", "/write", kLine, {{"X-Questclient-Stream", "nonsense"}}).status, 400);
  EXPECT_EQ(ask(*server, "POST", "/write", kLine, {{"X-Questclient-Frames", "1:0+1;16"}}).status, 400);
}

TEST_F(ServerTest, TokensTravelInHeaders) {
  const auto server = open("one", ConfiguredRole::none);
  const HttpResponse first = ask(*server, "POST", "/write", kLine, frame(1, kLine));
  EXPECT_EQ(first.status, 204);
  EXPECT_EQ(first.header("X-Questclient-Acked"), "2:0");
  EXPECT_EQ(first.header("X-Questclient-Commit"), "0.1");
  EXPECT_EQ(first.header("X-QWP-Durable-Ack"), "");
  const HttpResponse gap = ask(*server, "POST", "/write", kLine, frame(4, kLine));
  EXPECT_EQ(gap.status, 409);
  EXPECT_EQ(gap.header("X-Questclient-Acked"), "2:0");
  Headers other = frame(4, kLine);
  other[0].second[0] = 'f';
  const HttpResponse unknown = ask(*server, "POST", "/write", kLine, other);
  EXPECT_EQ(unknown.status, 409);
  EXPECT_EQ(unknown.header("X-Questclient-Acked"), "");
  EXPECT_EQ(ask(*server, "GET", "/durable?stream=" + kStream).header("X-Questclient-Acked"), "2:0");
  EXPECT_EQ(ask(*server, "GET", "/durable?stream=x").status, 400);
}

TEST_F(ServerTest, SqlCreatesAndSelects) {
  const auto server = open("one", ConfiguredRole::none);
  const HttpResponse created = ask(*server, "GET",
                                   "/exec?query=CREATE%20TABLE%20m%20(ts%20TIMESTAMP,%20v%20DOUBLE)%"
                                   "20TIMESTAMP(ts)%20PARTITION%20BY%20DAY");
  EXPECT_EQ(created.status, 200) << created.body;
  EXPECT_EQ(created.body, R"({"ddl":"OK"})");
  const HttpResponse selected = ask(*server, "GET", "/exec?query=SELECT%20count()%20FROM%20m");
  EXPECT_EQ(nlohmann::json::parse(selected.body).at("dataset"), nlohmann::json::parse("[[0]]"));
  const HttpResponse refused = ask(*server, "GET", "/exec?query=DROP%20TABLE%20m");
  EXPECT_EQ(refused.status, 400);
  EXPECT_TRUE(nlohmann::json::parse(refused.body).contains("position"));
}

TEST_F(ServerTest, PromotionOverHttp) {
  const auto a = open("a", ConfiguredRole::primary);
  EXPECT_EQ(ask(*a, "POST", "/lifecycle", R"({"role":"primary"})").status, 200);
  const auto b = open("b", ConfiguredRole::replica);
  const Headers asking = {{"X-QWP-Request-Durable-Ack", "true"}};
  Headers headers = frame(1, kLine);
  headers.push_back(asking[0]);
  const HttpResponse written = ask(*a, "POST", "/write", kLine, headers);
  EXPECT_EQ(written.status, 204);
  EXPECT_EQ(written.header("X-QWP-Durable-Ack"), "enabled");
  EXPECT_EQ(written.header("X-QuestDB-Role"), "PRIMARY");
  const std::string poll = "/durable?stream=" + kStream + "&after=1:0&wait=20000";
  EXPECT_EQ(ask(*a, "GET", poll).header("X-Questclient-Durable"), "2:0");
  EXPECT_EQ(ask(*b, "GET", poll).header("X-Questclient-Durable"), "2:0");

  const HttpResponse replica = ask(*b, "POST", "/write", kLine);
  EXPECT_EQ(replica.status, 421);
  EXPECT_EQ(replica.header("X-QuestDB-Role"), "REPLICA");
  EXPECT_EQ(nlohmann::json::parse(replica.body).at("code"), "not accepting writes");
  EXPECT_EQ(nlohmann::json::parse(ask(*b, "GET", "/settings").body).at("config").at("accepting.writes"),
            nlohmann::json::array());

  const HttpResponse promoted = ask(*b, "POST", "/lifecycle", R"({"role":"primary"})");
  ASSERT_EQ(promoted.status, 200) << promoted.body;
  EXPECT_EQ(nlohmann::json::parse(promoted.body).at("epoch"), 2);
  EXPECT_EQ(ask(*b, "POST", "/write", kLine, frame(2, kLine)).header("X-Questclient-Acked"), "3:0");
  EXPECT_EQ(
      ask(*a, "GET", "/durable?stream=" + kStream + "&after=2:0&wait=20000").header("X-Questclient-Durable"),
      "3:0");
  const HttpResponse deposed = ask(*a, "POST", "/write", kLine);
  EXPECT_EQ(deposed.status, 421);
  EXPECT_NE(deposed.body.find(b->address()), std::string::npos) << deposed.body;
}

TEST_F(ServerTest, TheReadyFileIsThereOnlyWhileItServes) {
  const auto path = directory_.path() / "one" / "questnode.json";
  {
    const auto server = open("one", ConfiguredRole::none);
    const auto ready = nlohmann::json::parse(base::read_file(path).value());
    EXPECT_EQ(ready.at("address"), server->address());
    EXPECT_EQ(ready.at("pid"), getpid());
    EXPECT_EQ(ready.at("name"), "one");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace questnode::node
