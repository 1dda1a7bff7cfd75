// Credentials and keys stand in nothing that a sender says, whatever goes wrong with them.
#include <filesystem>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include <questclient/log.hpp>

#include "base/es256.hpp"
#include "base/file.hpp"
#include "driver_support.hpp"
#include "support/tls_server.hpp"

namespace questclient {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

const std::string kPassword = "pass-word-never-told";
const std::string kToken = "token-never-told";
const std::string kSlotKey = "slot-key-of-32-bytes-never-told!";
// The key of RFC 7515, appendix A.3.
const std::string kPrivateKey = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";
const std::string kPublicKey =
    "token_x=f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU;token_y=x_FEzRu9m36HLN_"
    "tue659LNpXW6pCyStikYjKIWI5a0;";

/// Everything that senders said: to the log, in events, in errors, in counters.
class SenderSecrets : public ::testing::TestWithParam<bool> {
 protected:
  SenderSecrets() {
    set_log_level(LogLevel::debug);
    set_log_sink([this](LogLevel, std::string_view line) { hear(line); });
  }
  ~SenderSecrets() override {
    set_log_sink({});
    set_log_level(LogLevel::warning);
  }

  void hear(std::string_view text) {
    const std::lock_guard lock(mutex_);
    said_ += text;
    said_ += '\n';
  }
  void hear(const SenderEvent& event) {
    for (const std::string& text : {event.message, event.host, event.server.message, event.server.error_id})
      hear(text);
  }
  void hear(const Error& error) {
    hear(error.what());
    hear(error.what_to_do());
    if (const ServerAnswer* server = error.server()) hear(server->message + server->error_id);
  }
  void hear_refusal(const std::function<void()>& call, ErrorCode expected) {
    try {
      call();
      ADD_FAILURE() << "it was not refused";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), expected) << error.what();
      hear(error);
    }
  }
  /// With a handler, or to the log.
  Handlers handlers() {
    Handlers made;
    if (GetParam()) made.on_event = [this](const SenderEvent& event) { hear(event); };
    return made;
  }
  Sender open(const std::string& text) {
    return Sender::from_conf(text + "auto_flush=off;close_flush_timeout_millis=0;", handlers());
  }
  void hear_all_of(Sender& sender) {
    for (const SenderEvent& event : sender.poll_events()) hear(event);
    hear(to_json(sender.stats()));
    hear(to_prometheus(sender.stats(), "sender_id=\"own\""));
    sender.close();
    hear(to_json(sender.stats()));
  }
  /// `sign` shows that something was heard at all.
  void expect_no_secret(const std::string& sign) {
    const std::lock_guard lock(mutex_);
    EXPECT_NE(said_.find(sign), std::string::npos) << said_;
    for (const std::string& secret :
         {kPassword, kToken, base::base64_encode("ingest:" + kPassword), kSlotKey, hex(kSlotKey),
          base::base64_encode(kSlotKey), kPrivateKey, base::base64_decode(kPrivateKey)})
      EXPECT_EQ(said_.find(secret), std::string::npos) << said_;
  }
  static std::string hex(const std::string& bytes) {
    std::ostringstream out;
    for (const char byte : bytes) out << std::hex << static_cast<int>(byte);  // all of them above 0x0f
    return out.str();
  }
  /// A server that repeats to whoever is refused what it was sent, and the secret that it took out of it.
  static Database::OnWrite refusing_with(const std::string& status, const std::string& secret) {
    return [status, secret](const ReceivedRequest& request) {
      const std::string credentials = request.header("Authorization");
      const std::string quoted = "\"" + credentials + " " + secret + "\"";
      return answer(status,
                    R"({"code":)" + quoted + R"(,"message":)" + quoted + R"(,"errorId":)" + quoted + "}",
                    "Location: /?auth=" + credentials + "\r\nX-QuestDB-Role: " + credentials + "\r\n");
    };
  }
  std::string encrypted_slot() {
    return "sf_dir=" + (directory_.path() / "slots").string() +
           ";sender_id=own;sf_key=" + write_file(directory_.path() / "key", kSlotKey).string() + ";";
  }

  TemporaryDirectory directory_;

 private:
  std::mutex mutex_;
  std::string said_;
};
INSTANTIATE_TEST_SUITE_P(, SenderSecrets, ::testing::Bool(),
                         [](const auto& which) { return which.param ? "Handler" : "Log"; });

