#include "net/line_connection.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include "base/clock.hpp"
#include "net/authority.hpp"
#include "net/deadline.hpp"
#include "net/host_trust.hpp"
#include "net/line_verdict.hpp"
#include "net/stream.hpp"

namespace questclient::net {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::size_t kLongestChallenge = 4096;  // QuestDB sends 512 bytes
constexpr microseconds kFirstPause{200};
constexpr microseconds kLongestPause{20000};

bool is_write(const HttpRequest& request) {
  const std::string path = request.target.substr(0, request.target.find('?'));
  return request.method == "POST" && (path == "/write" || path == "/api/v2/write");
}

}  // namespace

struct LineConnection::Impl : std::enable_shared_from_this<Impl> {
  enum class State { fresh, connecting, authenticating, judged, idle, busy, closed };

  Impl(EventLoop& event_loop, std::shared_ptr<Stream> below, Endpoint how)
      : loop(event_loop),
        deadline(event_loop),
        pause(event_loop),
        stream(std::move(below)),
        endpoint(std::move(how)) {}

  void connect(const std::string& host, std::uint16_t port, milliseconds timeout);
  void authenticate();
  void read_challenge();
  void answer_challenge();
  void ready();
  void watch();
  void on_watched(const IoResult& result);
  LineVerdict judge(const IoResult& result) const;
  void note_end(const IoResult& result);

  void start(HttpRequest next, milliseconds timeout);
  void begin();
  void await_acknowledgement();
  void await_refusal();
  void grace_is_over();
  void look_again_later(void (Impl::*step)());
  void answer(int status);

  void timed_out(const std::string& reason) { failed(NetError::Kind::timeout, reason); }
  void failed(NetError::Kind kind, const std::string& reason);
  void failed(const LineVerdict& verdict) { failed(verdict.kind, verdict.reason); }
  void close();

  EventLoop& loop;
  Deadline deadline;
  EventLoop::Timer pause;
  const std::shared_ptr<Stream> stream;
  const Endpoint endpoint;
  State state = State::fresh;
  std::string where;
  Connection::Connected connected;
  Connection::Answered done;

  std::string challenge;
  std::string outgoing;  // of the authentication
  base::Time challenge_asked{};
  base::Time judged_since{};  // when the host had the signature, or the first rows; zero: not yet
  bool is_trusted = false;    // since then the host has had its time to refuse
  LineVerdict last_words = verdict_on_end({}, true);  // why it ended while it was idle
  std::array<char, 4096> input;

  HttpRequest request;
  bool nothing_written = false;
  microseconds next_pause = kFirstPause;
};

void LineConnection::Impl::close() {
  state = State::closed;
  deadline.cancel();
  pause.cancel();
  stream->close();
}

void LineConnection::Impl::failed(NetError::Kind kind, const std::string& reason) {
  const bool exchanging = done != nullptr;
  close();
  if (exchanging) {
    const NetError error{kind, !nothing_written, "request to " + where + ": " + reason};
    std::exchange(done, nullptr)(&error, {});
  } else if (const auto callback = std::exchange(connected, nullptr)) {
    const NetError error{kind, false, "connect to " + where + ": " + reason};
    callback(&error);
  }
}

void LineConnection::Impl::connect(const std::string& host, std::uint16_t port, milliseconds timeout) {
  where = authority(host, port);
  state = State::connecting;
  deadline.set(timeout, "no connection", *this);
  stream->connect(host, port, [self = shared_from_this()](const IoResult& result) {
    if (self->state != State::connecting) return;
    if (!result.ok()) {
      self->failed(result.kind, result.error);
    } else if (self->endpoint.key_id.empty()) {
      self->watch();
      self->ready();
    } else {
      self->authenticate();
    }
  });
}

void LineConnection::Impl::authenticate() {
  state = State::authenticating;
  deadline.set(endpoint.auth_timeout, "the server sent no challenge, or did not take the answer,", *this);
  challenge_asked = base::SystemClock().now();
  outgoing = endpoint.key_id + "\n";
  stream->write(outgoing, {}, [](const IoResult&) {});  // when it fails, so does the read
  read_challenge();
}

void LineConnection::Impl::read_challenge() {
  stream->read_some(input, [self = shared_from_this()](const IoResult& result) {
    if (self->state != State::authenticating) return;
    if (!result.ok()) {
      self->failed(result.kind, result.error +
                                    " instead of sending a challenge. Check that it authenticates, "
                                    "or leave out username and token.");
      return;
    }
    self->challenge.append(self->input.data(), result.bytes);
    if (self->challenge.back() == '\n') {
      self->answer_challenge();
    } else if (self->challenge.size() > kLongestChallenge) {
      self->failed(NetError::Kind::malformed, "what the server sent is no challenge");
    } else {
      self->read_challenge();
    }
  });
}

void LineConnection::Impl::answer_challenge() {
  const base::Time now = base::SystemClock().now();
  const base::Time took = now - challenge_asked;
  challenge.pop_back();
  try {
    outgoing = base::base64_encode(base::es256_sign(endpoint.private_key, endpoint.public_x,
                                                    endpoint.public_y, challenge, endpoint.signature_form)) +
               "\n";
  } catch (const std::exception& error) {
    failed(NetError::Kind::unauthorised, error.what());
    return;
  }
  stream->write(outgoing, {}, [self = shared_from_this(), took](const IoResult& result) {
    if (self->state != State::authenticating || !result.ok()) return;
    self->state = State::judged;
    self->judged_since = base::SystemClock().now();
    self->pause.set(self->judged_since + self->endpoint.trust->grace(self->where, took),
                    [weak = self->weak_from_this()] {
                      const auto still = weak.lock();
                      if (!still) return;
                      still->grace_is_over();
                      still->ready();
                    });
  });
  watch();
}

