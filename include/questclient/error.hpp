// Errors: what happened, why, and what to do.
#pragma once

#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

namespace questclient {

/// What went wrong.
enum class ErrorCode {
  invalid_api_call,   ///< Calls in an impossible order, for example a symbol after a column.
  invalid_name,       ///< A table or column name that QuestDB does not take.
  invalid_value,      ///< A value that cannot be sent, for example a string that is not UTF-8.
  config,             ///< The connect string or an option.
  slot_locked,        ///< Another process holds the slot; the message names its pid.
  slot_io,            ///< The disk refused; what was flushed before is kept.
  slot_damaged,       ///< A slot file is proven damaged and was set aside.
  slot_full,          ///< The slot is at its quota and stayed there until the deadline.
  slot_format,        ///< The slot was written by a newer version.
  slot_key,           ///< The slot is encrypted and the key is missing or another one, or the reverse.
  dead_letters_full,  ///< dead.db is at its quota: export or drop letters.
  forked,             ///< A child process used the sender or the slot of its parent.
  buffer_full,        ///< The LineBuffer is at max_buf_size: flush it.
  connect,            ///< No host could be reached.
  tls,                ///< The TLS handshake failed.
  unauthorised,       ///< 401 or 403: sending stops, every row is kept.
  rejected,           ///< The server refused rows (400): they are in the dead letters.
  not_writable,       ///< No host accepts writes at present (replicas, read-only instances).
  server,             ///< 5xx, 429 or an answer that is not HTTP.
  rows_dropped,       ///< sf_overflow=drop_oldest or a policy gave rows up.
  rows_missing,       ///< Rows of a damaged or lost part of the slot never reached the server.
  timeout,            ///< A wait ended first; nothing is lost, the rows are still in the slot.
  closed,             ///< The sender is closed.
  query,              ///< The server refused a query.
};

/// What the application can do about it.
enum class Disposition {
  fix_and_resend,  ///< The call changed nothing: mend the input and call again.
  retrying,        ///< The sender goes on by itself; nothing to do.
  terminal,        ///< This object has stopped; rows in the slot are kept for the next opening.
  in_doubt,        ///< The outcome is unknown; with a slot the sender finds out by itself.
};

/// Where an error of a server came from, and the server's own words.
struct ServerAnswer {
  std::string host;      ///< "host:port".
  int status = 0;        ///< HTTP status; 0: none came.
  std::string message;   ///< Unchanged.
  std::string error_id;  ///< As the server's log names it.

  bool operator==(const ServerAnswer&) const = default;
};

/// The only exception that this library throws on purpose. `what()` is one sentence on what happened and why,
/// and one on what to do.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, Disposition disposition, const std::string& message)
      : std::runtime_error(message), code_(code), disposition_(disposition) {}
  Error(ErrorCode code, Disposition disposition, const std::string& message, ServerAnswer answer)
      : std::runtime_error(message),
        code_(code),
        disposition_(disposition),
        answer_(std::make_shared<const ServerAnswer>(std::move(answer))) {}

  ErrorCode code() const noexcept { return code_; }
  Disposition disposition() const noexcept { return disposition_; }
  /// Null: no server was involved.
  const ServerAnswer* server() const noexcept { return answer_.get(); }
  /// One sentence on what to do about errors of this code.
  const char* what_to_do() const noexcept;
  /// The request may or may not have been carried out.
  bool in_doubt() const noexcept { return disposition_ == Disposition::in_doubt; }

 private:
  ErrorCode code_;
  Disposition disposition_;
  std::shared_ptr<const ServerAnswer> answer_;  // shared: exceptions are copied without throwing
};

/// One line of the table in docs/errors.md.
struct ErrorEntry {
  ErrorCode code;
  const char* name;        ///< "slot_full".
  Disposition usual;       ///< What the disposition is, unless an error says otherwise.
  const char* meaning;     ///< What happened, in general.
  const char* what_to_do;  ///< One sentence.
};
/// Every code, in the order of the enumeration.
std::span<const ErrorEntry> error_entries() noexcept;

/// "invalid_api_call", ...: the enumerator's own name, for logs and JSON.
const char* to_string(ErrorCode code) noexcept;
const char* to_string(Disposition disposition) noexcept;

}  // namespace questclient
