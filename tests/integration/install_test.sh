#!/usr/bin/env bash
# Installs a finished build to a scratch prefix, and uses what is there as a stranger would: builds
# and runs a program that only knows find_package(reactor), and asks the programs their version.
# Usage: install_test.sh BUILD_DIR SOURCE_DIR
set -euo pipefail

build=$1
source=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
prefix=$scratch/prefix

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

# cached NAME: the value in the build's CMake cache.
cached() { sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"; }

cmake --install "$build" --prefix "$prefix"

# The consumer is compiled as the library was, or a sanitizer's runtime would be missing.
sanitizers=$(cached CHAT_SANITIZE)
cmake -S "$source/tests/consumer" -B "$scratch/build" -G "$(cached CMAKE_GENERATOR)" \
  -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER="$(cached CMAKE_CXX_COMPILER)" \
  -DCMAKE_CXX_FLAGS="${sanitizers:+-fsanitize=$sanitizers}" -DCMAKE_PREFIX_PATH="$prefix"
cmake --build "$scratch/build"
output=$("$scratch/build/consumer")
printf '%s\n' "$output"
[[ ${output##*$'\n'} == ok ]] || fail "the consumer did not end with ok"

# What was installed must not lead back to the checkout or to the build.
if grep -rlF --include='*.cmake' -e "$source/" -e "$build/" "$prefix"; then
  fail "the files above name the source or the build directory"
fi

version=$(cached CMAKE_PROJECT_VERSION)
for program in chat-server chat-client; do
  output=$("$prefix/bin/$program" --version)
  printf '%s: %s\n' "$program" "$output"
  [[ $output == *"$version"* ]] || fail "$program --version does not say $version"
done
