// What a server answers that has nothing to say.
#pragma once

namespace questclient::net {

inline constexpr const char* kNoContent = "HTTP/1.1 204 OK\r\n\r\n";

/// For a peer of either kind, plain or TLS.
inline constexpr auto answer_everything = [](auto& peer) {
  while (peer.read_request()) peer.send(kNoContent);
};

}  // namespace questclient::net
