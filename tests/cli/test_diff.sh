#!/bin/sh
# diff: snapshots that are equal, that are of different messages, and that say different things of the same ones.
. "$SCRIPTS/common.sh"
fixture b-echo-2.33.8-2peers-conflict both
party=b0f030ac8d6ff5010d2ed7652eb9b5f754c214a96dbea938f558833c90857412
a=both/peer0
b=both/peer1

expect 0 diff --help
out_has '^Usage: echo-snapshot diff DIR_A \[DIR_B\] \[options\]$'
for option in --party --a --b --limit --json; do out_has "^  $option "; done
for arguments in "$a" "$a $b more" "" "$a $b --a 0" "$a $b --b x" "$a $b --limit -1" "$a $b --number 1"; do
    expect 2 diff $arguments
    one_error
    out_is ''
done
expect 3 diff $a $b
one_error
err_has "ECHO_ERR_NOT_FOUND.*folder $a\$"

# ---- the same messages on both sides ----
expect 0 snapshot $a
expect 3 diff $a $b
err_has "ECHO_ERR_NOT_FOUND.*folder $b\$"
expect 0 snapshot $b
expect 0 diff $a $b
out_has '^digests +equal$'
out_has '^timeframes +equal$'
out_has '^items +0 differ$'
out_has '^chunks +0 read$'
err_is ''
expect 0 diff $a $b --json
json '[.items, .same_digest, .same_timeframe, .same_credentials, .differing, .first, .chunks_read]' '[[],true,true,true,0,null,0]'

# ---- more messages on one side ----
expect 0 inspect $a --json
own=$("$JQ" -r '.timeframe | keys[]' <out | while read -r feed; do [ -e $a/feeds/$feed/secret_key ] && echo "$feed"; done)
id=$("$CLI" items $a --json | "$JQ" -r '[.[] | select(.model | test("object"))][0].id')
"$PREPARE" set $a "$id" title '"a title that is so long that it has to be cut where it is shown, which is after eighty bytes: äöü"'
expect 0 snapshot $a
sums both >before
expect 1 diff $a $b
out_has "^item $id  type .*  covered\$"
out_has '^    property title +"a title that.*\.\.\. \| -  from block [0-9]+ of feed [0-9a-f]{64}$'
out_has '^digests +differ$'
out_has '^timeframes +differ$'
out_has '^items +1 differ: 1 by messages that one side alone covers, 0 diverged, 0 unknown$'
out_has "^parting +from block [0-9]+ of feed $own\$"
grep -q '^divergence' out && fault 'what is covered is called a divergence'
expect 1 diff $a $b --json
json '[.items[0].verdict, .items[0].only, .same_timeframe, .covered, .diverged, .diverged_first]' '["covered",null,false,1,0,null]'
json '[.items[0].parts[0] | .kind, .name, .b, (.a | length)]' '["property","title",null,83]'
json "[.first.feed == \"$own\", .items[0].first == .first]" '[true,true]'
expect 1 diff $b $a --json
json '.items[0].parts[0].a' null
json '[.a.number, .b.number]' '[1,2]'

# ---- by number, of one folder and of two ----
expect 1 diff $a --a 1
out_has '^items +1 differ'
expect 1 diff $a --a 2 --b 1 --party $party
expect 0 diff $a --b 2
expect 0 diff $a $b --a 1
expect 3 diff $a --a 7
one_error
err_has 'no snapshot has that number'
expect 3 diff $a $b --party 00000000000000000000000000000000000000000000000000000000000000ff
sums both >after
cmp -s before after || fault 'comparing changed something'

# ---- the same messages, another outcome ----
cp -R $a other
"$PREPARE" append other "$own" x
"$PREPARE" other other
expect 1 diff $a other --json
json '[.diverged > 5, .covered]' '[true,0]'
json '[.diverged_first | .feed | length]' '[64]'
all=$("$JQ" .differing <out)
expect 1 diff $a other --limit 2 --json
json '[(.items | length), .differing]' "[2,$all]"
expect 1 diff $a other --limit 2
out_has "^\.\.\. and $((all - 2)) more items\$"
[ "$(grep -c '^item ' out)" -eq 2 ] || fault 'other than two items'
out_has '^divergence +from '
expect 1 diff $a other --limit 0
[ "$(grep -c '^item ' out)" -eq "$all" ] || fault 'not all items'

# ---- damage ----
"$PREPARE" sql other/snapshots.db 'UPDATE chunks SET data = zeroblob(length(data))'
expect 4 diff $a other
one_error
err_has ECHO_ERR_CORRUPT
finish
