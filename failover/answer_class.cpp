#include "failover/answer_class.hpp"

namespace questclient::failover {

AnswerClass classify_status(int status) {
  switch (status) {
    case 200:
    case 204:
      return AnswerClass::ok;
    case 400:
      return AnswerClass::bad_rows;
    case 401:
    case 403:
      return AnswerClass::unauthorised;
    case 404:
      return AnswerClass::no_such_route;
    case 409:
      return AnswerClass::gap;
    case 413:
      return AnswerClass::too_large;
    case 421:
      return AnswerClass::not_writable;
    case 429:
      return AnswerClass::busy;
    default:
      return status >= 500 && status <= 599 ? AnswerClass::busy : AnswerClass::incomprehensible;
  }
}

HostState rejected_state(std::string_view role) {
  if (role.empty()) return HostState::transport_error;
  return role == "PRIMARY_CATCHUP" ? HostState::transient_reject : HostState::topology_reject;
}

}  // namespace questclient::failover
