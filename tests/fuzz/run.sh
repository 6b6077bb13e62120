#!/bin/sh
# Fuzzes every decoder for an equal share of the time, starting from its corpus.
#   sh tests/fuzz/run.sh SECONDS [DECODER...]     of all targets, or of these
#   sh tests/fuzz/run.sh --merge [DECODER...]     takes what was found new into the corpora, as little as gives the same coverage
# Needs clang with libFuzzer (Debian: clang, and libclang-rt-dev of its version). Findings stay in build/fuzz/findings; the exit code is not 0
# when there are any, also when some target ran nothing.
set -eu
cd "$(dirname "$0")/../.."
usage() { echo "usage: sh tests/fuzz/run.sh SECONDS|--merge [DECODER...]" >&2; exit 2; }
[ $# -ge 1 ] || usage
case $1 in --merge) seconds=0 ;; '' | *[!0-9]*) usage ;; *) seconds=$1 ;; esac
shift
corpus=tests/fuzz/corpus found=build/fuzz/found findings=build/fuzz/findings
limits="-rss_limit_mb=2048 -max_len=8191 -timeout=25"

cmake --preset fuzz >/dev/null
cmake --build --preset fuzz -- --no-print-directory -s >/dev/null
[ $# -gt 0 ] || set -- $(ls tests/fuzz/fuzz_*.c | sed 's|.*/fuzz_\(.*\)\.c|\1|')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -d /dev/shm ] && [ -w /dev/shm ] && files=$(mktemp -d /dev/shm/echo-fuzz-XXXXXX) && trap 'rm -rf "$work" "$files"' EXIT
TMPDIR=${files:-$work}
ASAN_OPTIONS=malloc_context_size=8:${ASAN_OPTIONS:-}
export TMPDIR ASAN_OPTIONS

if [ "$seconds" = 0 ]; then
    for name in "$@"; do
        [ -d "$found/$name" ] || continue
        mkdir -p "$corpus/$name" "$work/in/$name"
        build/fuzz/tests/fuzz/fuzz_"$name" -set_cover_merge=1 -use_counters=0 $limits "$work/in/$name" "$corpus/$name" "$found/$name" \
            >"$work/output" 2>&1 || { tail -n 20 "$work/output" >&2; exit 1; }
        # What was found once stays, and what was put there by hand.
        find "$corpus/$name" -type f ! -name 'found-*' ! -name 'kept-*' -delete
        find "$work/in/$name" -type f -size -8192c -exec cp {} "$corpus/$name/" \;
        echo "$name: $(ls "$corpus/$name" | wc -l) inputs"
    done
    exit 0
fi

share=$((seconds / $#))
[ "$share" -gt 0 ] || share=1
bad=
printf '%-18s %8s %12s %8s  %s\n' decoder seconds executions inputs result
for name in "$@"; do
    mkdir -p "$found/$name" "$findings/$name" "$corpus/$name"
    words=tests/fuzz/$name.dict
    [ -f "$words" ] && words=-dict=$words || words=
    code=0
    build/fuzz/tests/fuzz/fuzz_"$name" -max_total_time="$share" $limits $words -print_final_stats=1 -artifact_prefix="$findings/$name/" \
        "$found/$name" "$corpus/$name" >"$work/output" 2>&1 || code=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/output")
    result=nothing
    if [ "$code" != 0 ] || [ "${runs:-0}" = 0 ]; then
        result="found: $(grep -a -m 1 -E 'does not hold|ERROR|runtime error' "$work/output" || echo "see $findings/$name")"
        bad="$bad $name"
        cp "$work/output" "$findings/$name.log"
    fi
    printf '%-18s %8s %12s %8s  %s\n' "$name" "$share" "${runs:-0}" "$(ls "$found/$name" | wc -l)" "$result"
done
[ -z "$bad" ] && exit 0
echo "something was found:$bad (inputs in $findings)" >&2
exit 1
