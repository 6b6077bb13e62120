# For the tests of invite, serve and join; sourced behind common.sh. Processes that are left when a test ends are ended, by their pid.
pids=
stop_all() {
    for pid in $pids; do kill "$pid" 2>/dev/null; done
}
trap stop_all EXIT

# wait_for FILE PATTERN: a line that comes. No time is asserted; what never comes ends in a fault.
wait_for() {
    for _ in $(seq 600); do
        grep -Eq -e "$2" "$1" 2>/dev/null && return
        sleep 0.05
    done
    fault "$1 never got '$2': $(cat "$1")"
}

# serve NAME DIR OPTIONS...: in the background; $place and $server are where it listens and its pid. NAME.out and NAME.err are what it prints.
serve() {
    name=$1
    shift
    : >"$name.out"
    "$CLI" serve "$@" --json >"$name.out" 2>"$name.err" </dev/null &
    server=$!
    pids="$pids $server"
    wait_for "$name.out" '"listening"'
    place=$("$JQ" -r 'select(.event == "listening").peer' "$name.out")
}

# stop PID CODE: TERM, and how it has to end.
stop() {
    kill "$1"
    wait "$1"
    code=$?
    [ $code -eq "$2" ] || fault "a process ended with $code, not $2"
}

# proxy BYTES close|stall: before $place; $through is where it listens, $proxy its pid.
proxy() {
    : >proxy.out
    "$PREPARE" proxy "${place##*:}" "$1" "$2" >proxy.out &
    proxy=$!
    pids="$pids $proxy"
    wait_for proxy.out '^[0-9]+$'
    through=127.0.0.1:$(head -n 1 proxy.out)
}

# member DIR FROM: a folder with a key that FROM's member admits; $invitation is what it got.
member() {
    expect 0 join "$1" --new-key
    key=$(cat out)
    expect 0 invite "$2" --admit "$key" --signer secret
    invitation=$(cat out)
}

# done_is FILTER TEXT: of the last line of a join with --json.
done_is() {
    is=$("$JQ" -c "select(.event == \"done\") | $1" <out) || fault "output is no JSON: $(cat out)"
    [ "$is" = "$2" ] || fault "$1 of the end is '$is', not '$2'"
}

same() { # two folders
    expect 0 items "$1" --json
    mv out one
    expect 0 items "$2" --json
    [ -s out ] && cmp -s one out || fault "the items of $1 and $2 differ"
}
