#pragma once

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <questclient/error.hpp>
#include <questclient/options.hpp>

namespace questclient::testing {

/// The message that `call` is refused with; anything but Error{config} fails the test.
template <class Call>
std::string refusal(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::config);
    EXPECT_EQ(error.disposition(), Disposition::fix_and_resend);
    return error.what();
  }
  ADD_FAILURE() << "nothing was refused";
  return {};
}

inline std::string refused(std::string_view conf) {
  SCOPED_TRACE(conf);
  return refusal([&] { Options::from_conf(conf); });
}

/// A connect string with one host and these further keys.
inline Options parsed(const std::string& keys) {
  return Options::from_conf("http::addr=a;" + keys);
}
inline std::string refused_keys(const std::string& keys) {
  return refused("http::addr=a;" + keys);
}

inline void expect_holds(const std::string& message, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) {
    EXPECT_NE(message.find(part), std::string::npos) << "\"" << part << "\" is not in: " << message;
  }
}

inline void expect_lacks(const std::string& message, std::string_view part) {
  EXPECT_EQ(message.find(part), std::string::npos) << message;
}

}  // namespace questclient::testing
