// A row that a server fails at again and again, before it is given up: is it the row, or the server?
#pragma once

#include <cstddef>

#include "base/delivery.hpp"

namespace questclient::sender {

/// ErrorPolicy::isolate. What Poison convicts may only have met a server that fails at everything (a full
/// disk, an overload). So rows from behind it, the witnesses, are sent out of turn, one between each two
/// attempts at the suspect: only while the server takes those and goes on refusing the suspect is it the row.
/// A server that counts rows cannot take any out of turn; there nothing is given up. Outlives connections.
class Trial {
 public:
  /// The row at `suspect` was refused alone, often and long enough. True: witnesses were taken in between.
  bool refused(base::StreamPosition suspect);

  /// A witness is to be sent before the suspect at `cursor` is tried again.
  bool wants_witness(base::StreamPosition cursor) const { return wants_witness_ && cursor == suspect_; }
  /// How many rows stand between the suspect and the next witness. Grows while witnesses are refused, for
  /// neighbours are often of one kind.
  std::size_t distance() const { return distance_; }
  void witness_sent();
  void witness_taken();

 private:
  base::StreamPosition suspect_;
  bool wants_witness_ = false;
  std::size_t witnesses_ = 0;  ///< Taken since the suspect was first refused.
  std::size_t distance_ = 0;
};

}  // namespace questclient::sender
