# Shared by the scripts of this folder: says what it does, installs what is missing, builds.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

PACKAGES=(g++ cmake ninja-build pkg-config libboost-dev libssl-dev libsqlite3-dev nlohmann-json3-dev libspdlog-dev
          libzstd-dev zlib1g-dev python3)
TEST_PACKAGES=(libgtest-dev libbenchmark-dev python3-pip python3-pytest sqlite3 openssl)

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# install_missing PACKAGE...: installs the Debian packages that are not there yet; needs root only if one is missing.
install_missing() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || fail "these packages are missing and this is not a Debian: ${missing[*]}"
  say "installing ${missing[*]}"
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "run this as root once, or install by hand: ${missing[*]}"
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# configure PRESET [CMAKE ARGUMENT...]
configure() {
  local preset=$1
  shift
  (cd "$ROOT" && cmake --preset "$preset" "$@" >/dev/null)
}

# build PRESET [TARGET...]: ninja shows its progress on a terminal.
build() {
  local preset=$1
  shift
  (cd "$ROOT" && cmake --build --preset "$preset" ${*:+--target "$@"}) >&2
}
