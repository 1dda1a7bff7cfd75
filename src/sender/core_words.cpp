// What servers say, in sentences.
#include <algorithm>
#include <utility>

#include "ilp/text.hpp"
#include "sender/core_impl.hpp"

namespace questclient::sender {

using failover::AnswerClass;

namespace {

/// Of a server's words in one of our sentences. The event has them unchanged.
constexpr std::size_t kMaxQuotedBytes = 300;

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

/// On one line, without a full stop; cut where it is too long.
std::string quoted(std::string_view text) {
  std::string words;
  for (const char c : text) {
    const bool is_space = c == ' ' || is_control(c);
    if (is_space && (words.empty() || words.back() == ' ')) continue;
    words += is_space ? ' ' : c;
  }
  if (words.size() > kMaxQuotedBytes) {
    std::size_t end = kMaxQuotedBytes;
    constexpr unsigned char kContinuation = 0x80, kContinuationMask = 0xC0;
    while (end > 0 && (static_cast<unsigned char>(words[end]) & kContinuationMask) == kContinuation) --end;
    return words.substr(0, end) + " ...";
  }
  while (!words.empty() && (words.back() == ' ' || words.back() == '.')) words.pop_back();
  return words;
}

const char* advice(int status) {
  constexpr int kFirstRedirect = 300, kLastRedirect = 399;
  if (status >= kFirstRedirect && status <= kLastRedirect)
    return " A sender follows no redirect: put the server's own address into addr, and https where it says "
           "so.";
  const AnswerClass answer = failover::classify_status(status);
  const bool is_other = answer == AnswerClass::incomprehensible || answer == AnswerClass::no_such_route;
  return is_other ? " Check that addr names the HTTP port of a QuestDB." : "";
}

}  // namespace

std::string sentence(std::string text) {
  const bool is_ended = text.empty() || text.ends_with('.') || text.ends_with('!') || text.ends_with('?');
  return is_ended ? text : text + ".";
}

std::string Core::Impl::what_to_do_when_stopped(const std::string& mend, const std::string& instead) const {
  const std::string kept = " Sending has stopped and every row is kept";
  if (!options.in_memory)
    return kept + ": " + mend + " and call resume(), or open the sender again with " + instead + ".";
  return kept + " in memory: " + mend + " and call resume(). A sender that is opened instead, with " +
         instead + ", begins without these rows.";
}

Rejection Core::Impl::words_of(const net::HttpResponse& response, std::uint32_t rows) const {
  // Before and after: a cut may go through a credential, and JSON may escape one.
  Rejection words = parse_rejection(secrets.hide(response.body), rows);
  words.message = secrets.hide(std::move(words.message));
  words.error_id = secrets.hide(std::move(words.error_id));
  return words;
}

std::string Core::Impl::role_of(const net::HttpResponse& response) const {
  const std::string_view role = response.header(base::header::kRole);
  if (role.empty()) return {};
  if (role == "REPLICA") return "it is a replica";
  if (role == "PRIMARY_CATCHUP") return "it is becoming a primary";
  return "its role is " + quoted(secrets.hide(std::string(role)));
}

std::string Core::Impl::reasons_of(const net::HttpResponse& response) const {
  std::string reasons;
  const auto add = [&reasons](const std::string& reason) {
    if (!reason.empty()) reasons += (reasons.empty() ? ": " : "; ") + reason;
  };
  if (failover::classify_status(response.status) == AnswerClass::not_writable) add(role_of(response));
  const std::string_view location = response.header("Location");
  if (!location.empty()) add("it points to " + quoted(secrets.hide(std::string(location))));
  const Rejection words = words_of(response, 0);
  add(quoted(words.message));
  if (!words.error_id.empty()) reasons += " (error id " + quoted(words.error_id) + ")";
  return reasons;
}

std::string Core::Impl::answer_of(const net::HttpResponse& response) const {
  return sentence(host_name() + " answered " + std::to_string(response.status) + reasons_of(response)) +
         advice(response.status);
}

std::string Core::Impl::farewell(const std::string& why) const {
  const std::string host_and_space = host_name() + " ";
  if (why.empty()) return "Left " + host_name() + ".";
  // Most reasons begin with the host's name.
  if (why.starts_with(host_and_space))
    return "Left " + host_name() + ", which " + why.substr(host_and_space.size());
  return "Left " + host_name() + ": " + why;
}

}  // namespace questclient::sender
