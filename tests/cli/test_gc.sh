#!/bin/sh
# gc, pin, unpin, prune-advice: what is removed and what stays, pins, damage that stops it, and the advice.
. "$SCRIPTS/common.sh"
fixture a-echo-2.33.8-arrays whole
base=whole/storage
nothing='{"dry_run":false,"parties":1,"snapshots_kept":1,"snapshots_removed":0,"chunks_removed":0,"bytes_removed":0}'

# ---- no store, no snapshot ----
for command in gc 'gc --dry-run' 'pin --number 1' 'unpin --number 1' prune-advice; do
    expect 3 $command $base
    one_error
    err_has "ECHO_ERR_NOT_FOUND: .*folder $base\$"
    out_is ''
    expect 3 $command nowhere
    one_error
    expect 3 $command $base --json
    out_is ''
    err_json .error.code '"ECHO_ERR_NOT_FOUND"'
done
[ ! -e $base/snapshots.db ] || fault 'a store was made'

# ---- five snapshots ----
expect 0 snapshot $base
expect 0 gc $base --json
json 'del(.chunks_kept, .bytes_kept)' "$nothing"
expect 0 items $base --json --type dxos.org/type/t1
id=$("$JQ" -r 'last.id' <out)
for i in 2 3 4 5; do
    "$PREPARE" set $base "$id" long "\"$i $(head -c 6000 /dev/zero | tr '\0' x)\""
    expect 0 snapshot $base --quiet
done
expect 0 list $base --json
json '[.[] | [.number, .pinned]]' '[[5,false],[4,false],[3,false],[2,false],[1,false]]'
fresh() { rm -rf d; cp -R $base d; }
chunks() { "$PREPARE" sql d/snapshots.db 'SELECT count(*) FROM chunks'; }
numbers() { # FOLDER TEXT
    expect 0 list "$1" --json
    json '[.[].number]' "$2"
}

# ---- dry run and real run ----
fresh
sums d >before
expect 0 gc d --dry-run --json
json '[.dry_run, .parties, .snapshots_kept, .snapshots_removed, (.chunks_removed > 5), (.bytes_removed > 4000)]' '[true,1,2,3,true,true]'
"$JQ" -c 'del(.dry_run)' <out >would
expect 0 gc d --dry-run
out_has '^snapshots  3 would be removed, 2 kept, of 1 party$'
out_has '^chunks     [0-9]+ would be removed, [0-9]+ kept$'
out_has '^bytes      [0-9.]+ KiB would be removed, [0-9.]+ [KM]iB kept$'
expect 0 gc d --dry-run --no-write --quiet
sums d | cmp -s - before || fault 'a dry run changed something'
expect 0 gc d --json
"$JQ" -c 'del(.dry_run)' <out | cmp -s - would || fault "a dry run said $(cat would), it was $(cat out)"
[ "$(chunks)" = "$("$JQ" .chunks_kept <out)" ] || fault "there are $(chunks) chunks"
numbers d '[5,4]'
expect 0 verify d --replay
expect 0 items d --json
cp out items.json
expect 0 items d --json --no-snapshot
cmp -s out items.json || fault 'items differ after gc'
expect 0 gc d
out_has '^snapshots  0 removed, 2 kept, of 1 party$'
out_has '^chunks     0 removed, '
expect 0 gc d --keep 1 --json
json '[.snapshots_kept, .snapshots_removed]' '[1,1]'
numbers d '[5]'
expect 0 gc d --keep=0 --json
json '[.snapshots_kept, .snapshots_removed, .chunks_removed]' '[1,0,0]'
"$PREPARE" set d "$id" more 1
expect 0 snapshot d --json
json '[.number, .unchanged]' '[6,false]'
expect 0 verify d
fresh
expect 0 gc d --keep 0 --json
json '[.snapshots_kept, .snapshots_removed, .chunks_removed]' '[5,0,0]'
expect 0 gc d --keep 4294967295 --json
json '[.snapshots_kept, .snapshots_removed, .chunks_removed]' '[5,0,0]'

