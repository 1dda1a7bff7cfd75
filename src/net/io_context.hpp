// The bridge between the files of this room that use Asio; no other room includes it.
#pragma once

#include "net/event_loop.hpp"

namespace boost::asio {
class io_context;
}

namespace questclient::net {

boost::asio::io_context& io_context_of(EventLoop& loop);

}  // namespace questclient::net
