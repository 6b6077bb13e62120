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
grep -q 'opened from snapshot [1-9][0-9]*: 2 messages skipped, 0 read' "$dir/2" || fail "minimal: second run does not start from the snapshot"
[ "$(grep -c 'example.org/type/note' "$dir/2")" = 2 ] || fail "minimal: both notes are expected"

"$bin/example_counter_model" "$dir/counter" >"$dir/1"
"$bin/example_counter_model" "$dir/counter" >"$dir/2"
[ "$(cat "$dir/1" "$dir/2")" = "visits: 1
visits: 2" ] || fail "counter: $(cat "$dir/1" "$dir/2")"

"$bin/example_list_model" "$dir/list" one >"$dir/1"
"$bin/example_list_model" "$dir/list" two >"$dir/2"
[ "$(cat "$dir/2")" = "one
two" ] || fail "list: $(cat "$dir/2")"

long=$bin/example_long_party
"$long" "$dir/long" write 2000 100 >"$dir/1"
[ ! -s "$dir/1" ] || fail "long party: prints $(cat "$dir/1")"
[ "$("$long" "$dir/long" open replay | cut -d ' ' -f 1-3)" = "2001 0 0" ] || fail "long party: a replay reads all messages and nothing else"
[ "$("$long" "$dir/long" open | cut -d ' ' -f 1-3)" = "2001 0 0" ] || fail "long party: there is no snapshot yet"

mkdir "$dir/peers"
"$bin/example_peers" "$dir/peers" >"$dir/1" || fail "peers: $(cat "$dir/1")"
grep -q 'Bob reads note-1234: first version' "$dir/1" || fail "peers: no early note: $(cat "$dir/1")"
grep -q '  before all is here, after ' "$dir/1" || fail "peers: the early note was late: $(cat "$dir/1")"
grep -q 'Bob has joined: 3000 items; 3001 messages are covered by the snapshot, 1 blocks' "$dir/1" || fail "peers: joining: $(cat "$dir/1")"
grep -q 'Bob reads note-1234: second version' "$dir/1" || fail "peers: catching up: $(cat "$dir/1")"
echo "examples: ok"
