#include "net/line_verdict.hpp"

#include <algorithm>

namespace questclient::net {

namespace {

using Kind = NetError::Kind;

constexpr const char* kNoReason = " ILP over TCP gives no reasons: see the server's log.";

/// QuestDB sends 512 printable bytes and a line feed. They may come in pieces: the first one decides. Other
/// protocols end their lines with a carriage return too.
bool looks_like_a_challenge(std::string_view words) {
  constexpr std::size_t kShortest = 64;
  if (words.size() < kShortest) return false;
  if (words.back() == '\n') words.remove_suffix(1);
  return std::all_of(words.begin(), words.end(), [](char byte) { return byte >= ' ' && byte <= '~'; });
}

}  // namespace

LineVerdict verdict_on_words(std::string_view words, bool has_key) {
  if (words.starts_with("HTTP/"))
    return {Kind::malformed,
            "the server answered in HTTP. Use http:: or https:: for it, or the port of ILP over TCP."};
  if (words.starts_with("\x15\x03"))  // an alert of any version
    return {Kind::malformed, "the server speaks TLS: use tcps:: for it, or https:: for HTTP."};
  if (!has_key && looks_like_a_challenge(words))
    return {Kind::unauthorised,
            "the server asks for a key. Give username (the key's id) and token (its private key)."};
  return {Kind::malformed, "the server answered, which ILP over TCP does not. Check the port."};
}

LineVerdict verdict_on_signature(const IoResult& result, const std::string& key_id) {
  if (result.ok()) return {Kind::malformed, "the server answered to the signature, which is not ILP"};
  // A refusal ends the connection in good order. A server that dies resets it: that must stop no sender.
  return {result.end_of_stream ? Kind::unauthorised : result.kind,
          result.error + " when it had the signature: it refuses the key '" + key_id +
              "', or it went down. Check username (the key's id) and token (its private key)."};
}

LineVerdict verdict_on_end(const IoResult& result, bool in_time) {
  if (in_time) return {Kind::closed, std::string("the server has closed the connection.") + kNoReason};
  return {result.kind, result.error + "." + kNoReason};
}

}  // namespace questclient::net
