#!/bin/sh
# The modes of the benchmark beside `open`: their three forms, the counts in them, their plots. No time is looked at.
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
# Scripts and data of plots are always written, drawings where gnuplot is installed; otherwise one line for each reports that, and nothing else.
command -v gnuplot >/dev/null 2>&1 && gnuplot=yes || gnuplot=
nothing_but_plots() {
    grep -Ev "^plots/[a-z-]+\.gp is there, but gnuplot is not installed$" err >more
    [ ! -s more ] || fault "stderr is $(cat err)"
    if [ -n "$gnuplot" ]; then err_is ""; return; fi
    [ -s err ] || fault "that gnuplot is not installed is not reported"
}
drawn() { # name...
    for name in "$@"; do
        [ -s "plots/$name.gp" ] || fault "no script plots/$name.gp"
        [ -z "$gnuplot" ] || grep -q '</svg>' "plots/$name.svg" || fault "no drawing plots/$name.svg"
    done
}

# ---- pause: a snapshot covers what was applied when it began, and its state is that of replay
for disk in '' --disk; do
    expect 0 bench pause --quick --json --dir scratch --plot plots $disk
    nothing_but_plots
    tidy
    json '[.bench, .agrees, (.cases | length), .cases[0].items]' '["pause",true,1,1000]'
    json '.cases[0] | [.thread, .no_thread, .blocking] | map([.checked, .last.number, .last.items_written])' '[[1,1,1000],[1,1,1000],[1,1,1000]]'
    json '.cases[0] | [.thread, .no_thread, .blocking] | map(.last | .digest == .replay_digest) | unique' '[true]'
    json '.cases[0] | [.thread, .no_thread, .blocking] | map(.last.messages_covered) | unique | length' 1
    json '.cases[0] | [.thread, .no_thread, .blocking] | map(.last | .messages_without >= 1000 and .messages_during >= 1) | unique' '[true]'
    json '.cases[0].blocking | [.last.messages_during, .measures.messages.median]' '[1,1]'
    json '[.cases[0] | .thread, .no_thread, .blocking | .measures | [.without_p50, .without_p99, .without_p999, .without_max],
        [.during_p50, .during_p99, .during_p999, .during_max] | map(.median) | . == sort] | all' true
    ordered '.cases[0]'
done
drawn pause
grep -Eq '^2 [0-9.]+$' plots/pause.dat || fault "no data in plots/pause.dat: $(cat plots/pause.dat)"
[ "$(grep -Ec '^[0-9]+( [0-9.]+){4}$' plots/pause-sizes.dat)" -eq 1 ] || fault "plots/pause-sizes.dat is $(cat plots/pause-sizes.dat)"
expect 0 bench pause --quick --items 300,600 --messages 3000 --runs 2 --csv --dir scratch
csv_shape pause
out_has '^pause,600,0,no_thread,1,during_p999,ns,2,'
out_has '^pause,300,0,blocking,1,messages,count,2,1,1,1$'
expect 0 bench pause --quick --dir scratch
out_has '^ +1000 +thread +'

# ---- throughput
expect 0 bench throughput --quick --json --dir scratch --runs 2
tidy
json '.cases[0] | [.items, .messages, .off.snapshots.max, .idle.snapshots.max, .running.snapshots.min > 0]' '[1000,10000,0,0,true]'
json '.cases[0] | [.off, .idle, .running | .messages_per_second > 0] | all' true
json '.cases[0].off | [.loss_percent, .loss_percent_cpu] == [0, 0]' true
ordered '.cases[0]'
expect 0 bench throughput --quick --disk --messages 3000 --csv --dir scratch
csv_shape throughput
out_has '^throughput,1000,3000,idle,1,snapshots,count,1,0,0,0$'

# ---- writes: what did not change is not written
expect 0 bench writes --quick --json --dir scratch --plot plots
nothing_but_plots
tidy
json '[.agrees, .cases[0].items]' '[true,1000]'
json '.cases[0].snapshots | map(.name)' '["full","unchanged","1 scattered","10 scattered","100 scattered","all","50 hot","unchanged again"]'
json '.cases[0].snapshots | map(.items_written)' '[1000,0,1,10,100,1000,50,0]'
json '.cases[0].snapshots | map(.messages)' '[0,0,1,10,100,1000,1000,0]'
json '[.cases[0].snapshots[] | select(.unchanged) | .name]' '["unchanged","unchanged again"]'
json '[.cases[0].snapshots[] | select(.unchanged) | .written.max, .chunks.max, .to_files.max, .syncs.max, .feed_syncs.max] | unique' '[0]'
json '[.cases[0].snapshots[] | select(.unchanged | not) | .written.min > 0 and .to_files.min >= .written.min and .syncs.min > 0] | all' true
json '[.cases[0].snapshots[] | select(.name | test("scattered")) | .chunks.max <= .messages * (.height + 1)] | all' true
json '.cases[0].opening' '{"files_changed":0,"bytes":0,"writes":0,"syncs":0}'
json '.goals | map(.met)' '[null,null,true,true]'
ordered '.cases[0]'
drawn writes
[ "$(grep -Ec '^[0-9.e-]+ [0-9.]+ [0-9.]+ [0-9]+$' plots/writes.dat)" -eq 5 ] || fault "plots/writes.dat is $(cat plots/writes.dat)"
expect 0 bench writes --items 60 --csv --dir scratch
csv_shape writes
out_has '^writes,60,0,unchanged,1,to_files,bytes,3,0,0,0$'

