#include "sender/later_appends.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace questclient::sender {

bool LaterAppends::append(LineBuffer& buffer, Done done) {
  // The rows wait beside the slot's copy of them, to be given back if it fails.
  auto rows = std::make_shared<LineBuffer>(std::move(buffer));
  bool taken = false;
  try {
    taken = start(*rows, {}, [rows, done = std::move(done)](const buffer::Appended& appended) {
      done(appended, appended.failure ? std::move(*rows) : LineBuffer());
    });
  } catch (...) {
    buffer = std::move(*rows);
    throw;
  }
  if (!taken) buffer = std::move(*rows);
  return taken;
}

bool LaterAppends::append_for_good(LineBuffer& buffer, bool automatic, DoneForGood done) {
  const std::size_t rows = buffer.rows(), bytes = buffer.size();
  const bool taken = start(buffer, {true, automatic},
                           [this, rows, bytes, done = std::move(done)](const buffer::Appended& appended) {
                             if (appended.failure) {
                               rows_given_up_ += rows;
                             } else {
                               done(appended.fsn, rows, bytes);
                             }
                           });
  if (taken) buffer.clear();
  return taken;
}

bool LaterAppends::start(const LineBuffer& rows, Manner manner, std::function<void(buffer::Appended)> done) {
  const auto lengths = rows.row_lengths();
  buffer::LaterRows taken_over{std::string(rows.payload()),
                               {lengths.begin(), lengths.end()},
                               std::nullopt,
                               manner.for_good,
                               manner.automatic};
  const auto settled = [this, done = std::move(done)](buffer::Appended appended) {
    done(std::move(appended));
    settle_one();
  };
  ++unfinished_;
  bool taken = false;
  try {
    taken = slot_.append_later(std::move(taken_over), settled);
  } catch (...) {
    settle_one();
    throw;
  }
  if (!taken) settle_one();
  return taken;
}

void LaterAppends::settle_one() {
  --unfinished_;
  on_settled_();
}

}  // namespace questclient::sender
