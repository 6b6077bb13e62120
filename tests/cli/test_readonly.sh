#!/bin/sh
# All commands but `snapshot`, `gc`, `pin` and `unpin` leave a folder as it is, byte by byte, with and without snapshots, whole or damaged.
. "$SCRIPTS/common.sh"
untouched() { # folder
    sums "$1" >before
    for words in parties restore 'restore --eager' 'restore --verify-full' 'restore --no-snapshot' items 'items --json' \
        'items --json --no-snapshot' 'items --id nobody' list inspect 'inspect --records' 'inspect --id nobody' verify 'verify --replay' \
        prune-advice 'gc --dry-run'; do
        "$CLI" $words "$1" >out 2>err
        "$CLI" $words "$1" --no-write >again 2>err
        sums "$1" >after
        cmp -s before after || fault "$words changed $1: $(diff before after)"
    done
}
fixture b-echo-2.6.17-2peers both
fixture a-echo-2.6.17-single single
untouched both
untouched both/peer0
untouched single/storage
sums both/peer1/feeds >feeds
expect 0 snapshot both/peer1
sums both/peer1/feeds | cmp -s - feeds || fault "snapshot changed the feeds"
for left in both/peer1/snapshots.db-*; do [ ! -e "$left" ] || fault "snapshot left $left"; done
expect 0 snapshot both/peer0
expect 0 snapshot single/storage
untouched both/peer0
untouched single/storage
printf 'X' | dd of=both/peer0/snapshots.db bs=1 seek=50000 conv=notrunc 2>/dev/null
untouched both/peer0
echo 'no store' >both/peer0/snapshots.db
untouched both/peer0

# A medium that cannot be written to, unless we are root, who can.
if [ "$(id -u)" -ne 0 ]; then
    chmod -R a-w single
    expect 0 items single/storage --json
    expect 0 verify single/storage --replay
    expect 5 snapshot single/storage --no-snapshot
    chmod -R u+w single
fi
finish
