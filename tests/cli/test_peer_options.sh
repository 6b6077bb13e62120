#!/bin/sh
# The options of invite, serve and join, right and wrong. What is wrong is told before anything is opened or made.
. "$SCRIPTS/common.sh"
party=$("$PREPARE" party home)
"$PREPARE" secret >secret
sums home >before

misuse() { # text, arguments...
    text=$1
    shift
    expect 2 "$@"
    out_is ""
    one_error
    err_has "ECHO_ERR_INVALID: $text.*\(see echo-snapshot .*--help\)$"
}
misuse 'DIR is missing' join
misuse 'DIR is empty' join ''
misuse 'INVITATION is missing' join away
misuse 'INVITATION is missing' join away --peer 127.0.0.1:1
misuse '--peer HOST:PORT is missing' join away invitation
misuse "one argument too many: 'more'" join away invitation more
misuse 'unknown option --nothing' join away --nothing
misuse '--json takes no value' join away --json=yes
misuse '--no-write leaves nothing to do' join away invitation --peer a:1 --no-write
misuse '--new-key goes with DIR alone' join away invitation --new-key
misuse '--new-key goes with DIR alone' join away --new-key --peer a:1
misuse '--new-key goes with DIR alone' join away --new-key --key secret
misuse '--trust needs received, attested, sampled or replayed, not .much.' join away invitation --peer a:1 --trust much
misuse '--trust is given twice' join away invitation --peer a:1 --trust sampled --trust sampled
misuse '--samples goes with --trust sampled' join away invitation --peer a:1 --samples 5
misuse '--samples goes with --trust sampled' join away invitation --peer a:1 --samples 5 --trust replayed
misuse '--attestations goes with --trust attested' join away invitation --peer a:1 --attestations 5
misuse '--party is not an option of this command' join away invitation --peer a:1 --party $party
misuse '--peer needs a value' join away invitation --peer
misuse '--peer needs a value' join away invitation --peer=
misuse '--item needs a value' join away invitation --peer a:1 --item ''
misuse '--key needs a value' join away invitation --peer a:1 --key ''
for number in 0 -1 x 1x 4294967296; do
    misuse "--attestations needs a number from 1 to 4294967295, not '$number'" join away invitation --attestations=$number
    misuse "--samples needs a number from 1 to 4294967295, not '$number'" join away invitation --samples $number
    misuse "--once needs a number from 1 to 4294967295, not '$number'" serve home --once=$number
done
many=$(seq 17 | sed 's/^/--peer a:/')
misuse '--peer can be given at most 16 times' join away invitation $many
many=$(seq 65 | sed 's/^/--item i/')
misuse '--item can be given at most 64 times' join away invitation $many
misuse '--listen is given twice' serve home --listen a:1 --listen a:2
misuse '--admit needs 64 hex digits, not .abc.' invite home --admit abc
misuse '--admit needs --signer FILE' invite home --admit $party
misuse '--signer signs what --admit writes' invite home --signer secret
misuse '--no-write and --admit do not go together' invite home --admit $party --signer secret --no-write
for option in "--peer a:1" "--trust sampled" "--new-key" "--item x"; do
    misuse "${option%% *} is not an option of this command" serve home $option
    misuse "${option%% *} is not an option of this command" invite home $option
    misuse "${option%% *} is not an option of this command" items home $option
done
[ ! -e away ] || fault "something was made"
sums home | cmp -s - before || fault "something was written"

# An invitation that is wrong is told before the folder is made too.
expect 2 join away invitation --peer 127.0.0.1:1
one_error
err_has 'not an invitation'
[ ! -e away ] || fault "a folder was made"
expect 0 invite home --no-write --party $party
invitation=$(cat out)
expect 3 join away "$invitation" --peer 127.0.0.1:1
one_error
err_has 'ECHO_ERR_NOT_FOUND'
[ ! -e away ] || fault "a folder was made"
expect 3 join away "$invitation" --peer 127.0.0.1:1 --key nothing
err_has 'nothing: No such file'
expect 5 join away "$invitation" --peer 127.0.0.1:1 --key secret
err_has '127\.0\.0\.1:1: cannot connect'
expect 2 join home "$invitation" --peer 127.0.0.1
err_has '127\.0\.0\.1: is not HOST:PORT'
expect 3 invite home --party "$(printf '%064d' 1)"
expect 3 serve home --party "$(printf '%064d' 1)"
finish
