# For the tests of the command; sourced. CLI, PREPARE, FIXTURES, WORK and JQ come from CTest.
set -u
[ -n "$JQ" ] || { echo "skipped: jq is not installed"; exit 77; }
rm -rf "$WORK"
mkdir -p "$WORK"
cd "$WORK" || exit 1
faults=0

fault() {
    echo "FAULT: $*"
    faults=$((faults + 1))
}

# expect CODE ARGUMENTS...: runs the command; its output is in `out` and `err`.
expect() {
    wanted=$1
    shift
    "$CLI" "$@" >out 2>err </dev/null
    code=$?
    [ "$code" -eq "$wanted" ] && return
    fault "$* => $code, not $wanted"
    cat err
}

# out_is TEXT, err_is TEXT: the whole of it. out_has, err_has: a line that matches.
out_is() { [ "$(cat out)" = "$1" ] || fault "output is '$(cat out)', not '$1'"; }
err_is() { [ "$(cat err)" = "$1" ] || fault "stderr is '$(cat err)', not '$1'"; }
out_has() { grep -Eq -e "$1" out || fault "output has no '$1': $(cat out)"; }
err_has() { grep -Eq -e "$1" err || fault "stderr has no '$1': $(cat err)"; }
# Exactly one line of error.
one_error() {
    [ "$(wc -l <err)" -eq 1 ] || fault "stderr has not one line: $(cat err)"
}
# json FILTER TEXT: what jq makes of the output.
json() {
    is=$("$JQ" -c "$1" <out) || fault "output is no JSON: $(cat out)"
    [ "$is" = "$2" ] || fault "$1 of the output is '$is', not '$2'"
}
err_json() {
    is=$("$JQ" -c "$1" <err) || fault "stderr is no JSON: $(cat err)"
    [ "$is" = "$2" ] || fault "$1 of stderr is '$is', not '$2'"
}

# fixture NAME AS: a copy that may be changed.
fixture() {
    cp -R "$FIXTURES/$1" "$2" && chmod -R u+w "$2"
}

# Everything in a folder, by name and content.
sums() {
    (cd "$1" && find . -type d -print | sort && find . -type f -exec cksum {} + | sort -k 3)
}

# same_items JSON: the output is this state, whatever the order of its keys.
same_items() {
    "$JQ" -S . <out >is.json || fault "output is no JSON"
    cmp -s is.json "$1" || fault "items differ from $1: $(diff is.json "$1" | head -n 5)"
}

# until_true COMMAND...: waits until it succeeds, at most a minute; no time is asserted.
until_true() {
    for _ in $(seq 600); do
        "$@" && return
        sleep 0.1
    done
    fault "never: $*"
}

finish() {
    [ "$faults" -eq 0 ] || { echo "$faults faults; folder $WORK"; exit 1; }
    cd / && rm -rf "$WORK"
    exit 0
}