void LineConnection::Impl::ready() {
  deadline.cancel();
  state = State::idle;
  if (const auto callback = std::exchange(connected, nullptr)) callback(nullptr);
}

/// A read stands as long as the connection does: a server has nothing to say but that it closes.
void LineConnection::Impl::watch() {
  stream->read_some(input, [self = shared_from_this()](const IoResult& result) { self->on_watched(result); });
}

void LineConnection::Impl::on_watched(const IoResult& result) {
  if (state == State::closed) return;
  note_end(result);
  const LineVerdict verdict = judge(result);
  if (state != State::idle) return failed(verdict);
  last_words = verdict;  // for the next request
  close();
}

LineVerdict LineConnection::Impl::judge(const IoResult& result) const {
  if (state == State::authenticating || state == State::judged)
    return verdict_on_signature(result, endpoint.key_id);
  if (result.ok()) return verdict_on_words({input.data(), result.bytes}, !endpoint.key_id.empty());
  return verdict_on_end(result, state == State::idle || nothing_written);
}

/// Words are a refusal whenever they come; an end is one if it comes soon.
void LineConnection::Impl::note_end(const IoResult& result) {
  if (state != State::busy && state != State::idle) return;
  if (!result.ok() && judged_since == base::Time{}) return;
  endpoint.trust->ended(where, result.ok() ? base::Time{} : base::SystemClock().now() - judged_since);
}

void LineConnection::Impl::start(HttpRequest next, milliseconds timeout) {
  nothing_written = true;
  if (state != State::idle) {
    loop.post([self = shared_from_this()] { self->failed(self->last_words); });
    return;
  }
  request = std::move(next);
  state = State::busy;
  next_pause = kFirstPause;
  deadline.set(timeout, "the other side did not take every byte", *this);
  loop.post([self = shared_from_this()] { self->begin(); });
}

void LineConnection::Impl::begin() {
  if (state != State::busy) return;
  // Something has arrived: an end, and then there is no doubt yet, or a TLS ticket. The standing read takes
  // it.
  if (!stream->is_idle()) {
    look_again_later(&Impl::begin);
    return;
  }
  if (!is_write(request) || request.body.empty()) {
    answer(is_write(request) ? 204 : 404);
    return;
  }
  nothing_written = false;
  if (judged_since == base::Time{}) judged_since = base::SystemClock().now();
  stream->write(request.body, {}, [self = shared_from_this()](const IoResult& result) {
    if (self->state != State::busy) return;
    // When the write fails the server may still have said why: what the read ends with decides.
    self->nothing_written = !result.ok() && result.bytes == 0;
    if (result.ok()) self->await_acknowledgement();
  });
}

void LineConnection::Impl::await_acknowledgement() {
  const auto waiting = stream->unacknowledged();
  if (!waiting) {
    failed(NetError::Kind::reset, "the kernel does not tell what the other side has acknowledged");
    return;
  }
  // Not idle: the standing read is about to say why.
  if (*waiting == 0 && stream->is_idle()) {
    is_trusted ? answer(204) : await_refusal();
    return;
  }
  look_again_later(&Impl::await_acknowledgement);
}

/// Without a key the first rows are what a host judges: one that wants a key takes them for the key's name.
void LineConnection::Impl::await_refusal() {
  deadline.cancel();  // every byte was taken
  pause.set(base::SystemClock().now() + endpoint.trust->grace(where, {}), [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->grace_is_over();
    self->await_acknowledgement();
  });
}

void LineConnection::Impl::grace_is_over() {
  is_trusted = true;
  endpoint.trust->kept(where);
}

void LineConnection::Impl::look_again_later(void (Impl::*step)()) {
  pause.set(base::SystemClock().now() + next_pause, [weak = weak_from_this(), step] {
    if (const auto self = weak.lock()) ((*self).*step)();
  });
  next_pause = std::min(2 * next_pause, kLongestPause);
}

void LineConnection::Impl::answer(int status) {
  if (state != State::busy) return;
  deadline.cancel();
  state = State::idle;
  HttpResponse response;
  response.status = status;
  if (const auto callback = std::exchange(done, nullptr)) callback(nullptr, std::move(response));
}

LineConnection::LineConnection(EventLoop& loop, std::shared_ptr<Stream> stream, const Endpoint& endpoint)
    : impl_(std::make_shared<Impl>(loop, std::move(stream), endpoint)) {}

LineConnection::~LineConnection() {
  impl_->connected = nullptr;
  impl_->done = nullptr;
  impl_->close();
}

void LineConnection::connect(const std::string& host, std::uint16_t port, milliseconds timeout,
                             Connected done) {
  impl_->connected = std::move(done);
  impl_->connect(host, port, timeout);
}

void LineConnection::request(HttpRequest request, milliseconds timeout, Answered done) {
  impl_->done = std::move(done);
  impl_->start(std::move(request), timeout);
}

}  // namespace questclient::net
