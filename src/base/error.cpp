#include <array>

#include <questclient/error.hpp>

namespace questclient {
namespace {

// docs/errors.md shows this table; tests/house/errors_page.py compares them, and writes the page with
// --write.
constexpr std::array kEntries = std::to_array<ErrorEntry>({
    {ErrorCode::invalid_api_call, "invalid_api_call", Disposition::fix_and_resend,
     "Calls in an order that has no meaning, such as a symbol after a column, or a wait inside a handler.",
     "Correct the order of the calls; the row under construction was given up, complete rows stay."},
    {ErrorCode::invalid_name, "invalid_name", Disposition::fix_and_resend,
     "A table or column name that QuestDB does not take.",
     "Rename it; the message names the character and its place."},
    {ErrorCode::invalid_value, "invalid_value", Disposition::fix_and_resend,
     "A value that cannot be sent, such as text that is not UTF-8 or a negative designated timestamp.",
     "Correct the value or leave the column out, and build the row again."},
    {ErrorCode::config, "config", Disposition::fix_and_resend,
     "The connect string or an option is wrong, or asks for what the server or the transport cannot give.",
     "Correct the key that the message names; `questclient config --explain` lists them all."},
    {ErrorCode::slot_locked, "slot_locked", Disposition::fix_and_resend, "Another process has the slot open.",
     "Stop the process whose pid the message names, or give this sender another sender_id."},
    {ErrorCode::slot_io, "slot_io", Disposition::fix_and_resend,
     "The disk refused a read, a write or a sync of the slot; what was flushed before is kept.",
     "Make sure that the disk has room and works, then flush again: the rows are still in the buffer."},
    {ErrorCode::slot_damaged, "slot_damaged", Disposition::retrying,
     "A file of the slot is proven damaged; it was set aside and its good frames are delivered.",
     "Keep the quarantined file, check the disk, and send again from the source what the message names as "
     "lost."},
    {ErrorCode::slot_full, "slot_full", Disposition::fix_and_resend,
     "The slot is at its quota and stayed there for sf_append_deadline_millis.",
     "Find out why no host takes rows, raise sf_max_total_bytes, or flush again later: nothing was "
     "appended."},
    {ErrorCode::slot_format, "slot_format", Disposition::terminal,
     "The slot was written by a newer version of this library; nothing was touched.",
     "Open it with that version or a newer one."},
    {ErrorCode::slot_key, "slot_key", Disposition::terminal,
     "The slot is encrypted and the key is missing or another one, or the slot is plain and a key was given.",
     "Give the key that the slot was written with; to change it, drain the slot and its dead letters first."},
    {ErrorCode::dead_letters_full, "dead_letters_full", Disposition::retrying,
     "The dead letters are at sf_max_dead_letter_bytes; sending holds so that no refused row is lost.",
     "Export and drop dead letters (`questclient slot dead export`, `drop`), or raise the quota."},
    {ErrorCode::forked, "forked", Disposition::terminal,
     "A child of fork() used the sender or the slot of its parent.",
     "Open a sender of its own in the child, with another sender_id, or fork before opening."},
    {ErrorCode::buffer_full, "buffer_full", Disposition::fix_and_resend, "The row buffer is at max_buf_size.",
     "Flush it, then build the row again; complete rows are kept."},
    {ErrorCode::connect, "connect", Disposition::retrying, "No host could be reached.",
     "Check addr, the network and that the servers run; a running sender goes on trying by itself."},
    {ErrorCode::tls, "tls", Disposition::terminal, "The roots cannot be read, or a TLS handshake failed.",
     "Check tls_roots, the host name in addr and the server's certificate; the message says which failed."},
    {ErrorCode::unauthorised, "unauthorised", Disposition::terminal,
     "A server refused the credentials with 401 or 403: sending has stopped, every row is kept.",
     "Grant the rights at the server and call resume(), open the sender again with another username, "
     "password or token, or give it a token handler. Rows in memory (no sf_dir) end with the sender that "
     "holds them."},
    {ErrorCode::rejected, "rejected", Disposition::retrying,
     "A server refused rows; they are in the dead letters, or a policy has stopped the sender.",
     "Read the server's message, correct the schema or the rows, and retry the dead letters; what a "
     "policy has stopped goes on with resume()."},
    {ErrorCode::not_writable, "not_writable", Disposition::retrying,
     "No host accepts writes at present: all are replicas or read-only.",
     "Promote a replica or add the primary to addr; the sender goes on looking by itself."},
    {ErrorCode::server, "server", Disposition::retrying,
     "A server answered 5xx or 429, or what it answered is no HTTP.",
     "Look into the log of the server that the message names; the sender goes on trying by itself."},
    {ErrorCode::rows_dropped, "rows_dropped", Disposition::retrying,
     "Rows were given up, because sf_overflow=drop_oldest or a policy says so: they are lost.",
     "Send them again from their source if they matter, and remove the setting that drops."},
    {ErrorCode::rows_missing, "rows_missing", Disposition::retrying,
     "Rows that the slot no longer holds were never acknowledged by this cluster.",
     "Look for them in the dead letters and in the quarantine, else send them again from their source."},
    {ErrorCode::timeout, "timeout", Disposition::in_doubt,
     "A wait or a request took longer than allowed; rows in the slot are still there.",
     "Wait again, or raise the timeout; nothing needs to be sent again."},
    {ErrorCode::closed, "closed", Disposition::terminal, "The sender is closed.",
     "Open another one; rows in its slot are sent by the next opening."},
    {ErrorCode::query, "query", Disposition::fix_and_resend, "A server refused a query.",
     "Correct the SQL at the position that the message names."},
});

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kEntries.size(); ++i) {
    if (static_cast<std::size_t>(kEntries[i].code) != i) return false;
  }
  return kEntries.back().code == ErrorCode::query;
}
static_assert(is_in_order(), "one entry for each code, in the order of the enumeration");

}  // namespace

std::span<const ErrorEntry> error_entries() noexcept {
  return kEntries;
}

const char* to_string(ErrorCode code) noexcept {
  const auto index = static_cast<std::size_t>(code);
  return index < kEntries.size() ? kEntries[index].name : "unknown";
}

const char* Error::what_to_do() const noexcept {
  const auto index = static_cast<std::size_t>(code_);
  return index < kEntries.size() ? kEntries[index].what_to_do : "";
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
