#!/bin/sh
# Damage: what still opens says so and shows the right items; what does not has its own exit code.
. "$SCRIPTS/common.sh"
fixture a-echo-2.33.8-arrays whole
base=whole/storage
expect 0 snapshot $base
expect 0 items $base --json --type dxos.org/type/t1
long=$("$JQ" -r 'last.id' <out)
"$PREPARE" set $base "$long" changed "\"since $(head -c 6000 /dev/zero | tr '\0' x)\""
expect 0 snapshot $base
expect 0 items $base --json --no-snapshot
"$JQ" -S . <out >expected.json

sql() { "$PREPARE" sql "$1/snapshots.db" "$2" >sql.out || fault "SQL: $2"; }
fresh() { rm -rf d; cp -R $base d; }
# The leaf that only the newest snapshot has, not the first one; and the chunk of its item's long state.
leaf="id = (SELECT max(id) FROM chunks WHERE CAST(unpack(data) AS TEXT) LIKE '{\"feeds\":%\"kind\"%')"
blob="id = (SELECT max(id) FROM chunks WHERE CAST(unpack(data) AS TEXT) LIKE '{\"state\":%')"

# ---- one leaf of the newest: found on the way, told, got around; the table and JSON are whole ----
for sql in "UPDATE chunks SET data = CAST(replace(CAST(unpack(data) AS TEXT), 'parent', 'PARENT') AS BLOB) WHERE $leaf" \
    "UPDATE chunks SET data = substr(data, 1, length(data) - 9) WHERE $leaf" \
    "UPDATE chunks SET data = zeroblob(0) WHERE $leaf" \
    "DELETE FROM chunks WHERE $leaf"; do
    fresh
    sql d "$sql"
    expect 1 verify d
    out_has '^snapshot 2: DAMAGED: ECHO_ERR_CORRUPT: .*[0-9a-f]{64}'
    err_is ''
    expect 1 verify d --json
    json '.[0] | [.number, .status, .error.code]' '[2,"damaged","ECHO_ERR_CORRUPT"]'
    json '.[1].status' '"good"'
    expect 1 verify d --replay --number 2
    expect 0 list d --json
    json '[.[].status]' '["good","good"]'
    expect 4 inspect d --records
    err_has ECHO_ERR_CORRUPT
    one_error
    expect 0 items d --json
    same_items expected.json
    err_has '"note".*opening once more'
    err_has '"note".*snapshot 2 was not used'
    "$JQ" -e .note.code <err >/dev/null || fault "remarks are not JSON"
    expect 0 items d
    err_has '^echo-snapshot items: note: ECHO_ERR_CORRUPT: .*opening once more.*, folder d$'
    [ "$(grep -c '^ID ' out)" -eq 1 ] || fault "the table begins twice"
    expect 0 items d --json --quiet
    same_items expected.json
    err_is ''
    expect 0 items d --json --verify-full
    same_items expected.json
    grep -q 'once more' err && fault "--verify-full opens twice"
    expect 0 items d --quiet
    cut -d ' ' -f 1 <out >ids
    "$JQ" -r '.[].id' <expected.json | cmp -s - ids || fault "the table has other ids"
    expect 0 restore d --verify-full --json
    json '[.snapshot, .damage[0].code, (.damage | length)]' '[1,"ECHO_ERR_CORRUPT",1]'
    expect 0 restore d --verify-full
    out_has '^damage +ECHO_ERR_CORRUPT: snapshot 2 was not used'
    for id in "$long" $(awk 'NR % 12 == 1' ids); do
        expect 0 items d --json --id $id
        json '.[0].id' "\"$id\""
    done
done

# ---- a long state of the newest: found when much is printed already; what follows is printed behind it ----
for sql in "UPDATE chunks SET data = CAST(replace(CAST(unpack(data) AS TEXT), 'since', 'SINCE') AS BLOB) WHERE $blob" "DELETE FROM chunks WHERE $blob"; do
    fresh
    sql d "$sql"
    expect 1 verify d
    expect 0 inspect d --records
    expect 0 items d
    err_is ''
    expect 0 items d --json
    same_items expected.json
    err_has '"note".*opening once more'
    expect 0 items d --json --id "$long"
    json '.[0].id' "\"$long\""
    json length 1
done

# ---- every chunk of all snapshots: replay ----
fresh
sql d "UPDATE chunks SET data = zeroblob(length(data))"
expect 0 items d --json
same_items expected.json
expect 0 restore d --json
json '[.snapshot, (.damage | length)]' '[null,2]'
expect 1 verify d
[ "$(grep -c DAMAGED out)" -eq 2 ] || fault "not both snapshots are damaged"
expect 0 snapshot d --json
json '.number' 3
err_has 'was not used'
expect 0 verify d --number 3 --replay

