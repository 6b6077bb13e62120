#!/bin/sh
# Every option and argument, right and wrong: exit code 2 with one line that names what is wrong and points to --help.
. "$SCRIPTS/common.sh"
fixture b-echo-2.6.17-2peers both
folder=both/peer0
party=24e5b90023d34602ad71ad11e54926cb7193357867262183b7531ce71e8264f8
commands='parties open items snapshot list inspect verify gc pin unpin prune-advice'
all="$commands diff copy invite serve join"

expect 0 --version
out_is "echo-snapshot $(sed -n 's/^#define ECHO_VERSION_STRING "\(.*\)"/\1/p' "$SCRIPTS/../../include/echo/base.h")"
expect 0 --help
for command in $all bench; do out_has "^  $command "; done
for code in 0 1 2 3 4 5 6; do out_has "^  $code  [a-z]"; done
for command in $commands invite serve join; do
    expect 0 $command --help
    out_has "^Usage: echo-snapshot $command DIR"
    for option in --json --quiet --help --no-write; do out_has "^  $option "; done
    for code in 0 1 2 3 4 5 6; do out_has "^  $code  [a-z]"; done
    err_is ""
    expect 0 $command nowhere --help
    expect 0 $command "$folder" --json --quiet --no-write --help
done

misuse() { # text, arguments...
    text=$1
    shift
    expect 2 "$@"
    out_is ""
    one_error
    err_has "ECHO_ERR_INVALID: $text.*\(see echo-snapshot .*--help\)$"
}
misuse 'a command is missing'
misuse "unknown command 'nothing'" nothing
misuse "unknown option '--nothing'" --nothing
misuse "one argument too many: 'x'" --version x
misuse "one argument too many: 'x'" --help x
misuse "unknown command ''" ''
for command in $commands invite serve; do
    misuse 'DIR is missing' $command
    misuse 'DIR is missing' $command --quiet
    misuse 'DIR is empty' $command ''
    misuse "one argument too many: 'more'" $command $folder more
    misuse "one argument too many: '--quiet'" $command -- $folder --quiet
    misuse 'unknown option --nothing' $command $folder --nothing
    misuse 'unknown option --nothing=1' $command --nothing=1 $folder
    misuse 'unknown option -j' $command -j $folder
    misuse 'unknown option --jso' $command --jso $folder
    misuse '--json takes no value' $command --json=yes $folder
    err_has "^echo-snapshot $command: error: "
done
expect 0 copy --help
out_has '^Usage: echo-snapshot copy FROM TO \[options\]'
for option in --party --number --json --quiet --help; do out_has "^  $option "; done
misuse 'FROM is missing' copy
misuse 'TO is missing' copy $folder
misuse 'TO is missing' copy $folder --quiet
misuse 'DIR is empty' copy $folder ''
misuse "one argument too many: 'more'" copy $folder to more
misuse '--no-write leaves nothing to do' copy $folder to --no-write
misuse '--keep is not an option of this command' copy $folder to --keep 1
expect 2 items --json
out_is ""
err_json '[.error.code, .error.feed, .error.seq, .error.item]' '["ECHO_ERR_INVALID",null,null,null]'
expect 2 items --nothing --json
err_json '.error.message' '"unknown option --nothing (see echo-snapshot items --help)"'
misuse 'unknown option -.\?\[1m' items "$(printf -- '-\001\033[1m')"
misuse 'one argument too many' items $folder "$(head -c 3000 /dev/zero | tr '\0' x)"

# Values.
for command in open items snapshot list inspect verify pin unpin prune-advice; do
    misuse '--party needs a value' $command $folder --party
    misuse "--party needs 64 hex digits, not ''" $command $folder --party=
    misuse "--party needs 64 hex digits, not 'abc'" $command $folder --party abc
    misuse "--party needs 64 hex digits, not '${party}0'" $command $folder --party ${party}0
    misuse '--party is given twice' $command $folder --party $party --party $party
done
for command in inspect verify pin unpin; do
    misuse '--number needs a value' $command $folder --number
    for number in 0 -1 +1 1x 0x1 ' 1' 1.0 9223372036854775808 99999999999999999999; do
        misuse "--number needs a number from 1 on, not '$(echo "$number" | sed 's/[+.]/\\&/')'" $command $folder --number "$number"
    done
done
misuse '--keep needs a value' gc $folder --keep
misuse '--keep is given twice' gc $folder --keep 1 --keep 2
misuse '--dry-run takes no value' gc $folder --dry-run=yes
for number in '' -1 +1 1x 0x1 ' 1' 1.0 4294967296 18446744073709551616 99999999999999999999; do
    misuse "--keep needs a number from 0 to 4294967295, not '$(echo "$number" | sed 's/[+.]/\\&/')'" gc $folder --keep "$number"
done
for option in --type --model --id; do
    misuse "$option needs a value" items $folder $option
    misuse "$option needs a value" items $folder $option ''
    misuse "$option needs a value" items $folder $option=
    misuse "$option is given twice" items $folder $option x $option=y
done
misuse '--parent needs a value' items $folder --parent
misuse '--id names one item' items $folder --id x --type y
misuse '--id names one item' items $folder --id x --model y
misuse '--id names one item' items $folder --id x --parent ''
misuse '--id and --records do not go together' inspect $folder --id x --records
misuse '--no-write leaves nothing to do' snapshot $folder --no-write
misuse '--no-write leaves nothing to do: --dry-run' gc $folder --no-write
for command in pin unpin; do
    misuse '--number is missing' $command $folder
    misuse '--no-write leaves nothing to do' $command $folder --number 1 --no-write
done
[ ! -e $folder/snapshots.db ] || fault "something was written"

# Which command takes what.
takes() { # option and value, commands...
    option=$1 takers=$2
    for command in $commands; do
        case $command/$option in
        pin/--number* | unpin/--number*) more= ;;
        pin/* | unpin/*) more='--number 1' ;;
        *) more= ;;
        esac
        case " $takers " in
        *" $command "*) expect 0 $command $folder $option $more ;;
        *) misuse "${option%% *} is not an option of this command" $command $folder $option ;;
        esac
    done
}
expect 0 snapshot $folder
takes --json "$commands"
takes --quiet "$commands"
takes "--party $party" "open items snapshot list inspect verify pin unpin prune-advice"
expect 0 list $folder --party="$(echo $party | tr a-f A-F)"
takes --no-snapshot "open items snapshot"
takes --eager "open items snapshot"
takes --verify-full "open items snapshot"
takes "--type x" items
takes "--model x" items
takes "--parent x" items
takes "--number 1" "inspect verify pin unpin"
takes --records inspect
takes --replay verify
takes "--keep 1" gc
takes --dry-run gc
for command in parties open items list inspect verify; do expect 0 $command --no-write --no-write $folder; done

# `restore` is another word for `open`.
expect 0 restore --help
out_has '^Usage: echo-snapshot open DIR'
expect 0 open $folder --json
"$JQ" -c '[.snapshot, .items, .timeframe]' <out >opened
expect 0 restore $folder --json
"$JQ" -c '[.snapshot, .items, .timeframe]' <out | cmp -s - opened || fault "restore is not open: $(cat out)"
expect 0 --help
! grep -q '^  restore ' out || fault "both words are in the list of commands"

# Folders with names like options.
cp -R $folder ./--json
expect 0 items -- --json
expect 0 items --json -- --json
json length 11
finish
