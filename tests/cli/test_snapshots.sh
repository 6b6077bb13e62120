#!/bin/sh
# snapshot, list, inspect, verify: from a folder without snapshots to one with several; several parties in one folder.
. "$SCRIPTS/common.sh"
fixture b-echo-2.33.8-2peers-conflict both
folder=both/peer0
party=b0f030ac8d6ff5010d2ed7652eb9b5f754c214a96dbea938f558833c90857412

expect 0 parties $folder --json
json '[.[] | select(.identity | not) | .party]' "[\"$party\"]"
json '[.[] | select(.identity)] | length' 1
json '[.[] | .genesis_feed | length] | unique' '[64]'
expect 0 parties $folder
out_has "^$party  party     feed [0-9a-f]{64}\$"
out_has "^[0-9a-f]{64}  identity  feed [0-9a-f]{64}\$"

# ---- none yet ----
expect 0 list $folder
out_is 'no snapshots'
expect 0 list $folder --quiet
out_is ''
expect 0 list $folder --json
out_is '[]'
for command in inspect verify; do
    expect 3 $command $folder
    one_error
    err_has ECHO_ERR_NOT_FOUND
    out_is ''
done
expect 3 verify $folder --json
out_is ''

# ---- one of a part of the feeds, then one of all of them ----
other=$(for feed in $folder/feeds/*/; do [ -e $feed/secret_key ] || basename $feed; done)
mv $folder/feeds/$other away
expect 0 restore $folder --json
json '[.feeds, .feeds_waiting, (.waiting | length)]' '[1,1,1]'
json '[.waiting[0].awaited_feed]' "[\"$other\"]"
expect 0 restore $folder
out_has "^waiting +feed [0-9a-f]{64} at block [0-9]+ for block [0-9]+ of $other\$"
expect 0 snapshot $folder
out_has '^snapshot +1$'
out_has '^written +[0-9]+ items, [0-9]+ chunks, '
mv away $folder/feeds/$other
expect 0 snapshot $folder --json
json '[.number, .unchanged, (.items_written > 0), (.bytes_written > 1000)]' '[2,false,true,true]'
digest=$("$JQ" -r .digest <out)
expect 0 snapshot $folder --json
json '[.number, .unchanged, .items_written, .bytes_written, .digest]' "[2,true,0,0,\"$digest\"]"
expect 0 snapshot $folder
out_has '^snapshot +2, nothing is new since$'

# ---- list ----
expect 0 list $folder --json
json '[.[] | [.number, .status]]' '[[2,"good"],[1,"good"]]'
json '.[0] | [.digest, .feeds, .messages, .items.items, .previous != null]' "[\"$digest\",2,419,11,true]"
json '.[1].previous' null
items=$("$JQ" -r '.[0].items.hash' <out)
expect 0 list $folder
[ "$(wc -l <out)" -eq 3 ] || fault "the list has $(wc -l <out) lines"
out_has "^ +2  good .* 419 +11  $digest\$"

# ---- inspect ----
expect 0 inspect $folder
out_has '^snapshot +2$'
out_has "^items +$items  11 records, "
[ "$(grep -c '^feed ' out)" -eq 2 ] || fault "inspect shows other than two feeds"
expect 0 inspect $folder --number 1
out_has '^snapshot +1$'
expect 0 inspect $folder --json
json '[.number, .manifest.number, .digest, (.timeframe | length), .timeframe == .manifest.timeframe]' "[2,2,\"$digest\",2,true]"
expect 3 inspect $folder --number 3
err_has 'snapshot 3 does not exist'
expect 3 inspect $folder --number 3 --records
expect 0 inspect $folder --records
[ "$(wc -l <out)" -eq 11 ] || fault "there are $(wc -l <out) records"
cp out records
"$JQ" -r .id <records | LC_ALL=C sort -c || fault "records are not sorted"
id=$("$JQ" -r .id <records | sed -n 5p)
expect 0 inspect $folder --id "$id"
sed -n 5p records | cmp -s - out || fault "--id shows another record"
expect 3 inspect $folder --id nobody
err_has 'ECHO_ERR_NOT_FOUND.*item nobody'
expect 3 inspect $folder --id 0
expect 3 inspect $folder --id "$id" --number 9

# ---- verify ----
expect 0 verify $folder
out_has '^snapshot 2: good, 11 items, 419 messages$'
out_has '^snapshot 1: good'
expect 0 verify $folder --replay
out_has '^snapshot 2: good, 11 items, 419 messages, the same as the replay of its feeds$'
expect 0 verify $folder --replay --number 1 --json
json '[.[] | [.number, .status, .digest == .replay, .error]]' '[[1,"good",true,null]]'
expect 0 verify $folder --json
json '[.[] | [.number, .status, .replay]]' '[[2,"good",null],[1,"good",null]]'
expect 3 verify $folder --number 7

# Both peers say the same at the same timeframe.
expect 0 snapshot both/peer1 --json
json .digest "\"$digest\""

# ---- a snapshot that is not what the feeds say ----
cp -R both/peer0 other
"$PREPARE" append other "$(for feed in other/feeds/*/; do [ -e $feed/secret_key ] && basename $feed; done | head -n 1)" x
"$PREPARE" other other
expect 0 verify other --number 3
expect 1 verify other --replay
out_has '^snapshot 3: DIFFERS from the replay of its feeds: digest [0-9a-f]{64}, replay [0-9a-f]{64}$'
out_has '^snapshot 2: good.*the same as'
err_is ''
expect 1 verify other --replay --json
json '[.[] | [.number, .status, .digest == .replay]]' '[[3,"differs",false],[2,"good",true],[1,"good",true]]'