# ---- manifests ----
fresh
sql d "UPDATE manifests SET data = CAST(replace(CAST(data AS TEXT), '\"number\":2', '\"number\":3') AS BLOB) WHERE number = 2"
expect 0 list d --json
json '[.[] | [.number, .status]]' '[[2,"damaged"],[1,"good"]]'
json '.[0] | [.code, .problem != ""]' '["ECHO_ERR_CORRUPT",true]'
expect 0 list d
out_has '^ +2  damaged  -       ECHO_ERR_CORRUPT: '
expect 4 inspect d
err_has 'ECHO_ERR_CORRUPT: snapshot 2: '
out_has '^manifest +\{'
expect 4 inspect d --json
json '[.status, (.manifest | type)]' '["damaged","string"]'
expect 0 inspect d --number 1
expect 4 inspect d --records
expect 1 verify d
expect 0 verify d --number 1
expect 0 items d --json
same_items expected.json
err_has 'snapshot 2 was not used'

fresh
sql d "UPDATE manifests SET data = CAST('{' AS BLOB)"
expect 1 verify d
expect 0 items d --json
same_items expected.json
fresh
sql d "UPDATE manifests SET data = CAST(replace(CAST(data AS TEXT), '\"format\":2', '\"format\":3') AS BLOB) WHERE number = 2"
expect 4 inspect d
err_has ECHO_ERR_VERSION
expect 1 verify d
out_has 'DAMAGED: ECHO_ERR_VERSION'
fresh
sql d "UPDATE manifests SET data = CAST(substr(CAST(data AS TEXT), 1, instr(CAST(data AS TEXT), ',\"time\":') - 9) || '0000' || substr(CAST(data AS TEXT), instr(CAST(data AS TEXT), ',\"time\":') - 4) AS BLOB) WHERE number = 2" # the last digits of its own signature
expect 4 inspect d
err_has ECHO_ERR_SIGNATURE
fresh
sql d "UPDATE manifests SET data = zeroblob(40000000) WHERE number = 2"
expect 6 inspect d
err_has ECHO_ERR_LIMIT
one_error

# ---- the store's file ----
for how in text empty newer foreign cut; do
    fresh
    case $how in
    text) echo 'this is no store' >d/snapshots.db ;;
    empty) : >d/snapshots.db ;;
    newer) sql d "PRAGMA user_version = 99" ;;
    foreign) sql d "PRAGMA application_id = 5" ;;
    cut) head -c 40000 d/snapshots.db >short && cp short d/snapshots.db ;;
    esac
    expect 0 items d --json
    same_items expected.json
    case $how in
    empty)
        expect 0 list d --json
        out_is '[]'
        expect 3 inspect d
        expect 3 verify d
        expect 0 restore d --json
        json '.damage' '[]'
        ;;
    *)
        for command in list inspect verify; do
            expect 4 $command d
            one_error
        done
        expect 0 restore d --json
        json '[.snapshot, (.damage | length > 0)]' '[null,true]'
        expect 4 snapshot d --quiet
        one_error
        ;;
    esac
    [ $how != newer ] || err_has ECHO_ERR_VERSION
done
fresh
rm d/snapshots.db
mkdir d/snapshots.db
expect 5 list d
one_error
expect 0 items d --json
same_items expected.json

# ---- feeds ----
d=whole/storage
rm $d/snapshots.db
party=$("$JQ" -r .partyKey <whole/expected.json)
own=$("$CLI" parties $d --json | "$JQ" -r '.[] | select(.identity | not) | .genesis_feed')
"$PREPARE" append $d $own 'no message'
expect 0 restore $d --json
json '[.messages_refused, .refused[0].code, .refused[0].feed, .refused[0].seq]' "[1,\"ECHO_ERR_CORRUPT\",\"$own\",1067]"
expect 0 restore $d
out_has "^refused +ECHO_ERR_CORRUPT: .*, feed $own, seq 1067\$"
expect 0 snapshot $d
printf 'X' | dd of=$d/feeds/$own/data bs=1 seek=50000 conv=notrunc 2>/dev/null
expect 0 restore $d --json
json '[.snapshot, .messages_applied, .damage]' '[1,0,[]]'
expect 0 restore $d --no-snapshot --json
json '[.feeds_stopped, .damage[0].code, .damage[0].feed]' "[1,\"ECHO_ERR_CORRUPT\",\"$own\"]"
expect 0 verify $d
expect 1 verify $d --replay
out_has "^snapshot 1: good in itself, but cannot be compared .*ECHO_ERR_CORRUPT: .*feed $own, seq [0-9]+\$"
expect 1 verify $d --replay --json
json '.[0] | [.status, .error.code, .error.feed]' "[\"uncompared\",\"ECHO_ERR_CORRUPT\",\"$own\"]"
printf 'X' | dd of=$d/feeds/$own/data bs=1 seek=10 conv=notrunc 2>/dev/null
rm $d/snapshots.db
expect 4 restore $d --party $party --json
out_is ''
err_json '[.error.code, .error.feed, .error.seq, .error.path]' "[\"ECHO_ERR_CORRUPT\",\"$own\",0,\"$d\"]"
finish
