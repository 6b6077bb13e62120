#!/bin/sh
# Builds the library and the command, then does the main job on real data: parties that the original software wrote are opened by replaying their
# feeds, a snapshot is taken, and they are opened from it. Works on copies; nothing of the fixtures changes.
set -eu
cd "$(dirname "$0")/.."
. examples/packages.sh
need_packages $build_packages jq
cmake --preset release >/dev/null
cmake --build --preset release -j "$(nproc 2>/dev/null || echo 2)" -- --no-print-directory -s >/dev/null
echo=$PWD/build/release/echo-snapshot
work=$(mktemp -d)
server=
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

show() { # NAME STORAGE EXPECTED
    printf '\n== %s\n' "$1"
    cp -R "$2" "$work/party"
    chmod -R u+w "$work/party"
    echo "-- opened by replaying the feeds:"
    "$echo" restore "$work/party"
    "$echo" items "$work/party" --json >"$work/items.json"
    jq -S 'if type == "object" then .state else . end' "$3" >"$work/expected.json"
    jq -S . "$work/items.json" | cmp -s - "$work/expected.json" || { echo "the state differs from what the original reports" >&2; exit 1; }
    echo "-- $(jq length "$work/items.json") items, equal to what the original reports"
    echo "-- a snapshot:"
    "$echo" snapshot "$work/party"
    echo "-- opened from the snapshot:"
    "$echo" restore "$work/party"
    "$echo" verify "$work/party" --replay
    "$echo" items "$work/party" --json | jq -S . | cmp -s - "$work/expected.json" || { echo "the state differs after the snapshot" >&2; exit 1; }
    echo "-- the same items"
    rm -rf "$work/party"
}

fixtures=tests/fixtures
show "a party of ECHO 2.6 (2021)" $fixtures/a-echo-2.6.17-single/storage $fixtures/a-echo-2.6.17-single/expected.json
show "a party of ECHO 2.33 with arrays and sets, which the original cannot reopen from its own snapshot" \
    $fixtures/a-echo-2.33.8-arrays/storage $fixtures/a-echo-2.33.8-arrays/expected.json
show "two peers in conflict: here the original's peers differ, ours agree" \
    $fixtures/b-echo-2.33.8-2peers-conflict/peer0 $fixtures/b-echo-2.33.8-2peers-conflict/canonical.json

# One of the two peers of a party serves it; the other, of whom nothing is left but the key of its feed, joins anew.
exchange() { # STORAGE OF THE ONE, STORAGE OF THE OTHER, ITS FEED, AN ITEM
    printf '\n== %s\n' "joining a party of ECHO 2.6 over TCP"
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
    echo "-- invitation: $invitation"
    "$echo" join "$work/other" "$invitation" --peer "$place" --key "$work/key" --item "$4"
    echo "-- and once more, to catch up:"
    "$echo" join "$work/other" "$invitation" --peer "$place" --key "$work/key"
    wait "$server"
    server=
    echo "-- what the other side saw:"
    cat "$work/serve.out"
    "$echo" verify "$work/other"
    for side in one other; do "$echo" items "$work/$side" --json >"$work/$side.json"; done
    cmp "$work/one.json" "$work/other.json"
    echo "-- $(jq length "$work/other.json") items, equal on both sides"
}
two=$fixtures/b-echo-2.6.17-2peers
exchange $two/peer0 $two/peer1 da3185d26f23bf1ed8837a36af29c4224259e0ea2045997edc44aa16ca25a134 "$(jq -r '.[0].id' $two/canonical.json)"
printf '\nNext: build/release/echo-snapshot --help, or the hosts in examples/\n'
