#include <string>

#include <questclient/column_batch.hpp>
#include <questclient/error.hpp>
#include <questclient/line_buffer.hpp>

#include "ilp/names.hpp"
#include "ilp/unique_names.hpp"

namespace questclient {
namespace {

[[noreturn]] void refuse(ErrorCode code, const std::string& message) {
  throw Error(code, Disposition::fix_and_resend, message);
}

}  // namespace

ColumnBatch::ColumnBatch(NameView table, std::size_t rows, std::size_t max_name_len)
    : table_(table, max_name_len), rows_(rows), max_name_len_(max_name_len) {}

void ColumnBatch::put_column(std::string_view name, const void* values, std::size_t count, Kind kind,
                             Validity validity, std::span<const std::string_view> dictionary) {
  ColumnName checked(name, max_name_len_);
  check_count(name, count);
  // Bits left in the span are compared: adding the rows to first_bit might overflow.
  const std::size_t bits = 8 * validity.bits.size();
  if (validity.is_given && (bits < validity.first_bit || bits - validity.first_bit < rows_)) {
    refuse(ErrorCode::invalid_api_call, "The column " + ilp::quote(name) + " has " + std::to_string(bits) +
                                            " validity bits from bit " + std::to_string(validity.first_bit) +
                                            " on, too few for " + std::to_string(rows_) +
                                            " rows; give one bit a row.");
  }
  std::string folded = ilp::folded(name);
  if (!names_.insert(folded).second) {
    refuse(ErrorCode::invalid_name,
           "The column " + ilp::quote(name) + " stands twice in the batch, in whatever case; rename one.");
  }
  auto& list = is_symbol(kind) ? symbols_ : columns_;
  list.push_back({std::move(checked), kind, values, dictionary, validity});
}

void ColumnBatch::put_timestamps(const void* timestamps, std::size_t count, char unit) {
  check_count("timestamp", count);
  timestamps_ = timestamps;
  unit_ = unit;
  is_stamped_ = true;
}

ColumnBatch& ColumnBatch::at_now() noexcept {
  is_stamped_ = false;
  return *this;
}

void ColumnBatch::check_count(std::string_view name, std::size_t count) const {
  if (count == rows_) return;
  refuse(ErrorCode::invalid_api_call, "The column " + ilp::quote(name) + " has " + std::to_string(count) +
                                          " values, the batch " + std::to_string(rows_) +
                                          " rows; give one value a row.");
}

}  // namespace questclient
