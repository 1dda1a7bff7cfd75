// How a client of ILP over TCP shows who it is: the file of public keys, the challenge, its signature. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "namespace.hpp"

namespace questnode::node {

/// The keys of line.tcp.auth.db.path: "<key id> ec-p-256-sha256 <x> <y> [readonly]" a line; `#` begins a
/// comment.
class LineKeys {
 public:
  struct Key {
    std::string x;
    std::string y;
    bool may_write = true;
  };
  /// Throws std::runtime_error that names the line.
  static LineKeys parse(std::string_view text);
  /// Null: unknown.
  const Key* find(const std::string& id) const;

 private:
  std::map<std::string, Key> keys_;
};

/// The server's side of one login; who may not write is refused, as there is nothing else to do. An unknown
/// key id gets a challenge too: who tries out ids learns nothing.
class LineLogin {
 public:
  enum class State : std::uint8_t { key_id, signature, accepted, refused };

  /// REQUIRES: both outlive it.
  LineLogin(const LineKeys& keys, base::RandomSource& random) : keys_(keys), random_(random) {}

  /// Takes bytes from the front of `bytes`, which loses them; returns what to send. Once accepted it takes
  /// none.
  std::string take(std::string_view& bytes);
  State state() const { return state_; }

 private:
  std::string make_challenge();
  bool verify() const;

  const LineKeys& keys_;
  base::RandomSource& random_;
  State state_ = State::key_id;
  std::string line_;
  std::string id_;
  std::string challenge_;
};

}  // namespace questnode::node
