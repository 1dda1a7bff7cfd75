#include <questclient/timestamp.hpp>

#include "ilp/explain.hpp"

namespace questclient {

void refuse_time() {
  ilp::refuse_value(
      "A time lies too far from 1970 for 64 bits of its unit (nanoseconds: 1677 to 2262); correct it, or "
      "give "
      "it as TimestampMicros.");
}

}  // namespace questclient
