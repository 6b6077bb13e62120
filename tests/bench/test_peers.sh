#!/bin/sh
# The modes of the benchmark that measure peers: their three forms, the counts in them, their plots, and the link. No time is looked at.
. "$SCRIPTS/common.sh"
mkdir scratch

# The signals are minded before anything is put into the folder.
measures() { [ -n "$(ls -A scratch)" ]; }
tidy() { [ -z "$(ls -A scratch)" ] || fault "left in the folder: $(ls -A scratch)"; }
# ordered FILTER: the measures below it have min <= median <= max.
ordered() { json "[$1 | .. | objects | select(has(\"median\")) | .min <= .median and .median <= .max] | all and length > 0" true; }
csv_shape() {
    [ "$(head -n 1 out)" = "bench,items,messages,variant,seed,measure,unit,runs,median,min,max" ] || fault "CSV begins with $(head -n 1 out)"
    [ "$(grep -Ecv "^$1,[0-9]+,[0-9]+,[a-z0-9_ ]+,[0-9]+,[a-z0-9_]+,(ns|bytes|count),[0-9]+,[0-9]+,[0-9]+,[0-9]+\$" out)" -eq 1 ] ||
        fault "a line of CSV has another shape: $(cat out)"
}
# Scripts and data of plots are always written, drawings where gnuplot is installed; otherwise one line reports that, and nothing else.
command -v gnuplot >/dev/null 2>&1 && gnuplot=yes || gnuplot=
nothing_but_plots() {
    if [ -n "$gnuplot" ]; then err_is ""; else one_error && err_has '^plots/[a-z-]+\.gp is there, but gnuplot is not installed$'; fi
}
drawn() { # name...
    for name in "$@"; do
        [ -s "plots/$name.gp" ] || fault "no script plots/$name.gp"
        [ -z "$gnuplot" ] || grep -q '</svg>' "plots/$name.svg" || fault "no drawing plots/$name.svg"
    done
}

# ---- join: every chunk once and no block that the snapshot covers, or every block; the state is that of replay
expect 0 bench join --quick --runs 2 --json --dir scratch --plot plots
nothing_but_plots
tidy
json '[.bench, .agrees, (.cases | length)]' '["join",true,1]'
json '.cases[0] | [.items, .messages, .tail, .link]' '[300,2000,100,null]'
json '.cases[0] | [.snapshot, .five, .replay] | map([.by_chunks, .items])' '[[true,300],[true,300],[false,300]]'
json '.cases[0] | [.snapshot, .five, .replay] | map(.digest) | unique | length' 1
json '.cases[0] | [.snapshot, .five] | map([.blocks.median, .messages_read]) | unique' '[[100,100]]'
json '.cases[0] | .replay.blocks.median == .covered + .tail and .replay.messages_read == .covered + .tail and .replay.chunks.median == 0' true
json '.cases[0] | .state as $s | [.snapshot, .five] | map(.chunks.median == $s.chunks and .chunk_bytes.median == $s.bytes) | unique' '[true]'
json '.cases[0].state | .packed > 0 and .packed < .bytes and .records < .bytes and .chunks > 1' true
json '.cases[0] | [.snapshot, .five] | map(.first_item_received.min > 0 and .first_item_received.max <= .received.max) | unique' '[true]'
json '.cases[0].snapshot.first_item_received.max <= 65536' true
json '.cases[0] | [.snapshot.installed.min > 0, .replay.installed.max, .replay.first_item.max]' '[true,0,0]'
json '.goals | map(.met)' '[true,null,null,null]'
ordered '.cases[0]'
drawn join-time join-bytes
[ "$(grep -Ec '^[0-9]+ [0-9]+( [0-9.e+-]+){7}$' plots/join.dat)" -eq 1 ] || fault "plots/join.dat is $(cat plots/join.dat)"
expect 0 bench join --items 50,100 --messages 300,100 --feeds 3 --tail 10 --runs 1 --seed 7 --csv --dir scratch --plot plots
csv_shape join
out_has '^join,50,300,snapshot,7,blocks,count,1,10,10,10$'
out_has '^join,50,100,five,7,blocks,count,1,10,10,10$'
out_has '^join,100,300,replay,7,first_item_received,bytes,1,0,0,0$'
[ "$(grep -c '^join,100,100,' out)" -eq 0 ] || fault "100 messages do not make 100 items and a tail"
expect 0 bench join --quick --dir scratch
out_has '^ +300 +2000 +snapshot '
out_has '^ +300 +2000 +state: '

