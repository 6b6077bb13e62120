#!/bin/sh
# The pages: links lead somewhere, named files exist, prose is wrapped and plain, and the README's program runs.
#   docs.sh SOURCE BUILD COMPILER SANITIZE
set -eu
source=$1 build=$2 compiler=$3 sanitize=${4:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "docs: $1" >&2; exit 1; }

# Links to files, relative to the page.
for page in "$source/README.md" "$source"/docs/*.md "$source/tests/README.md"; do
    grep -o '](\([^)#]*\))' "$page" | sed 's/^](//; s/)$//' | while read -r link; do
        case $link in '' | *://*) continue ;; esac
        [ -e "$(dirname "$page")/$link" ] || fail "$page: $link leads nowhere"
    done
done

# Files and functions that the pages name.
grep -oh '`\(src\|tests\|examples\|include\|docs\)/[A-Za-z0-9_./-]*`' "$source/README.md" "$source"/docs/*.md "$source/tests/README.md" | tr -d '`' | sort -u | while read -r path; do
    [ -e "$source/$path" ] || fail "$path is named and does not exist"
done

# Prose: at most 120 columns outside tables, code and lines with an address; and none of the phrases that docs/CONVENTIONS.md, "English",
# says to write in another way.
cd "$source"
for page in README.md docs/*.md tests/README.md; do
    awk '/^```/ { code = !code; print ""; next } code || /^(    |\||!\[)/ { print ""; next } { print }' "$page" >"$work/prose"
    # Without the bytes that continue a character, a byte is a column.
    long=$(LC_ALL=C tr -d '\200-\277' <"$work/prose" | awk 'length > 120 && !/:\/\// { print NR; exit }')
    [ -z "$long" ] || fail "$page:$long: prose of more than 120 columns"
    for phrase in '(is|are|was|be) told' 'tells' 'told' 'says so' 'behind (the|it|them|that|what|a)' 'who is (no|none|not)' 'is no member' 'is none' \
        'there is none' 'so many' 'so long as' 'so long' 'as it was'; do
        found=$(awk '/^```/ { code = !code } code || /^    / { print ""; next } { print }' "$page" | grep -niEw -m 1 "$phrase" | cut -c 1-100)
        [ -z "$found" ] || fail "$page:$found: say it plainly, without \"$phrase\""
    done
done

# The README's program, on a copy of a real party.
awk '/^```c$/ { on = 1; next } /^```$/ { on = 0 } on' "$source/README.md" >"$work/readme.c"
[ -s "$work/readme.c" ] || fail "README.md has no program"
set --
[ -n "$sanitize" ] && set -- "-fsanitize=$sanitize"
"$compiler" -std=c99 -Wall -Wextra -Wpedantic -Werror "$@" -I"$source/include" -o "$work/readme" "$work/readme.c" "$build/libecho-snapshot.a" \
    $(pkg-config --libs libcjson libsodium sqlite3 libzstd libprotobuf-c) -lm
cp -R "$source/tests/fixtures/b-echo-2.6.17-2peers/peer0" "$work/party"
chmod -R u+w "$work/party"
"$work/readme" "$work/party" >"$work/1" || fail "the README's program fails"
"$work/readme" "$work/party" >"$work/2" || fail "the README's program fails the second time"
[ "$(wc -l <"$work/1")" -ge 11 ] || fail "the README's program shows $(wc -l <"$work/1") items"
cmp -s "$work/1" "$work/2" || fail "the README's program shows something else after its snapshot"
[ -s "$work/party/snapshots.db" ] || fail "the README's program takes no snapshot"
echo "docs: ok"