# ---- blocks that are covered but not here ----
cp -R both/peer0 sparse
rm -r sparse/feeds/$other
expect 0 verify sparse
expect 3 verify sparse --replay
out_has '^snapshot 2: good in itself, but cannot be compared with the replay of its feeds: ECHO_ERR_GAP'
expect 3 verify sparse --replay --json
json '.[0] | [.status, .error.code]' '["uncompared","ECHO_ERR_GAP"]'
expect 0 items sparse --json
"$JQ" -S . <both/canonical.json >canonical.json
same_items canonical.json

# ---- several parties in one folder, and none ----
mkdir -p two/feeds
cp -R $folder/feeds/* two/feeds
fixture b-echo-2.6.17-2peers third
cp -R third/peer0/feeds/*/ two/feeds
expect 0 parties two --json
json '[.[] | select(.identity | not)] | length' 2
for command in restore items snapshot list inspect verify; do
    expect 2 $command two
    one_error
    err_has 'ECHO_ERR_INVALID: the folder holds (2|several) parties: name one'
    out_is ''
done
expect 0 snapshot two --party $party --json
json .digest "\"$digest\""
expect 0 list two --party $party --json
json length 1
expect 0 list two --party 24e5b90023d34602ad71ad11e54926cb7193357867262183b7531ce71e8264f8
out_is 'no snapshots'
nobody=00000000000000000000000000000000000000000000000000000000000000ff
for command in restore items snapshot list inspect verify; do
    expect 3 $command two --party $nobody
    one_error
    out_is ''
done
mkdir -p empty/feeds bare
for folder in empty bare nowhere; do
    for command in restore items snapshot list inspect verify; do
        expect 3 $command $folder
        one_error
        err_has "folder $folder\$"
        out_is ''
    done
    [ ! -e $folder/snapshots.db ] || fault "something was made in $folder"
done
for command in parties restore items snapshot list inspect verify; do
    expect 5 $command third/peer0/feeds/key
    one_error
    err_has 'Not a directory'
done
expect 0 parties empty
out_is ''
expect 0 parties empty --json
out_is '[]'
for folder in bare nowhere; do expect 3 parties $folder; done

# A store alone: its snapshots can be looked at, when the party is named.
mkdir alone
cp both/peer0/snapshots.db alone
expect 0 list alone --party $party --json
json length 2
expect 0 inspect alone --party $party --records
cmp -s out records || fault "records of the store alone differ"
expect 0 verify alone --party $party
finish
