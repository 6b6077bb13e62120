#!/bin/sh
# Where results, errors and remarks go, when that does not work, and who else is using the store.
. "$SCRIPTS/common.sh"
fixture b-echo-2.33.8-2peers-conflict both
folder=both/peer0
expect 0 snapshot $folder
sums both >before

commands='parties restore items list inspect verify'
failing() { # what it is called, then the command has run: its code is in `code`
    [ $code -eq 5 ] || fault "$1 => $code, not 5"
    one_error
    err_has 'ECHO_ERR_IO.*standard output cannot be written: '
}
for command in $commands; do
    for form in "" --json; do
        if [ -w /dev/full ]; then
            "$CLI" $command $folder $form >/dev/full 2>err
            code=$?
            failing "$command $form >/dev/full"
        fi
        "$CLI" $command $folder $form >&- 2>err
        code=$?
        failing "$command $form >&-"
        "$CLI" $command $folder $form 2>&- >out
        code=$?
        [ $code -eq 0 ] || fault "$command $form 2>&- => $code"
        "$CLI" $command $folder $form <&- >again 2>err
        [ -s again ] || fault "$command $form <&- prints nothing"
    done
done
for words in --help --version 'items --help' 'inspect --records'; do
    case $words in inspect*) words="$words $folder" ;; esac
    "$CLI" $words >&- 2>err
    code=$?
    failing "$words >&-"
done
"$CLI" items $folder --json >&- 2>err
"$CLI" items nowhere --json >&- 2>err
[ $? -eq 3 ] || fault "the first error counts"
# With its standard streams closed, nothing that is opened takes their place.
"$CLI" snapshot $folder --no-snapshot <&- >&- 2>&-
[ $? -eq 5 ] || fault "snapshot with all streams closed"
expect 0 verify $folder

# A pipe that is closed early ends the command, and nothing worse.
("$CLI" items $folder --json; echo $? >code) | true
[ "$(cat code)" -eq 0 ] || [ "$(cat code)" -ge 5 ] || fault "a closed pipe: $(cat code)"

# Errors as JSON are JSON whatever the names hold.
name=$(printf 'odd\377"\\\033[1m')
expect 3 items "$name" --json
err_json '.error | [.code, .path]' '["ECHO_ERR_NOT_FOUND","odd�\"\\\u001b[1m"]'
expect 3 items "$name"
grep -q "$(printf '\033')" err && fault "an escape character is printed"
one_error

# Another process is writing: reading goes on, writing is refused after a while.
mkfifo go
"$PREPARE" hold $folder/snapshots.db <go >held &
holder=$!
exec 3>go
until_true test -s held
expect 0 list $folder
expect 0 items $folder --json
expect 0 verify $folder
expect 5 snapshot $folder --no-snapshot
one_error
err_has ECHO_ERR_BUSY
expect 5 snapshot $folder --no-snapshot --json
err_json .error.code '"ECHO_ERR_BUSY"'
exec 3>&-
wait $holder
expect 0 snapshot $folder --no-snapshot
finish
