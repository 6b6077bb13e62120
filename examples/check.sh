#!/bin/sh
# Runs the examples twice each, the second time from the snapshot of the first, and checks what they print.
set -eu
bin=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { echo "examples: $1" >&2; exit 1; }

"$bin/example_minimal" "$dir/notes" >"$dir/1"
"$bin/example_minimal" "$dir/notes" >"$dir/2"
grep -q 'opened from snapshot 0: 0 messages skipped, 1 read' "$dir/1" || fail "minimal: first run"
grep -q 'opened from snapshot 1: 2 messages skipped, 0 read' "$dir/2" || fail "minimal: second run does not start from the snapshot"
[ "$(grep -c 'example.org/type/note' "$dir/2")" = 2 ] || fail "minimal: both notes are expected"

"$bin/example_counter_model" "$dir/counter" >"$dir/1"
"$bin/example_counter_model" "$dir/counter" >"$dir/2"
[ "$(cat "$dir/1" "$dir/2")" = "visits: 1
visits: 2" ] || fail "counter: $(cat "$dir/1" "$dir/2")"

"$bin/example_list_model" "$dir/list" one >"$dir/1"
"$bin/example_list_model" "$dir/list" two >"$dir/2"
[ "$(cat "$dir/2")" = "one
two" ] || fail "list: $(cat "$dir/2")"
echo "examples: ok"
