#include <questclient/error.hpp>

namespace questclient {

const char* to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_api_call:
      return "invalid_api_call";
    case ErrorCode::invalid_name:
      return "invalid_name";
    case ErrorCode::invalid_value:
      return "invalid_value";
    case ErrorCode::config:
      return "config";
    case ErrorCode::slot_locked:
      return "slot_locked";
    case ErrorCode::slot_io:
      return "slot_io";
    case ErrorCode::slot_damaged:
      return "slot_damaged";
    case ErrorCode::slot_full:
      return "slot_full";
    case ErrorCode::slot_format:
      return "slot_format";
    case ErrorCode::slot_key:
      return "slot_key";
    case ErrorCode::dead_letters_full:
      return "dead_letters_full";
    case ErrorCode::forked:
      return "forked";
    case ErrorCode::buffer_full:
      return "buffer_full";
    case ErrorCode::connect:
      return "connect";
    case ErrorCode::tls:
      return "tls";
    case ErrorCode::unauthorised:
      return "unauthorised";
    case ErrorCode::rejected:
      return "rejected";
    case ErrorCode::not_writable:
      return "not_writable";
    case ErrorCode::server:
      return "server";
    case ErrorCode::rows_dropped:
      return "rows_dropped";
    case ErrorCode::rows_missing:
      return "rows_missing";
    case ErrorCode::timeout:
      return "timeout";
    case ErrorCode::closed:
      return "closed";
    case ErrorCode::query:
      return "query";
  }
  return "unknown";
}

const char* to_string(Disposition disposition) noexcept {
  switch (disposition) {
    case Disposition::fix_and_resend:
      return "fix_and_resend";
    case Disposition::retrying:
      return "retrying";
    case Disposition::terminal:
      return "terminal";
    case Disposition::in_doubt:
      return "in_doubt";
  }
  return "unknown";
}

}  // namespace questclient
