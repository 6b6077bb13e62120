#!/bin/sh
# Joining a party from a process that serves it, catching up, and what goes wrong on the way. No time is looked at.
. "$SCRIPTS/common.sh"
. "$SCRIPTS/peers.sh"
"$PREPARE" secret >secret
party=$("$PREPARE" party alice)
"$PREPARE" items alice note 0 2000 "first version" || fault "no items"
expect 0 snapshot alice
"$PREPARE" items alice note 100 110 "second version"

# ---- invitations ----
expect 0 join bob --new-key
bob=$(cat out)
out_has '^[0-9a-f]{64}$'
expect 5 join bob --new-key
err_has "ECHO_ERR_EXISTS.*feed $bob"
expect 0 join carol --new-key --json
carol=$("$JQ" -r .key <out)
expect 0 invite alice
invitation=$(cat out)
[ ${#invitation} -lt 1024 ] || fault "an invitation of ${#invitation} characters"
expect 0 invite alice --digest --json
json '[.party, (.members | length), (.digest | length), .admitted]' "[\"$party\",1,64,null]"
digest=$("$JQ" -r .digest <out)
expect 0 list alice --json
json '.[0].digest' "\"$digest\""
"$PREPARE" party none >/dev/null
expect 3 invite none --digest
err_has 'no snapshot whose digest'
expect 3 invite nowhere
expect 3 invite alice --admit $bob --signer nothing
printf 'xyz' >odd
expect 2 invite alice --admit $bob --signer odd
err_has 'odd: is not a key file'
sed 's/^../00/' secret >odd
expect 2 invite alice --admit $bob --signer odd
od -An -v -tx1 carol/feeds/$carol/secret_key | tr -d ' \n' >carols
expect 4 invite alice --admit "$(printf '%064d' 7)" --signer carols
err_has 'ECHO_ERR_REFUSED.*admits nothing'
out_is ""
expect 0 invite alice --admit $bob --signer secret --digest --json
json .admitted "\"$bob\""
invited=$("$JQ" -r .invitation <out)

# ---- joining ----
serve alice alice --once 1 --no-write # and takes no snapshot on its own, which numbers below depend on
expect 0 join bob "$invited" --peer $place --item note1999 --item note105 --json
"$JQ" -e . <out >/dev/null || fault "not JSON: $(cat out)"
wait $server || fault "serve --once 1 ended with $?"
is=$("$JQ" -c 'select(.event == "item") | [.id, .properties.text, .items_here < .items, .bytes > 0]' <out | head -n 2)
[ "$is" = '["note1999","first version 1999",true,true]
["note105","first version 105",true,true]' ] || fault "items on the way: $is"
done_is '[.party, .member, .snapshot, .digest, .invited_digest, .by_chunks, .items]' "[\"$party\",\"$bob\",1,\"$digest\",true,true,2000]"
done_is '[.messages_covered, .messages_not_transferred, .blocks, .trust, .detection, .dropped]' '[2001,2001,11,"received",null,0]'
"$JQ" -e -s 'map(.event) | (index("connected") < index("target")) and (map(select(. == "progress")) | length > 2)' <out >/dev/null ||
    fault "events: $(cat out)"
is=$("$JQ" -r .event <alice.out | tr '\n' ' ')
[ "$is" = "listening snapshot connected ended end " ] || fault "the server tells $is"
"$JQ" -c 'select(.event == "connected").member' <alice.out | grep -q $bob || fault "the server does not name its peer"
same alice bob
expect 0 verify bob
expect 0 restore bob --json
json '[.snapshot, .messages_read]' '[1,11]'

# ---- catching up: by the tail, both ways, and for people ----
serve alice alice --no-write
"$PREPARE" items alice note 200 220 "third version"
wait_for alice.out '"applied"'
expect 0 join bob "$invitation" --peer $place
out_has '^items +2000$'
out_has '^blocks +20 received'
out_has '^chunks +0 received'
same alice bob
expect 0 join bob "$invitation" --peer $place --json --quiet
done_is '[.blocks, .chunks, .trust]' '[0,0,null]'
[ "$(wc -l <out)" -eq 1 ] || fault "--quiet: $(cat out)"
stop $server 0
serve alice alice
"$PREPARE" items bob bobs 0 3 "of Bob's"
for _ in 1 2 3 4 5 6 7 8 9 10; do
    expect 0 join bob "$invitation" --peer $place
    grep -q '"fetched"' alice.out && break
done
wait_for alice.out '"fetched"'
same alice bob
expect 3 join bob "$invitation" --peer $place --item nothing
err_has 'ECHO_ERR_NOT_FOUND.*item nothing'
expect 0 join bob "$invitation" --peer $place --item bobs1
out_has "^item +bobs1 after .*: note \{\"text\":\"of Bob's 1\"\}$"

# ---- who is not let in, and what is not there ----
expect 5 join carol "$invitation" --peer $place
one_error
err_has "$place: closed the connection without an answer: it does not serve this party, or does not know our key as a member's"
wait_for alice.out '"dropped".*ECHO_ERR_REFUSED'
expect 5 join carol "$invitation" --peer $place --json
err_json .error.code '"ECHO_ERR_IO"'
expect 5 join bob "$invitation" --peer 127.0.0.1:1
one_error
err_has '127\.0\.0\.1:1: cannot connect: connection refused'
expect 5 join bob "$invitation" --peer nobody.invalid:1
err_has 'nobody\.invalid:1: the host is unknown'
expect 0 join bob "$invitation" --peer 127.0.0.1:1 --peer $place
one_error
err_has 'note: .*127\.0\.0\.1:1: cannot connect'
for wrong in nobody 127.0.0.1 127.0.0.1: 127.0.0.1:0 127.0.0.1:65536 127.0.0.1:1x ::1:5 :5; do
    expect 2 join bob "$invitation" --peer "$wrong"
    err_has "$wrong: is not HOST:PORT"
done
expect 2 join bob "${invitation%??????}" --peer $place
err_has 'not an invitation'
expect 2 join bob nonsense --peer $place
err_has 'not an invitation'
expect 5 serve alice --listen $place
err_has "$place: cannot listen: address already in use"
expect 2 serve alice --listen nothing
err_has 'nothing: is not HOST:PORT'
expect 3 serve nowhere
expect 3 serve carol
stop $server 0
"$JQ" -e 'select(.event == "end").connections > 2' <alice.out >/dev/null || fault "no end: $(tail -n 1 alice.out)"

# ---- cut in the middle, and on again ----
serve alice alice --no-write
member dora alice
proxy 12000 close
expect 5 join dora "$invitation" --peer $through --json
one_error
err_json '.error.message' "\"$through: closed the connection unexpectedly\""
expect 0 join dora "$invitation" --peer $place --json
done_is '[.chunks_kept > 10, .chunks > 10, .messages_not_transferred > 2000, .trust]' '[true,true,true,"received"]'
same alice dora
member emil alice
proxy 12000 stall
"$CLI" join emil "$invitation" --peer $through >emil.out 2>emil.err </dev/null &
emil=$!
pids="$pids $emil"
wait_for proxy.out stalled
stop $emil 143
grep -q 'interrupted: what was received is kept' emil.err || fault "interrupted: $(cat emil.err)"
expect 0 join emil "$invitation" --peer $place --json
done_is '[.chunks_kept > 10, .chunks > 10]' '[true,true]'
same alice emil

# ---- trust ----
member fay alice
expect 0 join fay "$invitation" --peer $place --json --trust attested --attestations 1
done_is '[.trust, .attested, .messages_not_transferred > 2000]' '["attested",1,true]'
member gus alice
expect 0 join gus "$invitation" --peer $place --json --trust attested
err_has 'attested by 1 members, but 2 are required'
done_is '[.trust, .snapshot, .by_chunks]' '[null,null,false]' # the feeds themselves, then
same alice gus
member hal alice
expect 0 join hal "$invitation" --peer $place --json --trust sampled --attestations 1 --samples 50
done_is '[.trust, .sampled, .detection > 0.02, .messages_not_transferred]' '["sampled",50,true,0]'
member ian alice
expect 0 join ian "$invitation" --peer $place --trust replayed --attestations 1
out_has '^trust +replayed, attested by 1 member, all items equal the replay of the feeds$'
same alice ian
stop $server 0

# ---- from two at once; the second has joined itself ----
serve alice alice
first=$place
member jon alice
expect 0 join bob "$invitation" --peer $first
serve bob bob
expect 4 join jon "$invitation" --peer $place
one_error
err_has "$place: the peer did not prove that it is a member of the party"
expect 0 invite bob --members --json
json '.members | length' 2
json '.members[0]' "\"$bob\""
invitation=$("$JQ" -r .invitation <out)
expect 0 join jon "$invitation" --peer $first --peer $place --json
err_is ""
is=$("$JQ" -r 'select(.event == "connected").peer' <out | sort | tr '\n' ' ')
[ "$is" = "$(printf '%s\n' $first $place | sort | tr '\n' ' ')" ] || fault "connected to $is"
same alice jon
finish
