// The server shares base with the client, and nothing else.
#pragma once

namespace questclient::base {}

namespace questnode {
namespace base = questclient::base;
}
