#!/bin/sh
# The benchmark: what it prints in its three forms, that restored is replayed, and that it leaves nothing behind and changes nothing it was shown.
. "$SCRIPTS/common.sh"
mkdir scratch

# The signals are minded before anything is put into the folder.
measures() { [ -n "$(ls -A scratch)" ]; }
tidy() { [ -z "$(ls -A scratch)" ] || fault "left in the folder: $(ls -A scratch)"; }

# ---- JSON: counts and digests
expect 0 bench --quick --json --dir scratch
err_is ""
tidy
json '.agrees' true
json '.cases | length' 1
json '.goals | map(.met) | unique' '[null]'
json '.cases[0] | [.messages, .items, .tail, .feeds, .agrees, .disagreement]' '[1001,100,100,1,true,null]'
json '.cases[0] | .replay_digest == .second_snapshot.digest' true
json '.cases[0] | .replay_digest == .snapshot.digest' false
json '.cases[0].snapshot | [.number, .items_written]' '[1,100]'
json '.cases[0].counts.replay | [.messages_read, .messages_skipped, .chunks_read, .messages_refused, .damage]' '[1001,0,0,0,0]'
json '.cases[0].counts.eager | [.messages_read, .messages_skipped, .items_hydrated]' '[100,901,100]'
json '.cases[0].counts.lazy | [.messages_read, .messages_skipped, .items_hydrated < 100]' '[100,901,true]'
json '.cases[0].counts.first_item | [.messages_read, .messages_skipped, .items]' '[0,1001,100]'
json '[.cases[0].measures[], .machine[] | .min > 0 and .min <= .median and .median <= .max] | all' true
json '[.cases[0].measures | .replay, .eager, .lazy, .first_item, .hydrate, .cjson_parse, .read_data | .unit] | unique' '["ns"]'

# ---- the same party, in the other forms; and folders that are kept
expect 0 bench open --quick --csv --dir scratch
[ "$(head -n 1 out)" = "messages,items,feeds,tail,seed,measure,unit,runs,median,min,max" ] || fault "CSV begins with $(head -n 1 out)"
out_has '^1001,100,1,100,1,replay,ns,1,[0-9]+,[0-9]+,[0-9]+$'
out_has '^1001,100,1,100,1,lazy_messages_read,count,1,100,100,100$'
[ "$(grep -Ecv '^[0-9]+(,[0-9]+){4},[a-z0-9_]+,[a-z_]+(,[0-9]+){4}$' out)" -eq 1 ] || fault "a line of CSV has another shape: $(cat out)"
expect 0 bench --quick --dir scratch
out_has '^ +1001 +100 +100 '
out_has '^Machine: [0-9]+ BLAKE2b'
expect 0 bench --quick --json --keep --dir scratch
err_has '^kept in scratch/echo-bench-'
digest=$("$JQ" -r '.cases[0].second_snapshot.digest' <out)
expect 0 inspect scratch/echo-bench-*/echo-bench-* --json
json '.digest' "\"$digest\""
rm -rf scratch/*

# ---- sweeps and several feeds
expect 0 bench --messages 300,600 --items 50,100 --feeds 3 --tail 30 --seed 7 --runs 2 --json --dir scratch
json '.cases | map([.messages, .items, .feeds, .agrees])' '[[303,50,3,true],[303,100,3,true],[603,50,3,true],[603,100,3,true]]'
json '[.cases[] | .counts.lazy.messages_read] | unique' '[30]'
expect 0 bench --items 200 --runs 1 --json --dir scratch
json '.cases | map([.messages, .items])' '[[231,200]]'

# ---- a folder of the original, in both dialects: measured on a copy
for name in a-echo-2.6.17-single/storage b-echo-2.33.8-2peers-conflict/peer0; do
    sums "$FIXTURES/$name" >before
    expect 0 bench --party-dir "$FIXTURES/$name" --runs 2 --json --dir scratch
    json '[.agrees, (.cases | length), .cases[0].tail, .cases[0].messages > 100]' '[true,1,0,true]'
    sums "$FIXTURES/$name" >after
    cmp -s before after || fault "$name was changed"
    tidy
done

# ---- what is wrong is told, and stopping it leaves nothing behind
expect 3 bench --party-dir nowhere --dir scratch
tidy
expect 3 bench --quick --dir nowhere
for bad in '--runs 0' '--runs 100' '--feeds x' '--messages 1,,2' '--messages 5,' '--items 0' '--nothing' '--tail' '--json=1' '-x' 'close' \
    '--json --csv' '--party-dir x --items 5' '--party-dir x --quick' '--party 12'; do
    expect 2 bench $bad
    out_is ""
    one_error
    err_has 'ECHO_ERR_INVALID.*\(see echo-snapshot bench --help\)'
done
expect 0 bench --help
for option in messages items feeds tail seed runs dir party-dir party quick keep csv json quiet help; do out_has "^  --$option "; done
"$CLI" bench --messages 500000 --runs 9 --dir scratch >out 2>err </dev/null &
child=$!
until_true measures
kill -TERM $child
wait $child
code=$?
[ "$code" -eq 5 ] || fault "stopped with exit code $code: $(cat err)"
err_has 'interrupted'
tidy
finish
