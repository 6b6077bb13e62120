#!/bin/sh
# copy: backups that open, increments, what is refused, damage, and what is left behind after a failure.
. "$SCRIPTS/common.sh"
fixture a-echo-2.33.8-arrays whole
from=whole/storage
numbers() { # FOLDER TEXT
    expect 0 list "$1" --json
    json '[.[].number]' "$2"
}
digest() { # FOLDER NUMBER
    expect 0 list "$1" --json
    "$JQ" -r ".[] | select(.number == $2) | .digest + \" \" + (.author // \"\") + \" \" + (.previous // \"\")" <out
}

# ---- nothing to copy ----
expect 3 copy $from to
err_has "ECHO_ERR_NOT_FOUND: .*folder $from\$"
one_error
expect 3 copy nowhere to --json
err_json .error.code '"ECHO_ERR_NOT_FOUND"'
err_json .error.path '"nowhere"'
[ ! -e to ] || fault 'a folder was made'

# ---- a backup ----
expect 0 items $from --json
cp out state.json
expect 0 snapshot $from
expect 0 items $from --json --type dxos.org/type/t1
id=$("$JQ" -r 'last.id' <out)
"$PREPARE" set $from "$id" long "\"$(head -c 6000 /dev/zero | tr '\0' x)\""
expect 0 snapshot $from
"$PREPARE" set $from "$id" more 1
expect 0 snapshot $from
sums $from >before
expect 0 copy $from to --json
json '[.number, .unchanged, .items, (.chunks_read == .chunks_written), (.chunks_read > 5), (.bytes_read > .bytes_written)]' \
    '[3,false,52,true,true,true]'
sums $from | cmp -s - before || fault 'the source was changed'
for left in to/snapshots.db-*; do [ ! -e "$left" ] || fault "$left was left"; done
numbers to '[3]'
[ "$(digest to 3)" = "$(digest $from 3)" ] || fault 'digest, author or previous differ'
for command in inspect 'inspect --records' 'verify --number 3'; do
    expect 0 $command $from
    cp out at_home
    expect 0 $command to
    cmp -s out at_home || fault "$command differs: $(diff out at_home | head -n 5)"
done
expect 0 items $from --json
cp out at_home
expect 0 items to --json
cmp -s out at_home || fault 'the items differ'
expect 0 diff $from to
cp -R $from/feeds/* to/feeds
expect 0 verify to --replay
expect 0 open to --json

# ---- again, and the news alone ----
sums to >before
expect 0 copy $from to
out_has '^snapshot   3, present already, 52 items$'
out_has '^read       0 chunks, '
sums to | cmp -s - before || fault 'a copy that was present was written'
"$PREPARE" set $from "$id" more 2
expect 0 snapshot $from
expect 0 copy $from to
out_has '^snapshot   4, 52 items$'
out_has '^read       [0-9]+ chunks, [0-9.]+ [KM]?i?B$'
out_has '^written    [2-5] chunks, '
numbers to '[4,3]'
expect 0 verify to

# ---- by number ----
expect 0 copy $from older --number 2 --json
json '[.number, .unchanged]' '[2,false]'
numbers older '[2]'
expect 0 copy $from older --number=2 --quiet --json
json .unchanged true
expect 0 copy $from older
numbers older '[4,2]'
sums older >before
expect 5 copy $from older --number 3
err_has 'ECHO_ERR_CONFLICT: destination: it has snapshot 4, which is newer than 3, folder older$'
one_error
out_is ''
expect 3 copy $from older --number 9
err_has "ECHO_ERR_NOT_FOUND: no snapshot has that number, folder $from\$"
sums older | cmp -s - before || fault 'a refused copy changed the destination'

# ---- the backup goes on by itself: two histories ----
cp -R $from/feeds/* older/feeds
"$PREPARE" set older "$id" more 3
expect 0 snapshot older
numbers older '[5,4,2]'
"$PREPARE" set $from "$id" more 4
expect 0 snapshot $from
sums older >before
expect 5 copy $from older --json
err_json '[.error.code, .error.path]' '["ECHO_ERR_CONFLICT","older"]'
sums older | cmp -s - before || fault 'a refused copy changed the destination'

# ---- damage ----
leaf="id = (SELECT max(id) FROM chunks WHERE CAST(unpack(data) AS TEXT) LIKE '{\"state\":%')"
for sql in "DELETE FROM chunks WHERE $leaf" "UPDATE chunks SET data = zeroblob(length(data)) WHERE $leaf"; do
    rm -rf damaged fresh
    cp -R $from damaged
    "$PREPARE" sql damaged/snapshots.db "$sql"
    expect 4 copy damaged fresh
    err_has "ECHO_ERR_CORRUPT: chunk [0-9a-f]{64}: .*item $id.*folder damaged\$"
    one_error
    out_is ''
    numbers=$("$CLI" list fresh --json 2>/dev/null)
    case $numbers in '' | '[]') ;; *) fault "a damaged snapshot was copied: $numbers" ;; esac
    expect 0 copy $from fresh
    expect 0 verify fresh
done
echo 'no store' >fresh/snapshots.db
expect 4 copy $from fresh
err_has 'ECHO_ERR_CORRUPT: .*folder fresh$'
[ "$(cat fresh/snapshots.db)" = 'no store' ] || fault 'a file that is no store was written to'

# ---- places that cannot be written to ----
expect 5 copy $from nowhere/below
err_has 'ECHO_ERR_IO: the folder cannot be made: .*folder nowhere/below$'
echo file >file
expect 5 copy $from file
[ "$(cat file)" = file ] || fault 'a file was written to'
mkfifo held
rm -rf fresh
expect 0 copy $from fresh --number 4
"$PREPARE" hold fresh/snapshots.db <held >holding &
holder=$!
exec 9>held
until_true test -s holding
expect 5 copy $from fresh
err_has 'ECHO_ERR_BUSY: destination: .*folder fresh$'
exec 9>&-
wait $holder
expect 0 copy $from fresh
numbers fresh '[5,4]'

# ---- several parties ----
mkdir -p two/feeds
cp -R $from/feeds/* two/feeds
fixture b-echo-2.6.17-2peers third
cp -R third/peer0/feeds/*/ two/feeds
for party in $("$CLI" parties two --json | "$JQ" -r '.[] | select(.identity | not) | .party'); do
    expect 0 snapshot two --party $party
    expect 0 copy two one --party $party
    expect 0 verify one --party $party
    expect 3 copy $from one --party 0000000000000000000000000000000000000000000000000000000000000000
done
expect 2 copy two one
err_has 'the folder holds several parties'
finish