# ---- pins ----
expect 0 pin d --number 2
out_is 'snapshot   2, pinned'
expect 0 pin d --number 2 --json
json . '{"number":2,"pinned":true}'
expect 0 pin d --number 5 --quiet
expect 0 list d --json
json '[.[] | [.number, .pinned]]' '[[5,true],[4,false],[3,false],[2,true],[1,false]]'
expect 0 list d
out_has '^ +2  good     pinned  '
out_has '^ +3  good     -       '
expect 0 inspect d --number 2
out_has '^snapshot +2, pinned$'
expect 0 inspect d --number 2 --json
json .pinned true
expect 0 gc d --keep 1
numbers d '[5,2]'
expect 0 verify d
expect 0 unpin d --number 2 --json
json . '{"number":2,"pinned":false}'
expect 0 unpin d --number 2
out_is 'snapshot   2, not pinned'
expect 0 gc d --keep 1
numbers d '[5]'
for command in pin unpin; do
    expect 3 $command d --number 2
    err_has 'ECHO_ERR_NOT_FOUND: no snapshot 2 in the store'
    one_error
done

# ---- damage ----
leaf="id = (SELECT max(id) FROM chunks WHERE CAST(unpack(data) AS TEXT) LIKE '{\"state\":%')" # the newest's long state
for sql in "DELETE FROM chunks WHERE $leaf" "UPDATE chunks SET data = zeroblob(length(data)) WHERE $leaf"; do
    fresh
    "$PREPARE" sql d/snapshots.db "$sql"
    "$PREPARE" sql d/snapshots.db 'SELECT count(*) FROM chunks' >before
    expect 4 gc d --keep 1
    err_has 'ECHO_ERR_CORRUPT: snapshot 5 of party [0-9a-f]{64}: chunk [0-9a-f]{64}: '
    one_error
    out_is ''
    expect 4 gc d --dry-run --json
    err_json .error.code '"ECHO_ERR_CORRUPT"'
    chunks | cmp -s - before || fault 'chunks were removed'
    numbers d '[5,4,3,2,1]'
    expect 4 prune-advice d
    err_has 'ECHO_ERR_CORRUPT: snapshot 5 of party'
    out_is ''
done
fresh
"$PREPARE" sql d/snapshots.db "UPDATE manifests SET data = CAST('{' AS BLOB) WHERE number = 4"
expect 0 gc d --json
json '[.snapshots_kept, .snapshots_removed]' '[3,2]'
numbers d '[5,4,3]'
expect 4 prune-advice d --json
out_is ''
err_json .error.code '"ECHO_ERR_CORRUPT"'
fresh
"$PREPARE" sql d/snapshots.db "UPDATE manifests SET data = CAST(replace(CAST(data AS TEXT), '\"format\":2', '\"format\":3') AS BLOB) WHERE number = 1"
expect 4 gc d
err_has 'ECHO_ERR_VERSION: snapshot 1 of party'
numbers d '[5,4,3,2,1]'

# ---- others are writing ----
fresh
mkfifo held
"$PREPARE" hold d/snapshots.db <held >holding &
holder=$!
exec 9>held
until_true test -s holding
expect 5 gc d
err_has ECHO_ERR_BUSY
expect 5 pin d --number 1
err_has ECHO_ERR_BUSY
expect 0 gc d --dry-run --quiet
exec 9>&-
wait $holder
expect 0 gc d

# ---- advice ----
fresh
expect 0 list d --json
covered=$("$JQ" '.[-1].messages' <out)
own=$("$CLI" parties d --json | "$JQ" -r '.[] | select(.identity | not) | .genesis_feed')
expect 0 prune-advice d --json
json . "[{\"feed\":\"$own\",\"last\":$((covered - 1))}]"
expect 0 prune-advice d
out_is "feed $own  blocks 0 to $((covered - 1))"
expect 0 gc d --keep 1
expect 0 list d --json
covered=$("$JQ" '.[0].messages' <out)
expect 0 prune-advice d --json
json '.[0].last' $((covered - 1))

# ---- several parties in one store: gc is for all of them ----
mkdir -p two/feeds
cp -R $base/feeds/* two/feeds
fixture b-echo-2.6.17-2peers third
cp -R third/peer0/feeds/*/ two/feeds
for party in $("$CLI" parties two --json | "$JQ" -r '.[] | select(.identity | not) | .party'); do
    expect 0 snapshot two --party $party
    expect 0 pin two --party $party --number 1
    expect 0 prune-advice two --party $party --json
done
for command in 'pin --number 1' 'unpin --number 1' prune-advice; do
    expect 2 $command two
    err_has 'the folder holds several parties'
done
expect 0 gc two --json
json '[.parties, .snapshots_kept, .chunks_removed]' '[2,2,0]'
expect 0 gc two
out_has 'of 2 parties$'
finish
