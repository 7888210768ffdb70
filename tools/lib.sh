# shellcheck shell=bash disable=SC2034
# What the commands in tools/ and .ci/run have in common. Sourced, not run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cores=$(getconf _NPROCESSORS_ONLN)

# By their Debian names. Elsewhere name_packages says what to look for.
packages_run=(g++ cmake ninja-build pkg-config libfmt-dev libspdlog-dev libcli11-dev libedit-dev
  nlohmann-json3-dev liburing-dev libsqlite3-dev libboost-dev libwslay-dev libssl-dev)
packages_test=("${packages_run[@]}" libgtest-dev libgmock-dev libbenchmark-dev python3
  ca-certificates chromium irssi openssl sslscan tmux weechat-curses)
# A node from elsewhere than Debian brings its npm along, and does not get on with Debian's.
command -v node >/dev/null && command -v npm >/dev/null || packages_test+=(nodejs npm)

say() { printf '==> %s\n' "$*" >&2; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# quietly COMMAND…: its output is worth reading only when it failed.
quietly() {
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 || status=$?
  [[ $status -eq 0 ]] || cat "$log" >&2
  rm -f "$log"
  return "$status"
}

# step TEXT COMMAND…: says what is done and does it; whoever sits at a terminal sees it progress.
step() {
  say "$1"
  shift
  if [[ -t 2 ]]; then
    "$@" >&2
  else
    quietly "$@"
  fi
}

# Debian and its derivatives: where packages have the names used here and can be installed.
has_apt() { command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; }

is_installed() {
  dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

apt_install() {
  local as_root=(env DEBIAN_FRONTEND=noninteractive)
  local install=(apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@")
  [[ $EUID -eq 0 ]] || as_root=(sudo "${as_root[@]}")
  # The package lists may be absent (a fresh image), or name versions that are gone by now.
  if "${install[@]}" --simulate >/dev/null 2>&1 && "${as_root[@]}" "${install[@]}"; then
    return
  fi
  "${as_root[@]}" apt-get -o DPkg::Lock::Timeout=300 update && "${as_root[@]}" "${install[@]}"
}

# install_missing PURPOSE PACKAGE…: installs those that aren't there, and only those. Without apt
# it does nothing: what needs the packages then says so by failing.
install_missing() {
  local purpose=$1 package missing=()
  shift
  has_apt || return 0
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  [[ $EUID -eq 0 ]] || command -v sudo >/dev/null ||
    fail "$purpose needs packages, and there is no sudo; as root: apt-get install ${missing[*]}"
  step "installing what $purpose needs: ${missing[*]}" apt_install "${missing[@]}" ||
    fail "could not install: ${missing[*]}"
}

# For systems where nothing is installed by these commands.
name_packages() {
  if command -v brew >/dev/null; then
    say "if a package is missing: brew install cmake ninja pkg-config fmt spdlog cli11 libedit" \
      "nlohmann-json sqlite openssl@3 boost wslay googletest google-benchmark (and, for libedit and OpenSSL:" \
      "export PKG_CONFIG_PATH=\$(brew --prefix libedit)/lib/pkgconfig" \
      "OPENSSL_ROOT_DIR=\$(brew --prefix openssl@3))"
  elif command -v dnf >/dev/null; then
    say "if a package is missing: dnf install gcc-c++ cmake ninja-build pkgconf-pkg-config" \
      "fmt-devel spdlog-devel cli11-devel libedit-devel json-devel liburing-devel sqlite-devel" \
      "openssl-devel boost-devel wslay-devel gtest-devel gmock-devel google-benchmark-devel"
  elif command -v pacman >/dev/null; then
    say "if a package is missing: pacman -S gcc cmake ninja pkgconf fmt spdlog cli11 libedit" \
      "nlohmann-json liburing sqlite openssl boost wslay gtest benchmark"
  elif command -v zypper >/dev/null; then
    say "if a package is missing: zypper install gcc-c++ cmake ninja pkgconf-pkg-config" \
      "fmt-devel spdlog-devel cli11-devel libedit-devel nlohmann_json-devel liburing-devel" \
      "sqlite3-devel libopenssl-devel boost-devel libwslay-devel gtest gmock benchmark-devel"
  elif command -v apk >/dev/null; then
    say "if a package is missing: apk add g++ cmake samurai pkgconf fmt-dev spdlog-dev" \
      "libedit-dev nlohmann-json liburing-dev sqlite-dev openssl-dev boost-dev wslay-dev" \
      "gtest-dev benchmark-dev, and CLI11"
  else
    say "needed: a C++20 compiler, CMake 3.25, Ninja, pkg-config, fmt, spdlog, CLI11, libedit," \
      "nlohmann-json, SQLite, Boost (its headers), wslay, OpenSSL 3 (or -DCHAT_TLS=OFF), on" \
      "Linux liburing; for the tests also GoogleTest (with gmock), for the benchmarks Google" \
      "Benchmark"
  fi
}

# The compiler cache to use, if there is one that works; nothing otherwise.
compiler_launcher() {
  local cache
  if [[ -n ${CMAKE_CXX_COMPILER_LAUNCHER-} ]]; then
    printf '%s' "$CMAKE_CXX_COMPILER_LAUNCHER"
  elif cache=$(ccache --get-config cache_dir 2>/dev/null) && mkdir -p "$cache" 2>/dev/null &&
    [[ -w $cache ]]; then
    printf 'ccache'
  fi
}

# configure CMAKE-ARGUMENT…: the launcher is given each time, so that a cache which has gone since
# the last build does not break the next.
configure() {
  say "configuring"
  if ! quietly cmake "-DCMAKE_CXX_COMPILER_LAUNCHER=$(compiler_launcher)" "$@"; then
    has_apt || name_packages
    fail "the build could not be configured"
  fi
}

# build PRESET TARGET…
build() {
  local preset=$1
  shift
  step "building $* ($preset)" cmake --build "$root/build/$preset" --target "$@" ||
    fail "the build failed"
}

# test_preset PRESET CTEST-ARGUMENT…: builds everything and runs the tests; CTest's output stays.
test_preset() {
  local preset=$1
  shift
  configure -S "$root" --preset "$preset"
  build "$preset" all
  say "testing ($preset)"
  (cd "$root" && CTEST_PARALLEL_LEVEL=${CTEST_PARALLEL_LEVEL:-$cores} ctest --preset "$preset" "$@")
}

# The C++ files of the project, one a line, relative to its root.
cpp_files() {
  (cd "$root" && find reactor chat tools bench tests \( -name '*.h' -o -name '*.cc' \) | LC_ALL=C sort)
}
