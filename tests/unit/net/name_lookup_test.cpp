// Names and their addresses, with a resolver that knows some names that no DNS has.
#include "net/name_lookup.hpp"

#include <array>
#include <atomic>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <future>
#include <netdb.h>
#include <sys/wait.h>

#include <gtest/gtest.h>

#include "answers.hpp"
#include "client.hpp"
#include "support/loopback_server.hpp"

namespace {

/// hangs.test: its servers are silent until this is set; a new one for each test.
std::promise<void> silence;
std::shared_future<void> answered;
std::atomic<int> asked;

using GetAddrInfo = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

int ask_the_system(const char* name, const char* service, const addrinfo* hints, addrinfo** found) {
  static const auto real = reinterpret_cast<GetAddrInfo>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(name, service, hints, found);
}

}  // namespace

/// In the place of libc's.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** found) {
  if (std::strcmp(name, "hangs.test") == 0) {
    const auto end_of_silence = answered;
    ++asked;
    end_of_silence.wait();
    name = "127.0.0.1";
  }
  if (std::strcmp(name, "nobody.test") == 0) return EAI_NONAME;
  if (std::strcmp(name, "two.test") != 0) return ask_the_system(name, service, hints, found);
  if (const int error = ask_the_system("127.0.0.2", service, hints, found); error != 0) return error;
  return ask_the_system("127.0.0.1", service, hints, &(*found)->ai_next);
}

namespace questclient::net {
namespace {

using test::LoopbackServer;
using test::Peer;

class Names : public testing::Test {
 protected:
  void SetUp() override {
    silence = {};
    answered = silence.get_future().share();
    asked = 0;
  }
};

/// A thread that still waits for the silence to end must have gone before the next test.
void end_silence() {
  silence.set_value();
  EventLoop loop;
  const NameLookup last(loop, "hangs.test", [&](const Addresses&) { loop.stop(); });
  loop.run();
}

// README 11.
TEST_F(Names, ANameThatHangsHoldsUpNoOtherAndNobodyWaitsForIt) {
  LoopbackServer server(answer_everything);
  {
    EventLoop loop;
    const auto hanging = make_connection(loop, Endpoint{});
    const auto good = make_connection(loop, Endpoint{});
    hanging->connect("hangs.test", server.port(), kLong, [](const NetError*) { FAIL() << "called back"; });
    good->connect("localhost", server.port(), kLong, [&](const NetError* error) {
      EXPECT_EQ(error, nullptr);
      loop.stop();
    });
    loop.run();
  }
  end_silence();  // the loop that would be told is gone
}

TEST_F(Names, ANameThatHangsTimesOutAndIsAskedForOnce) {
  for (int i = 0; i < 3; ++i) {
    const Outcome outcome = Client().connect(1, kShort, "hangs.test");
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->kind, NetError::Kind::timeout);
  }
  LoopbackServer server(answer_everything);
  EventLoop loop;
  int connected = 0;
  const auto done = [&](const NetError* error) {
    EXPECT_EQ(error, nullptr);
    if (++connected == 2) loop.stop();
  };
  const auto one = make_connection(loop, Endpoint{});
  const auto other = make_connection(loop, Endpoint{});
  one->connect("hangs.test", server.port(), kLong, done);
  other->connect("hangs.test", server.port(), kLong, done);
  silence.set_value();
  loop.run();
  EXPECT_EQ(asked, 1);
}

TEST_F(Names, AChildOfForkAsksForANameThatHangsInItsParent) {
  EXPECT_EQ(Client().connect(1, kShort, "hangs.test").error->kind, NetError::Kind::timeout);
  const pid_t child = ::fork();
  if (child == 0) {
    silence.set_value();
    const Outcome outcome = Client().connect(1, kLong, "hangs.test");
    ::_exit(outcome.error->kind == NetError::Kind::connect ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  end_silence();
}

TEST_F(Names, ANameThatIsNoneSaysSo) {
  const Outcome outcome = Client().connect(9000, kLong, "nobody.test");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, NetError::Kind::resolve);
  EXPECT_NE(outcome.error->message.find(::gai_strerror(EAI_NONAME)), std::string::npos)
      << outcome.error->message;
}

/// An address that takes no connection and refuses none: a listener whose queue is full.
class BlackHole {
 public:
  explicit BlackHole(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    ::inet_pton(AF_INET, "127.0.0.2", &address.sin_addr);
    const auto* at = static_cast<const sockaddr*>(static_cast<const void*>(&address));
    for (int& socket : sockets_) socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(sockets_[0], at, sizeof address), 0);
    EXPECT_EQ(::listen(sockets_[0], 0), 0);
    for (std::size_t i = 1; i < sockets_.size(); ++i) ::connect(sockets_[i], at, sizeof address);
  }
  ~BlackHole() {
    for (const int socket : sockets_) ::close(socket);
  }

 private:
  std::array<int, 3> sockets_;
};

TEST_F(Names, AnAddressThatIsSilentDoesNotHideTheNextOne) {
  LoopbackServer server(answer_everything);
  const BlackHole black_hole(server.port());
  Client silent;
  EXPECT_EQ(silent.connect(server.port(), kShort, "127.0.0.2").error->kind, NetError::Kind::timeout);
  Client client;
  const Outcome outcome = client.connect(server.port(), kLong, "two.test");
  ASSERT_FALSE(outcome.error) << outcome.error->message;
  EXPECT_EQ(client.post("x").response.status, 204);
}

TEST_F(Names, AnAddressThatRefusesDoesNotHideTheNextOne) {
  LoopbackServer server(answer_everything);
  Client client;
  ASSERT_FALSE(client.connect(server.port(), kLong, "two.test").error);
  EXPECT_EQ(client.post("x").response.status, 204);
  const Outcome outcome = Client().connect(test::unused_port(), kLong, "two.test");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind, NetError::Kind::connect);
}

}  // namespace
}  // namespace questclient::net