# ---- catchup: chunks and no blocks, or every block behind; whatever is planned, the state is the party's
expect 0 bench catchup --quick --json --dir scratch --plot plots
nothing_but_plots
tidy
json '[.bench, .agrees, .cases[0].items, .cases[0].link]' '["catchup",true,1000,null]'
json '.cases[0].rows | map([.items_changed, .times])' '[[1,1],[1,10],[10,1],[10,10],[100,1],[100,10],[1000,1],[1000,10]]'
json '[.cases[0].rows[] | .tail.by_chunks] | unique' '[false]'
json '[.cases[0].rows[] | .tail.chunks.median] | unique' '[0]'
json '.cases[0].rows[0].plan.by_chunks' false
json '.cases[0].rows[-1].plan | [.by_chunks, .blocks.median, .messages_read]' '[true,0,0]'
json '[.cases[0].rows[] | (.items_changed * .times) as $n | .plan, .tail | select(.by_chunks | not) | .blocks.median == $n and .messages_read == $n] | all' true
json '[.cases[0].rows[] | .plan | select(.by_chunks) | .blocks.median == 0 and .chunks.median > 0] | all' true
json '[.cases[0].rows[] | .record_bytes > 0 and .block_bytes > 0 and .chunk_bytes > 0] | all' true
json '[.goals[].met]' '[true]'
ordered '.cases[0]'
drawn catchup
[ "$(grep -Ec '^[0-9.]+( [0-9.]+){3}$' plots/catchup.dat)" -eq 8 ] || fault "plots/catchup.dat is $(cat plots/catchup.dat)"
expect 0 bench catchup --items 200 --csv --dir scratch
csv_shape catchup
out_has '^catchup,200,2000,200 x10 plan,1,blocks,count,1,0,0,0$'
out_has '^catchup,200,2000,200 x10 tail,1,blocks,count,1,2000,2000,2000$'
expect 0 bench catchup --quick --dir scratch
out_has '^ +1000 +1000 +10 .* plan +chunks '

# ---- a slow link, by the kernel or simulated: told which
for mode in join catchup; do
    expect 0 bench $mode --items 100 --runs 1 --link 200mbit,2ms --json --dir scratch
    tidy
    json '.agrees' true
    json '.cases[0].link | [.bits_per_second, .delay_ns, .simulated == (.why != null)]' '[200000000,2000000,true]'
done
expect 0 bench join --items 100 --runs 1 --link 200mbit,2ms --dir scratch
out_has '^Connections are over 200.000 Mbit/s with 2.0 ms each way, (by the kernel|SIMULATED in the joiner.s transport: .*)\.$'

# ---- what is wrong is told before anything is measured
for bad in 'open --link 1mbit,1ms' 'all --link 1mbit,1ms' 'join --link 1mbit' 'join --link 1mbit,1' 'join --link 0kbit,1ms' 'join --link 1mbit,1ms,1' \
    'join --link mbit,ms' 'join --disk' 'join --party-dir x' 'catchup --messages 5' 'catchup --tail 5'; do
    expect 2 bench $bad
    out_is ""
    one_error
    err_has 'ECHO_ERR_INVALID.*\(see echo-snapshot bench --help\)'
done
expect 2 bench join --items 100 --messages 100 --dir scratch
err_has 'fewer messages than items'
tidy
for mode in join catchup; do
    "$CLI" bench $mode --items 100000 --dir scratch >out 2>err </dev/null &
    child=$!
    until_true measures
    kill -TERM $child
    wait $child
    code=$?
    [ "$code" -eq 5 ] || fault "$mode was stopped with exit code $code: $(cat err)"
    err_has 'interrupted'
    tidy
done
[ -n "$gnuplot" ] || echo "skipped: the drawings, since gnuplot is not installed"
finish