# ---- life: the same month under both rules
expect 0 bench life --quick --json --dir scratch --plot plots
nothing_but_plots
tidy
json '[.agrees, .cases[0].messages, .cases[0].items]' '[true,3000,1000]'
json '.cases[0].fixed | [.measures.snapshots.median, .reasons]' '[3,{"request":3}]'
json '.cases[0] | .policy.measures.feeds.median == .fixed.measures.feeds.median and .fixed.measures.feeds.median > 0' true
json '[.cases[0] | .policy, .fixed | .points | length >= 30] | all' true
json '[.cases[0].fixed.points[] | .tail <= 1000] | all' true
json '[.cases[0].fixed.points[] | select(.before_snapshot) | .tail, .messages]' '[1000,1000,1000,2000,1000,3000]'
json '[.cases[0] | .policy, .fixed | .points | [map(.messages), map(.chunk_bytes), map(.at_ms), map(.snapshots)][] | . == sort] | all' true
json '[.cases[0] | .policy, .fixed | .measures | .to_files.median >= .written.median] | all' true
json '[.cases[0] | .policy, .fixed | (.reasons | add // 0) == .measures.snapshots.median] | all' true
drawn life-open life-written
[ "$(grep -Ec '^[0-9.]+ [0-9]+ [0-9.]+ [0-9]+( [0-9.]+){3} [0-9]+ [01]$' plots/life.dat)" -ge 60 ] || fault "plots/life.dat is $(cat plots/life.dat)"
expect 0 bench life --quick --messages 100,1000 --items 50 --csv --dir scratch
csv_shape life
out_has '^life,50,1000,fixed,1,snapshots,count,1,1,1,1$'
out_has '^life,50,100,fixed,1,snapshots,count,1,0,0,0$'

# ---- read: every way reads the same values, and a record is as short as it should be
expect 0 bench read --items 300 --runs 1 --json --dir scratch
tidy
json '[.agrees, .cases[0].items, .cases[0].messages]' '[true,300,3000]'
json '.cases[0].ways | map(.name)' '["cjson","sqlite","flat","walk","raw","held","eager","sqlite first","first"]'
json '.cases[0] | .record_bytes < 230 and .value_bytes > 60' true
json '.cases[0].ways | map(.time.min > 0 and .file_bytes > 0 and .peak.min > 0) | all' true
expect 0 bench read --items 50 --runs 1 --csv --dir scratch
csv_shape read
expect 0 bench read --items 50 --runs 1 --dir scratch
out_has 'party: walked'

# ---- open draws too
expect 0 bench open --messages 200,400 --runs 1 --json --dir scratch --plot plots
drawn open
[ "$(grep -Ec '^[0-9]+ [0-9]+( [0-9.]+){4}$' plots/open.dat)" -eq 2 ] || fault "plots/open.dat is $(cat plots/open.dat)"

# ---- all of them
expect 0 bench all --quick --json --dir scratch
tidy
json '[.bench, .agrees, (.modes | map(.bench))]' '["all",true,["open","pause","throughput","writes","life","read","join","catchup"]]'
json '.modes | map(.agrees and (.cases | length) == 1 and .seed == 1) | unique' '[true]'
expect 0 bench all --quick --csv --seed 5 --dir scratch
[ "$(grep -c '^bench,items,' out)" -eq 7 ] || fault "CSV of all has not seven headers of its kind"
out_has '^life,1000,3000,policy,5,'
expect 0 bench all --quick --dir scratch
[ "$(grep -c '^Machine' out)" -eq 1 ] || fault "the machine is not told once"

# ---- without gnuplot the scripts are there
rm -rf plots
(PATH=/nowhere && "$CLI" bench writes --quick --dir scratch --plot plots >out 2>err </dev/null) || fault "without gnuplot: $(cat err)"
err_is 'plots/writes.gp is there, but gnuplot is not installed'
[ -s plots/writes.gp ] && [ -s plots/writes.dat ] && [ ! -e plots/writes.svg ] || fault "plots holds $(ls plots)"

# ---- what is wrong is told before anything is measured
expect 5 bench all --dir scratch --plot nowhere/plots
out_is ""
tidy
for bad in 'pause open' 'paus' 'pause --tail 5' 'throughput --feeds 2' 'writes --messages 5' 'writes --disk' 'life --disk' 'life --party-dir x' \
    'all --items 5' 'all --messages 5' 'open --disk' '--disk' 'pause --items 0' 'pause --messages 5,6' 'throughput --messages 5,6' 'life --items 5,6' 'life --messages x' 'writes --plot' 'all --csv --json'; do
    expect 2 bench $bad
    out_is ""
    one_error
    err_has 'ECHO_ERR_INVALID.*\(see echo-snapshot bench --help\)'
done
expect 0 bench --help
for option in plot disk link; do out_has "^  --$option "; done
for mode in open pause throughput writes life read join catchup all; do out_has "^  $mode "; done
"$CLI" bench life --messages 100000 --dir scratch >out 2>err </dev/null &
child=$!
until_true measures
kill -TERM $child
wait $child
code=$?
[ "$code" -eq 5 ] || fault "stopped with exit code $code: $(cat err)"
err_has 'interrupted'
tidy
[ -n "$gnuplot" ] || echo "skipped: the drawings, since gnuplot is not installed"
finish
