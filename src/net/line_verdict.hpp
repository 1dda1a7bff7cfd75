// What it means that a server of ILP over TCP says something, or closes. Pure.
#pragma once

#include <string>
#include <string_view>

#include "net/http_message.hpp"
#include "net/stream.hpp"

namespace questclient::net {

struct LineVerdict {
  NetError::Kind kind = NetError::Kind::closed;
  std::string reason;
};

/// It spoke where the protocol has no word: it wants a key, and we have none; or it is no such server.
LineVerdict verdict_on_words(std::string_view words, bool has_key);
/// It spoke or closed when it had the signature.
LineVerdict verdict_on_signature(const IoResult& result, const std::string& key_id);
/// It closed; `in_time`: before rows were written.
LineVerdict verdict_on_end(const IoResult& result, bool in_time);

}  // namespace questclient::net
