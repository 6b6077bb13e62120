#!/bin/sh
# Builds and passes the tests on a fresh Debian machine: installs what is missing, then everything under the address and undefined behaviour
# sanitizers.
#   sh tests/run.sh            the suite (under 10 minutes on 2 cores)
#   sh tests/run.sh --long     longer campaigns of the property and fault tests as well
set -eu
cd "$(dirname "$0")/.."
. examples/packages.sh
long=0
for argument in "$@"; do
    case $argument in
    --long) long=1 ;;
    *) echo "tests/run.sh: unknown argument $argument (there is --long)" >&2; exit 2 ;;
    esac
done
need_packages $build_packages $test_packages
jobs=$(nproc 2>/dev/null || echo 2)
[ "$long" = 1 ] && { ECHO_TEST_LONG=1; export ECHO_TEST_LONG; }

# What a host links, with optimisation: no warnings, and no symbols but ours (the sanitizers below add their own, so it cannot be seen there).
cmake --preset release -DECHO_WERROR=ON >/dev/null
cmake --build --preset release -j "$jobs" -- --no-print-directory -s >/dev/null
sh tests/lint/symbols.sh nm build/release/libecho-snapshot.a

# What has threads, under the thread sanitizer.
threaded='property/steps integration/steps unit/store/memory unit/store/sqlite'
cmake --preset tsan -DECHO_WERROR=ON >/dev/null
for test in $threaded; do
    cmake --build --preset tsan -j "$jobs" --target "$(echo "$test" | sed 's|^\(.*\)/\([^/]*\)$|\1_test_\2_c|; s|/|_|g')" -- --no-print-directory -s
done
ECHO_TEST_RUNS="${ECHO_TEST_RUNS:-60}" ctest --preset tsan -j "$jobs" --no-tests=error -R "^($(echo "$threaded" | tr ' ' '|'))\$"

cmake --preset asan -DECHO_WERROR=ON >/dev/null
cmake --build --preset asan -j "$jobs" -- --no-print-directory -s
ctest --preset asan -j "$jobs" --no-tests=error
