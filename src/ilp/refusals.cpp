// What LineBuffer says when it drops a row.
#include <string>

#include <questclient/line_buffer.hpp>

#include "ilp/designated.hpp"
#include "ilp/explain.hpp"
#include "ilp/names.hpp"
#include "ilp/text.hpp"

namespace questclient::ilp {

std::string explain_not_utf8(std::string_view name, std::string_view value) {
  return "The value of " + quote(name) + " is not UTF-8 at byte " + std::to_string(find_not_utf8(value)) +
         "; encode text as UTF-8.";
}

void refuse_value(const std::string& message) {
  throw Error(ErrorCode::invalid_value, Disposition::fix_and_resend, message);
}

std::string explain_smallest(std::string_view name) {
  return "The value -9223372036854775808 of " + quote(name) +
         " would be stored as NULL; leave the column out if that is meant.";
}

std::string explain_version(std::string_view name, ProtocolVersion needed) {
  const bool is_decimal = needed == ProtocolVersion::v3;
  const std::string version = std::to_string(static_cast<int>(needed));
  return "The value of " + quote(name) + (is_decimal ? " is a decimal" : " is an array") +
         ", which needs protocol version " + version + "; use version " + version +
         " where the server offers it" + (is_decimal ? ", or send text." : ".");
}

std::string explain_designated(std::int64_t value, char unit) {
  const std::string timestamp =
      "The row's timestamp " + std::to_string(value) + (unit == 't' ? " microseconds" : " nanoseconds");
  if (value < 0) {
    return timestamp +
           " lies before 1970, which the server refuses as a designated timestamp; send it as a column, or "
           "correct it.";
  }
  if (value > kMostMicros) {
    return timestamp +
           " lies after the year 9999, which the server refuses as a designated timestamp. Is this "
           "nanoseconds? Then give TimestampNanos.";
  }
  return timestamp +
         " does not fit into nanoseconds, which protocol version 1 sends; use version 2, or correct it.";
}

}  // namespace questclient::ilp

namespace questclient {
namespace {

constexpr const char* kDropped = " The row is dropped.";

}  // namespace

void LineBuffer::refuse(ErrorCode code, const std::string& message) {
  cancel_row();
  throw Error(code, Disposition::fix_and_resend, message);
}

void LineBuffer::refuse_call(const char* call) {
  const std::string name = call;
  std::string message;
  switch (state_) {
    case State::idle:
      message = name + " outside a row: call table() first.";
      break;
    case State::table:
      message = name +
                " on a row without values: call symbol() or column() first with one that is not missing, or "
                "leave the row out.";
      break;
    case State::symbols:
    case State::columns:
      message = name + " after column(): give all symbols of a row before its first column.";
      break;
  }
  if (name == "table()" || name == "add()") {
    message = name +
              " inside a row, which is dropped: end each row with at() or at_now(), or give it up with "
              "cancel_row().";
  }
  refuse(ErrorCode::invalid_api_call, message);
}

void LineBuffer::refuse_name(std::string_view name, bool is_table) {
  const auto kind = is_table ? ilp::NameKind::table : ilp::NameKind::column;
  refuse(ErrorCode::invalid_name, ilp::explain_name(name, kind, options_.max_name_len));
}

void LineBuffer::refuse_text(std::string_view name, std::string_view value) {
  refuse(ErrorCode::invalid_value, ilp::explain_not_utf8(name, value) + kDropped);
}

void LineBuffer::refuse_null() {
  refuse(ErrorCode::invalid_value,
         "The text of a symbol or column is a null pointer; leave it out to store NULL. The row is dropped.");
}

void LineBuffer::refuse_unsigned(std::uint64_t value) {
  refuse(ErrorCode::invalid_value, "The integer " + std::to_string(value) +
                                       " is above 9223372036854775807, the largest that QuestDB stores; send "
                                       "it as text or as a double. The row is dropped.");
}

void LineBuffer::refuse_smallest(std::string_view name) {
  refuse(ErrorCode::invalid_value, ilp::explain_smallest(name) + kDropped);
}

void LineBuffer::refuse_version(std::string_view name, ProtocolVersion needed) {
  refuse(ErrorCode::invalid_value, ilp::explain_version(name, needed) + kDropped);
}

void LineBuffer::refuse_designated(std::int64_t value, char unit) {
  refuse(ErrorCode::invalid_value, ilp::explain_designated(value, unit) + kDropped);
}

void LineBuffer::refuse_count(const PreparedRow& row, std::size_t values) {
  refuse(ErrorCode::invalid_api_call,
         "add() was given " + std::to_string(values) + " values for " + std::to_string(row.symbols()) +
             " symbols and " + std::to_string(row.columns()) + " columns of " +
             ilp::quote(row.table_.encoded()) +
             "; give one value each, std::nullopt where there is none. The row is dropped.");
}

void LineBuffer::refuse_no_value(const PreparedRow& row) {
  refuse(ErrorCode::invalid_api_call, "add() was given no value for a row of " +
                                          ilp::quote(row.table_.encoded()) +
                                          ", and a row needs one; leave the row out. The row is dropped.");
}

void LineBuffer::refuse_symbol(std::string_view name) {
  refuse(ErrorCode::invalid_api_call,
         "The value of the symbol " + ilp::quote(name) +
             " is not text; give text, or make it a column. The row is dropped.");
}

void LineBuffer::refuse_full() {
  const bool too_long = options_.max_size - row_start_ > ilp::kMaxRowBytes;
  const std::string max_size = std::to_string(options_.max_size);
  if (too_long) {
    refuse(ErrorCode::invalid_value, "The row is longer than " + std::to_string(ilp::kMaxRowBytes) +
                                         " bytes, the longest that the server takes; split it.");
  }
  refuse(ErrorCode::buffer_full, row_start_ == 0
                                     ? "The row alone is longer than max_buf_size (" + max_size +
                                           " bytes); raise it or make the row smaller. The row is dropped."
                                     : "The buffer is at max_buf_size (" + max_size +
                                           " bytes); flush it and build the row again. The row is dropped.");
}

}  // namespace questclient