TEST_P(SenderSecrets, AreNowhereAfterA401) {
  Database database(refusing_with("401 Unauthorized", kPassword));
  Sender sender =
      open(conf(database.address(), "username=ingest;password=" + kPassword + ";" + encrypted_slot()));
  row(sender, 1);
  sender.flush();
  hear_refusal([&] { sender.wait(1, Ack::committed, kLong); }, ErrorCode::unauthorised);
  std::optional<std::string> published;
  while (!published) published = base::read_file(directory_.path() / "slots" / "own" / "stats.json");
  hear(*published);
  hear_all_of(sender);
  expect_no_secret("credentials with 401");
}

TEST_P(SenderSecrets, AreNowhereAfterA403) {
  Database database(refusing_with("403 Forbidden", kToken));
  Sender sender = open(conf(database.address(), "token=" + kToken + ";"));
  row(sender, 1);
  sender.flush();
  hear_refusal([&] { sender.wait(1, Ack::committed, kLong); }, ErrorCode::unauthorised);
  hear_all_of(sender);
  expect_no_secret("credentials with 403");
}

TEST_P(SenderSecrets, AreNowhereAfterOtherRefusals) {
  for (const std::string status : {"400 Bad request", "404 Not found", "421 Misdirected", "503 Busy"}) {
    Database database(refusing_with(status, kPassword));
    Sender sender = open(conf(database.address(), "username=ingest;password=" + kPassword + ";"));
    row(sender, 1);
    sender.flush();
    while (sender.stats().last_error.empty()) std::this_thread::yield();
    hear_all_of(sender);
  }
  expect_no_secret("answered 503");
}

TEST_P(SenderSecrets, AreNowhereAfterATlsError) {
  const CertificateAuthority stranger;
  TlsLoopbackServer server({.certificate = stranger.issue()}, [](TlsPeer&) {});
  const std::string text = "https::addr=localhost:" + std::to_string(server.port()) +
                           ";protocol_version=1;username=ingest;password=" + kPassword + ";";
  hear_refusal([&] { open(text + "initial_connect_retry=off;"); }, ErrorCode::connect);
  Sender sender = open(text);
  row(sender, 1);
  sender.flush();
  while (sender.stats().last_error.empty()) std::this_thread::yield();
  hear_all_of(sender);
  expect_no_secret("certificate");
}

TEST_P(SenderSecrets, AreNowhereAfterAServerHasRefusedTheKey) {
  LoopbackServer server([](Peer& peer) {
    if (!peer.read_line()) return;
    peer.send(std::string(512, 'c') + "\n");
    peer.read_line();
  });
  Sender sender =
      open("tcp::addr=" + server.address() + ";username=ingest;token=" + kPrivateKey + ";" + kPublicKey);
  row(sender, 1);
  sender.flush();
  hear_refusal([&] { sender.drain(kLong); }, ErrorCode::unauthorised);
  hear_all_of(sender);
  expect_no_secret("refuses the key 'ingest'");
}

TEST_P(SenderSecrets, AreNowhereWhereTheSlotsKeyDoesNotFit) {
  const std::string slot = encrypted_slot();
  {
    Sender sender = open(conf(dead_host(), slot));
    row(sender, 1);
    sender.flush();
    hear_all_of(sender);
  }
  write_file(directory_.path() / "key", "!" + kSlotKey.substr(1));
  hear_refusal([&] { open(conf(dead_host(), slot)); }, ErrorCode::slot_key);
  write_file(directory_.path() / "key", kSlotKey + kSlotKey);
  hear_refusal([&] { open(conf(dead_host(), slot)); }, ErrorCode::slot_key);
  expect_no_secret("key");
}

}  // namespace
}  // namespace questclient
