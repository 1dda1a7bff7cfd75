// What Core wants done: connections, requests, handlers.
#include <utility>

#include "sender/driver.hpp"
#include "sender/event_log.hpp"
#include "sender/handler_scope.hpp"

namespace questclient::sender {

void Driver::carry_out(std::vector<Action> actions) {
  for (Action& action : actions) {
    std::visit([this](auto& chosen) { act(chosen); }, action);
  }
}

void Driver::act(Connect& action) {
  const ConnectionId id = action.connection;
  auto& connection = connections_[id];
  connection = net::make_connection(loop_, options_.endpoint);
  connection->connect(action.host.host, action.host.port, action.timeout,
                      [this, id](const net::NetError* error) {
                        if (error != nullptr) {
                          on_lost(id, *error);
                          return;
                        }
                        handle([id](Core& core, base::Time now) { return core.on_connected(id, now); });
                      });
}

void Driver::act(Disconnect& action) {
  connections_.erase(action.connection);
}

void Driver::act(Send& action) {
  const ConnectionId id = action.connection;
  const auto found = connections_.find(id);
  if (found == connections_.end()) {
    // Core must not wait for an answer that will never come.
    loop_.post([this, id] { on_lost(id, {net::NetError::Kind::closed, false, "the connection is gone"}); });
    return;
  }
  net::Connection& connection = *found->second;
  const bool compresses = action.request.gzip;
  const std::size_t plain = action.request.body.size();
  const auto answered = [this, id](const net::NetError* error, const net::HttpResponse& response) {
    if (error != nullptr) {
      on_lost(id, *error);
      return;
    }
    handle(
        [&](Core& core, base::Time now) { return core.on_response(id, response, now, clock_.wall_nanos()); });
  };
  connection.request(std::move(action.request), action.timeout, answered);
  bytes_on_wire_ += compresses ? connection.compressed_bytes() : plain;
}

void Driver::act(Progress& action) {
  const std::lock_guard lock(observed_mutex_);
  observed_.acked = action.acked;
  observed_.durable = action.durable;
  ++observed_.changes;
}

void Driver::act(Acknowledged& action) {
  if (!handlers_.on_acknowledged) return;
  call_handler([&] { handlers_.on_acknowledged(action.fsn, action.ack); });
}

void Driver::act(GivenUp& action) {
  const std::lock_guard lock(observed_mutex_);
  ++observed_.changes;
  auto& known = observed_.given_up;
  const bool goes_on = !known.empty() && known.back().frames.end == action.first &&
                       known.back().before.acked == observed_.acked &&
                       known.back().before.durable == observed_.durable;
  if (goes_on) {
    known.back().frames.end = action.end;
    return;
  }
  if (known.size() == kRememberedRejections) known.pop_front();
  known.push_back({action, {observed_.acked, observed_.durable}});
}

void Driver::act(AskToken&) {
  // Once the other actions are carried out: the answer brings new ones.
  loop_.post([this] {
    std::string token;
    if (handlers_.token) call_handler([&] { token = handlers_.token(); });
    handle([&](Core& core, base::Time now) { return core.on_token(token, now); });
  });
}

void Driver::act(LookAhead&) {
  // Behind the request's first bytes.
  loop_.post([this] {
    {
      const std::lock_guard lock(core_mutex_);
      const HandlerScope deciding(&core_mutex_);
      core_->look_ahead();
    }
    call_deferred();
  });
}

void Driver::act(Report& action) {
  deliver(action.event);
}

void Driver::on_lost(ConnectionId connection, const net::NetError& error) {
  const net::NetError copy = error;  // the connection's own, which is gone next
  connections_.erase(connection);
  handle([&](Core& core, base::Time now) { return core.on_connection_lost(connection, copy, now); });
}

void Driver::call_handler(const std::function<void()>& call) const {
  const HandlerScope scope(this);
  try {
    call();
  } catch (...) {
    // The handler belongs to the application; sending must go on.
  }
}

void Driver::call_outside(std::function<void()> call) {
  // A slot in memory appends what waited for room while Core trims it.
  if (HandlerScope::is_inside(&core_mutex_)) {
    deferred_.push_back(std::move(call));
  } else {
    call_handler(call);
  }
}

void Driver::call_deferred() {
  for (const auto& call : std::exchange(deferred_, {})) call_handler(call);
}

void Driver::run_handler(const SenderEvent& event) const {
  call_handler([&] { handlers_.on_event ? handlers_.on_event(event) : log_event(event); });
}

void Driver::deliver(const SenderEvent& event) {
  inbox_.add(event);
  run_handler(event);
}

void Driver::tell(SenderEvent event) {
  inbox_.add(event);
  loop_.post([this, event = std::move(event)] { run_handler(event); });
}

}  // namespace questclient::sender
