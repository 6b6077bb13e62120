#!/bin/sh
# The items of every fixture are what the original says, by replay and from a snapshot, lazily and eagerly.
. "$SCRIPTS/common.sh"

all_ways() { # folder, expected
    expect 0 items "$1" --json
    same_items "$2"
    expect 0 snapshot "$1" --json
    json .unchanged false
    for how in "" --eager --verify-full --no-snapshot "--eager --verify-full" "--no-write --quiet"; do
        expect 0 items --json $how "$1"
        same_items "$2"
        err_is ""
    done
    expect 0 restore --json "$1"
    json '[.snapshot, .messages_applied, (.messages_skipped > 100)]' '[1,0,true]'
    expect 0 restore --json --no-snapshot "$1"
    json '[.snapshot, .messages_skipped, (.messages_applied > 100)]' '[null,0,true]'
}

for name in a-echo-2.6.17-single a-echo-2.33.8-arrays; do
    fixture $name $name
    "$JQ" -S .state <$name/expected.json >$name.json
    all_ways $name/storage $name.json
    expect 0 restore $name/storage --json
    json '[.party]' "$("$JQ" -c '[.partyKey]' <$name/expected.json)"
done
for name in b-echo-2.6.17-2peers b-echo-2.33.8-2peers-conflict; do
    fixture $name $name
    "$JQ" -S . <$name/canonical.json >$name.json
    all_ways $name/peer0 $name.json
    all_ways $name/peer1 $name.json
done

# ---- selection ----
folder=a-echo-2.33.8-arrays/storage
all=a-echo-2.33.8-arrays.json
select_is() { # jq condition, options...
    "$JQ" -S "[.[] | select($1)]" <$all >wanted.json
    shift
    expect 0 items $folder --json "$@"
    same_items wanted.json
}
parent=$("$JQ" -r '[.[] | select(.parent != null)][0].parent' <$all)
deleted=$("$JQ" -r '.[] | select(.deleted).id' <$all)
select_is '.type == "dxos.org/type/t1"' --type dxos.org/type/t1
select_is '.type == "dxos.org/type/t1"' --type=dxos.org/type/t1
select_is '.model == "dxos:model/test"' --model dxos:model/test
select_is ".parent == \"$parent\"" --parent "$parent"
select_is '.parent == null' --parent ""
select_is '.parent == null and .type == "dxos.org/type/t1"' --parent= --type dxos.org/type/t1
select_is 'false' --type nobody
out_is '[]'
select_is ".id == \"$parent\"" --id "$parent"
select_is ".id == \"$deleted\"" --id "$deleted"
json '.[0].deleted' true
expect 3 items $folder --id nobody
one_error
err_has 'ECHO_ERR_NOT_FOUND.*item nobody'
out_is ""
expect 3 items $folder --json --id nobody
err_json '.error | [.code, .item]' '["ECHO_ERR_NOT_FOUND","nobody"]'
out_is ""

# ---- the table ----
expect 0 items $folder
[ "$(wc -l <out)" -eq 54 ] || fault "the table has $(wc -l <out) lines"
out_has '^ID +TYPE +MODEL +PARENT$'
out_has '^52 items, 1 of them deleted$'
out_has "^$deleted .* deleted\$"
expect 0 items $folder --quiet
cut -d ' ' -f 1 <out >ids
"$JQ" -r '.[].id' <$all | cmp -s - ids || fault "the quiet table has other ids"
expect 0 items $folder --id "$parent"
[ "$(wc -l <out)" -eq 1 ] || fault "one item has $(wc -l <out) lines"

# ---- values that are hard to print, behind a snapshot and in it ----
party=$("$PREPARE" party values)
"$PREPARE" item values one - - n 9007199254740991
"$PREPARE" item values two "$(printf 'red\033[31m"\\\302\205')" one text '"\u0001 \u00e9 \ud83d\ude00 \"\\"'
"$PREPARE" item values "$(printf 'three\033')" t two nested '{"a":{"b":[1.5,null,true]},"c":{"$$x":"y"}}'
cat >values.json <<'JSON'
[{"id":"one","model":"dxos:model/object","parent":null,"properties":{"n":9007199254740991},"type":null},
{"id":"three\u001b","model":"dxos:model/object","parent":"two","properties":{"nested":{"a":{"b":{"0":1.5,"1":null,"2":true}},"c":{"$$x":"y"}}},"type":"t"},
{"id":"two","model":"dxos:model/object","parent":"one","properties":{"text":"\u0001 é 😀 \"\\"},"type":"red\u001b[31m\"\\\u0085"}]
JSON
expect 0 items values --json
cp out replayed
json '[.[].id]' '["one","three\u001b","two"]'
out_has '"properties":\{"n":9007199254740991\}'
json '.[1].properties.nested.a' '{"b":{"0":1.5,"1":null,"2":true}}'
json '.[2] | [.properties.text, .type]' "$("$JQ" -c '.[2] | [.properties.text, .type]' <values.json)"
expect 0 snapshot values
expect 0 items values --json
cmp -s out replayed || fault "values differ behind a snapshot"
expect 0 items values
grep -q "$(printf '\033')" out && fault "an escape character is printed"
out_has '^three\? +t +dxos:model/object +two$'
out_has '^two +red\?\[31m"\\\? +dxos:model/object +one$'

# ---- numbers: no digit is lost, and no more are printed than are needed ----
for n in 9007199254740993 -9223372036854775808 9223372036854775807 999999999999999 1000000000000001 -9007199254740991 0 1.5 0.10000000149011612; do
    "$PREPARE" set values one n $n
    expect 0 items values --json --id one
    out_has "\"properties\":\{\"n\":$n\}"
done
"$PREPARE" set values one n 1
"$PREPARE" delete values two
expect 0 items values --json
json '[.[] | [.properties.n, .deleted]]' '[[1,null],[null,null],[null,true]]'
finish
