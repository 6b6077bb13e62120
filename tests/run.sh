#!/bin/sh
# Builds and passes the tests on a fresh Debian machine: installs the packages that are missing, then runs everything under the address and
# undefined behaviour sanitizers. One line is printed for each stage; what a stage prints is shown when it fails.
#   sh tests/run.sh            the suite (at most 8 minutes on two cores)
#   sh tests/run.sh --long     also longer campaigns of the property and fault tests, and both commands of the README in new, bare Debian
#                              systems (tests/bare.sh; needs root and debootstrap)
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
jobs=$(nproc 2>/dev/null || echo 2)
began=$(date +%s)
work=
finish() { [ -z "$work" ] || rm -rf "$work"; }
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

stage() { printf '%3d s  %s\n' $(($(date +%s) - began)) "$1"; }
quiet() { # command: its output is shown when it fails
    "$@" >"$work/log" 2>&1 && return
    cat "$work/log" >&2
    echo "failed: $*" >&2
    exit 1
}
configure() { quiet cmake --preset "$1" -DECHO_WERROR=ON; } # preset
build() { # preset, target...
    preset=$1
    shift
    quiet cmake --build --preset "$preset" -j "$jobs" ${1:+--target "$@"} -- --no-print-directory -s
}

need_packages $build_packages $test_packages

# The tests write many small files. In memory they are quicker, where that is large enough.
work=$(mktemp -d)
if [ -z "${TMPDIR:-}" ] && [ -w /dev/shm ] && [ "$(df -Pk /dev/shm | awk 'NR == 2 { print $4 }')" -ge 1048576 ]; then
    rmdir "$work"
    work=$(mktemp -d /dev/shm/echo-tests-XXXXXX)
fi
chmod 755 "$work" # some tests run as root give up their rights in a child
TMPDIR=$work
export TMPDIR
[ "$long" = 1 ] && { ECHO_TEST_LONG=1; export ECHO_TEST_LONG; }

# What a host links, with optimisation: no warnings, and no symbols but ours (the sanitizers below add their own, so it cannot be seen there).
stage "building the library and the command with optimisation, warnings are errors"
configure release
build release
stage "the library's symbols: all are prefixed, none is a mutable global, none ends or changes the host's process"
quiet sh tests/lint/symbols.sh nm build/release/libecho-snapshot.a

# What has threads, under the thread sanitizer.
threaded='property/steps integration/steps unit/store/memory unit/store/sqlite'
stage "building what uses threads with the thread sanitizer"
configure tsan
build tsan $(for test in $threaded; do echo "$test" | sed 's|^\(.*\)/\([^/]*\)$|\1_test_\2_c|; s|/|_|g'; done)
stage "running it: $threaded"
ECHO_TEST_RUNS="${ECHO_TEST_RUNS:-60}" quiet ctest --preset tsan -j "$jobs" --no-tests=error -R "^($(echo "$threaded" | tr ' ' '|'))\$"

stage "building everything with the address and undefined behaviour sanitizers"
configure asan
build asan
stage "running the tests"
status=0
ctest --preset asan -j "$jobs" --no-tests=error || status=$?

# ctest hides what a skipped test prints.
awk '
    /^[0-9]+\/[0-9]+ Test: / { name = $3; reason = "no reason is given" }
    /skipped: / { reason = $0; sub(/^.*skipped: /, "", reason); print "    " name ": " reason; printed[name] }
    /^Test Skipped/ { if (!(name in printed)) print "    " name ": " reason }' build/asan/Testing/Temporary/LastTest.log >"$work/skipped"
[ ! -s "$work/skipped" ] || { echo "Skipped, as a whole or in part:"; cat "$work/skipped"; }
[ "$status" = 0 ] || { stage "FAILED"; exit "$status"; }

if [ "$long" = 1 ]; then
    for suite in bookworm trixie; do
        for user in '' --user; do
            stage "both commands in a new Debian $suite${user:+ as a plain user}"
            env -u TMPDIR -u ECHO_TEST_LONG sh tests/bare.sh $suite $user || exit 1
        done
    done
fi
stage "passed"
