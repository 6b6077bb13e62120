#!/bin/sh
# Builds the library and the command, then does the main job on real data: parties that the original software wrote are opened by replaying their
# feeds, a snapshot is taken, and they are opened from it; then a party with a long history; then one is joined over TCP. Works on copies in a
# temporary folder; nothing of the fixtures changes. About a minute on two cores.
set -eu
cd "$(dirname "$0")/.."
. examples/packages.sh
need_packages $build_packages jq
work=$(mktemp -d)
server=
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
echo=$PWD/build/release/echo-snapshot

echo "Building the library and the command (about 20 s)..."
{ cmake --preset release && cmake --build --preset release -j "$(nproc 2>/dev/null || echo 2)" -- --no-print-directory -s; } >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    exit 1
}

ms() { awk -v ns="$1" 'BEGIN { printf "%.1f ms", ns / 1e6 }'; }
size() { awk -v n="$1" 'BEGIN { if (n < 1024) printf "%d bytes", n; else if (n < 1048576) printf "%.1f KiB", n / 1024; else printf "%.1f MiB", n / 1048576 }'; }
fail() { echo "$1" >&2; exit 1; }
# same WHAT: the party's items are the expected ones.
same() {
    "$echo" items "$work/party" --json >"$work/items.json"
    jq -S . "$work/items.json" | cmp -s - "$work/expected.json" || fail "$1"
}
row() { printf '   %-10s %s\n' "$1" "$2"; }
opened() { # NAME: opens the party, and prints what that read
    "$echo" open "$work/party" --json >"$work/open.json"
    row "$1" "$(jq -r '"\(.messages_read) messages and \(.chunks_read) chunks read"' "$work/open.json"), $(ms "$(jq .ns.total "$work/open.json")")"
}

show() { # TITLE STORAGE EXPECTED
    printf '\n%s\n' "$1"
    cp -R "$2" "$work/party"
    chmod -R u+w "$work/party"
    jq -S 'if type == "object" then .state else . end' "$3" >"$work/expected.json"
    opened replay
    same "the state differs from what the original reports"
    row '' "$(jq length "$work/items.json") items, equal to what the original reports"
    "$echo" snapshot "$work/party" --json >"$work/snapshot.json"
    row snapshot "$(jq -r '"\(.items_written) items in \(.chunks_written) chunks"' "$work/snapshot.json") written, $(size "$(jq .bytes_written "$work/snapshot.json")")"
    opened reopened
    "$echo" verify "$work/party" --replay >"$work/log" || { cat "$work/log"; exit 1; }
    same "the state differs after the snapshot"
    row '' "the same items; every byte of the snapshot verified, and compared with a replay"
    rm -rf "$work/party"
}

printf '\n== Parties that the original software wrote\n\n   Each is opened by replaying its messages, a snapshot is taken, and it is opened from that. Parties this small open\n   quickly either way; what matters is that the state is the same.\n'
fixtures=tests/fixtures
show "ECHO 2.6 (2021), one peer" $fixtures/a-echo-2.6.17-single/storage $fixtures/a-echo-2.6.17-single/expected.json
show "ECHO 2.33 with arrays and sets, which the original cannot reopen from its own snapshot" \
    $fixtures/a-echo-2.33.8-arrays/storage $fixtures/a-echo-2.33.8-arrays/expected.json
show "Two peers in conflict: the original's peers differ, ours agree" \
    $fixtures/b-echo-2.33.8-2peers-conflict/peer0 $fixtures/b-echo-2.33.8-2peers-conflict/canonical.json

printf '\n== A long history: 200,000 messages that change 5,000 items, over and over\n\n'
long=build/release/examples/example_long_party
"$long" "$work/long" write 200000 5000
feed=$(cat "$work"/long/feeds/*/data | wc -c)
line() { printf '   %-28s %10s %8s %12s %12s\n' "$@"; }
open_long() { # NAME [replay]
    title=$1
    shift
    "$long" "$work/long" open "$@" >"$work/opened"
    read -r messages chunks bytes open_ns item_ns <"$work/opened"
    [ "$messages" = 0 ] || bytes=$((bytes + feed))
    line "$title" "$messages" "$chunks" "$(size "$bytes")" "$(ms "$open_ns")"
    last=$item_ns
}
line 'opened' 'blocks' 'chunks' 'bytes' 'time'
open_long 'by replay'
"$echo" snapshot "$work/long" >/dev/null
open_long 'from the snapshot'
line '... and the first item read' '' '' '' "$(ms "$last")"
printf '\n   Opening reads the top of the snapshot; an item is read when it is touched.\n'

# One of the two peers of a party serves it; the other has only the key of its feed left and joins again.
exchange() { # STORAGE OF THE ONE, STORAGE OF THE OTHER, ITS FEED, AN ITEM
    printf '\n== %s\n\n' "Joining a party of ECHO 2.6 over TCP, and catching up"
    cp -R "$1" "$work/one"
    chmod -R u+w "$work/one"
    od -An -v -tx1 "$2/feeds/$3/secret_key" | tr -d ' \n' >"$work/key"
    "$echo" snapshot "$work/one" >/dev/null
    : >"$work/serve.out"
    "$echo" serve "$work/one" --once 2 >"$work/serve.out" &
    server=$!
    until grep -q '^listening' "$work/serve.out"; do
        kill -0 "$server" || exit 1
        sleep 0.1
    done
    place=$(sed -n 's/^listening *\([^ ]*\).*/\1/p' "$work/serve.out")
    invitation=$("$echo" invite "$work/one" --digest)
    echo "   invitation $invitation"
    "$echo" join "$work/other" "$invitation" --peer "$place" --key "$work/key" --item "$4" --json >"$work/join.out"
    joined joined
    "$echo" join "$work/other" "$invitation" --peer "$place" --key "$work/key" --json >"$work/join.out"
    joined again
    wait "$server"
    server=
    "$echo" verify "$work/other" >"$work/log" || { cat "$work/log"; exit 1; }
    for side in one other; do "$echo" items "$work/$side" --json >"$work/$side.json"; done
    cmp "$work/one.json" "$work/other.json"
    row '' "$(jq length "$work/other.json") items, equal on both sides; the snapshot received is verified"
}
joined() { # NAME
    row "$1" "$(jq -r 'select(.event == "done") | "\(.chunks) chunks and \(.blocks) blocks received, \(.messages_not_transferred) messages not transferred, \(.bytes_received) bytes in all"' "$work/join.out")"
}
two=$fixtures/b-echo-2.6.17-2peers
exchange $two/peer0 $two/peer1 da3185d26f23bf1ed8837a36af29c4224259e0ea2045997edc44aa16ca25a134 "$(jq -r '.[0].id' $two/canonical.json)"
printf '\nNext: build/release/echo-snapshot --help, or the hosts in examples/\n'
