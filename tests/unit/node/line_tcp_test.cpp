// ILP over TCP on a whole server.
#include <atomic>
#include <stdexcept>
#include <string>

#include "line_keys.hpp"
#include "node/line_writer.hpp"
#include "node_fixture.hpp"
#include "server_answers.hpp"
#include "support/certificates.hpp"
#include "unit/front/tls_client.hpp"

namespace questnode::node {
namespace {

using base::SignatureForm;
using nlohmann::json;
using test::RawClient;

class LineTcp : public AnswersTest {
 protected:
  void start(const std::string& conf = {}) { AnswersTest::start("line.tcp.enabled=true\n" + conf); }
  std::uint16_t line_port() const { return port_of(server_->line_address()); }
  std::string auth_conf(const std::string& file = test::kAuthFile) const {
    return "line.tcp.auth.db.path=" +
           questclient::test::write_file(directory_.path() / "auth.txt", file).string() + "\n";
  }
};

TEST_F(LineTcp, RowsAreKeptAsTheyCome) {
  start();
  RawClient client(line_port());
  client.send("t i=1i 1000\nt i=2i 20");
  EXPECT_EQ(await_rows("t", 1).size(), 1U);
  client.send("00\n");
  EXPECT_EQ(await_rows("t", 2),
            json::parse(R"([[1,"1970-01-01T00:00:00.000001Z"],[2,"1970-01-01T00:00:00.000002Z"]])"));
}

TEST_F(LineTcp, ALastLineWithoutItsEndIsDropped) {
  start();
  {
    RawClient client(line_port());
    client.send("t i=1i 1000\nt i=2i 2000");
    client.close_sending();
    EXPECT_EQ(client.read_to_end(), "");
  }
  EXPECT_EQ(await_rows("t", 1).size(), 1U);
}

TEST_F(LineTcp, ABadLineEndsTheConnectionAndRowsBeforeItAreKept) {
  start();
  const std::string double_of_line_feeds = "b==\x10\n\n\n\n\n\n\n\n";
  for (const std::string bad : {"t i=oops 3000\n", "t i=\"text\" 3000\n", "t\n"}) {
    RawClient client(line_port());
    client.send("t i=1i 1000\n\nt i=2i," + double_of_line_feeds + " 2000\n" + bad + "t i=4i 4000\n");
    EXPECT_EQ(client.read_to_end(), "") << bad;
  }
  EXPECT_EQ(await_rows("t", 6).size(), 6U);
}

TEST_F(LineTcp, ATypeAndAGrammarErrorInOneBatchKeepWhatStoodBeforeTheFirst) {
  start();
  RawClient client(line_port());
  client.send("t i=1i 1000\nt i=\"text\" 2000\nt i=3i 3000\nt i=oops 4000\n");
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(await_rows("t", 1), json::parse(R"([[1,"1970-01-01T00:00:00.000001Z"]])"));
}

TEST_F(LineTcp, ALineWithoutEndIsBounded) {
  start("line.tcp.max.recv.buffer.size=64k\n");
  RawClient client(line_port());
  client.send("t i=1i 1000\nt s=\"" + std::string(200'000, 'x'));
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(await_rows("t", 1).size(), 1U);
}

TEST_F(LineTcp, ALongLineWithoutEndNeedsRoomAmongAllRequests) {
  start("questnode.requests.max.bytes=1m\n");
  RawClient client(line_port());
  client.send("t i=1i 1000\nt s=\"" + std::string(4 << 20, 'x'));
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(await_rows("t", 1).size(), 1U);
}

TEST_F(LineTcp, ManyRowsArriveInOrder) {
  start();
  std::string body;
  for (int i = 0; i < 20'000; ++i) body.append("t i=").append(std::to_string(i)).append("i 1000\n");
  RawClient client(line_port());
  client.send(body);
  client.close_sending();
  EXPECT_EQ(client.read_to_end(), "");
  const json found = await_rows("t", 20'000);
  ASSERT_EQ(found.size(), 20'000U);
  for (int i = 0; i < 20'000; ++i) ASSERT_EQ(found[static_cast<std::size_t>(i)][0], i);
}

TEST_F(LineTcp, ALoginOpensTheWay) {
  start(auth_conf());
  for (const SignatureForm form : {SignatureForm::der, SignatureForm::p1363}) {
    RawClient client(line_port());
    client.send("admin\n");
    std::string challenge = client.read_through("\n");
    ASSERT_EQ(challenge.size(), 513U);
    challenge.pop_back();
    client.send(test::signed_line(challenge, form) + "t i=1i 1000\n");
    client.close_sending();
    EXPECT_EQ(client.read_to_end(), "");
  }
  EXPECT_EQ(await_rows("t", 2).size(), 2U);
}

TEST_F(LineTcp, WithoutALoginNothingIsTaken) {
  start(auth_conf());
  RawClient unknown(line_port());
  unknown.send("nobody\n");
  std::string challenge = unknown.read_through("\n");
  ASSERT_EQ(challenge.size(), 513U);
  challenge.pop_back();
  unknown.send(test::signed_line(challenge, SignatureForm::der) + "t i=1i 1000\n");
  EXPECT_EQ(unknown.read_to_end(), "");
  RawClient hasty(line_port());
  hasty.send("t i=1i 1000\nt i=2i 1000\n");
  hasty.read_to_end();
  EXPECT_TRUE(server_->node().status().tables.empty());
}

TEST_F(LineTcp, WhoMayOnlyReadIsHungUpOn) {
  start(auth_conf(test::kAuthFile.substr(0, test::kAuthFile.rfind('#')) + "readonly\n"));
  RawClient client(line_port());
  client.send("admin\n");
  std::string challenge = client.read_through("\n");
  ASSERT_EQ(challenge.size(), 513U);
  challenge.pop_back();
  client.send(test::signed_line(challenge, SignatureForm::der) + "t i=1i 1000\n");
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(server_->node().status().tables.empty());
}

TEST_F(LineTcp, TlsCarriesLoginAndRows) {
  const auto files = questclient::test::write_tls_files(directory_.path());
  start(auth_conf() + "tls.enabled=true\nhttp.tls.enabled=false\ntls.cert.path=" + files.server.string() +
        "\ntls.private.key.path=" + files.key.string() + "\n");
  test::TlsClient client(line_port(), files.ca, TLS1_3_VERSION);
  client.send("admin\n");
  std::string challenge = client.read_through('\n');
  ASSERT_EQ(challenge.size(), 513U);
  challenge.pop_back();
  client.send(test::signed_line(challenge, SignatureForm::p1363) + "t i=1i 1000\n");
  EXPECT_EQ(await_rows("t", 1).size(), 1U);
}

TEST_F(LineTcp, IsToldInSettingsAndTheReadyFile) {
  start();
  const json config = json_of(ask("GET", "/settings")).at("config");
  EXPECT_EQ(config.at("ilp.proto.transports"), json::parse(R"(["tcp","http"])"));
  EXPECT_EQ(config.at("accepting.writes"), json::parse(R"(["http","tcp"])"));
  const json ready = json::parse(base::read_file(directory_.path() / "root" / "questnode.json").value());
  EXPECT_EQ(ready.at("line_tcp"), server_->line_address());
}

TEST_F(LineTcp, AnAuthFileThatIsNotThereIsNamed) {
  try {
    start("line.tcp.auth.db.path=/nowhere/auth.txt\n");
    FAIL() << "started";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("/nowhere/auth.txt"), std::string::npos);
  }
}

/// Fails when it has been asked so often.
class BrokenClock final : public base::Clock {
 public:
  base::Time now() const override { return clock_.now(); }
  std::int64_t wall_nanos() const override {
    if (left == 0) throw std::runtime_error("no time");
    --left;
    return clock_.wall_nanos();
  }
  mutable std::atomic<int> left{1000};

 private:
  base::SystemClock clock_;
};

class LineWriterTest : public NodeTest {
 protected:
  front::AfterCommit commit(const std::string& lines) {
    Answer<front::AfterCommit> answer;
    consumer_->receive(lines);
    consumer_->commit(answer.callback());
    return answer.get();
  }

  BrokenClock broken_clock_;
  Node node_{config_, RootLayout{directory_.path()},
             NodeParts{broken_clock_, random_, nullptr, "node.test:9000", {}}};
  LineWriter writer_{node_, random_, std::nullopt, 64 << 10, nullptr};
  std::unique_ptr<front::LineConsumer> consumer_ = writer_.open();
};

TEST_F(LineWriterTest, ANodeThatThrowsEndsTheConnection) {
  EXPECT_EQ(commit("t i=1i 1000\n"), front::AfterCommit::go_on);
  broken_clock_.left = 0;
  EXPECT_EQ(commit("t i=2i 2000\n"), front::AfterCommit::close);
  broken_clock_.left = 1;  // for the first attempt, not for the rest before the bad line
  EXPECT_EQ(commit("t i=3i 3000\nt i=oops 4000\n"), front::AfterCommit::close);
  broken_clock_.left = 1000;
  EXPECT_EQ(commit("t i=5i 5000\n"), front::AfterCommit::go_on);
}

}  // namespace
}  // namespace questnode::node
