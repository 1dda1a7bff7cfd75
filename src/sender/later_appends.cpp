#include "sender/later_appends.hpp"

#include <utility>
#include <vector>

namespace questclient::sender {

bool LaterAppends::start(const LineBuffer& rows, std::function<void(buffer::Appended)> done) {
  {
    const std::lock_guard lock(mutex_);
    ++under_way_;
  }
  const auto settled = [this, done = std::move(done)](buffer::Appended appended) {
    done(std::move(appended));
    settle_one();
  };
  const auto lengths = rows.row_lengths();
  bool taken = false;
  try {
    taken =
        slot_.append_later(std::string(rows.payload()),
                           std::vector<std::uint32_t>(lengths.begin(), lengths.end()), std::nullopt, settled);
  } catch (...) {
    settle_one();
    throw;
  }
  if (!taken) settle_one();
  return taken;
}

void LaterAppends::settle_one() {
  {
    const std::lock_guard lock(mutex_);
    --under_way_;
  }
  callbacks_.on_settled();
}

bool LaterAppends::append(LineBuffer& buffer, Done done) {
  // The rows wait beside the slot's copy of them, to be given back if it fails.
  auto rows = std::make_shared<LineBuffer>(std::move(buffer));
  bool taken = false;
  try {
    taken = start(*rows, [rows, done = std::move(done)](const buffer::Appended& appended) {
      done(appended, appended.failure ? std::move(*rows) : LineBuffer());
    });
  } catch (...) {
    buffer = std::move(*rows);
    throw;
  }
  if (!taken) buffer = std::move(*rows);
  return taken;
}

bool LaterAppends::append_for_good(LineBuffer& buffer,
                                   std::function<void(Fsn, std::size_t, std::size_t)> done) {
  if (holds()) return false;  // newer rows do not overtake
  auto held = std::make_shared<Held>(Held{std::move(buffer), std::move(done)});
  bool taken = false;
  try {
    taken = give(held);
  } catch (...) {
    buffer = std::move(held->rows);
    throw;
  }
  if (!taken) buffer = std::move(held->rows);
  return taken;
}

bool LaterAppends::give(std::shared_ptr<Held> held) {
  return start(held->rows, [this, held](const buffer::Appended& appended) {
    if (!appended.failure) {
      held->done(appended.fsn, held->rows.rows(), held->rows.size());
      return;
    }
    {
      const std::lock_guard lock(mutex_);
      held_.push_back(held);
    }
    callbacks_.on_held(appended.failure);
  });
}

bool LaterAppends::retry() {
  const std::unique_lock one_at_a_time(retrying_, std::try_to_lock);
  if (!one_at_a_time) return false;  // somebody waits for them right now
  std::deque<std::shared_ptr<Held>> again;
  {
    const std::lock_guard lock(mutex_);
    if (under_way_ > 0 && !held_.empty()) return false;  // what fails now belongs behind what is held
    again.swap(held_);
  }
  while (!again.empty() && give(again.front())) again.pop_front();
  if (again.empty()) return true;
  const std::lock_guard lock(mutex_);
  held_.insert(held_.begin(), again.begin(), again.end());
  return false;
}

void LaterAppends::append_held() {
  const std::lock_guard one_at_a_time(retrying_);
  while (true) {
    std::shared_ptr<Held> held;
    {
      const std::lock_guard lock(mutex_);
      if (held_.empty()) return;
      held = held_.front();
    }
    const Fsn fsn = slot_.append({held->rows.payload(), held->rows.row_lengths(), std::nullopt, true});
    held->done(fsn, held->rows.rows(), held->rows.size());
    {
      const std::lock_guard lock(mutex_);
      held_.pop_front();
    }
    callbacks_.on_settled();
  }
}

std::size_t LaterAppends::drop_held() {
  const std::lock_guard lock(mutex_);
  std::size_t rows = 0;
  for (const auto& held : held_) rows += held->rows.rows();
  held_.clear();
  return rows;
}

bool LaterAppends::holds() const {
  const std::lock_guard lock(mutex_);
  return !held_.empty();
}

std::size_t LaterAppends::unfinished() const {
  const std::lock_guard lock(mutex_);
  return under_way_ + held_.size();
}

}  // namespace questclient::sender
