// A key pair that stands nowhere but in these tests.
#pragma once

#include <string>

#include "base/es256.hpp"
#include "namespace.hpp"

namespace questnode::test {

inline const std::string kPrivateKey = "fIdyEs-Wqy-G1fcyPwpLRBB_NulzTwGCgIeUBbGN0-o";
inline const std::string kAuthFile =
    "# who may send\n\nadmin ec-p-256-sha256 CohJAusuroMGbwZ61DLuWqPerf4k8b-0UWdnCJn2Q_8 "
    "4XByw8fhw4jvz8IHfBAqTNGN_jIyfsMFb2gIWY0y6zs  # the administrator\n";

/// The line that answers a challenge.
inline std::string signed_line(const std::string& challenge, base::SignatureForm form) {
  return base::base64_encode(base::es256_sign(kPrivateKey, "", "", challenge, form)) + "\n";
}

}  // namespace questnode::test
