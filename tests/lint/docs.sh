#!/bin/sh
# check.sh SOURCE BUILD COMPILER SANITIZE
set -eu
source=$1 build=$2 compiler=$3 sanitize=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "docs: $1" >&2; exit 1; }

# Links to files, relative to the page.
for page in "$source/README.md" "$source"/docs/*.md; do
    grep -o '](\([^)#]*\))' "$page" | sed 's/^](//; s/)$//' | while read -r link; do
        case $link in '' | *://*) continue ;; esac
        [ -e "$(dirname "$page")/$link" ] || fail "$page: $link leads nowhere"
    done
done

# Files and functions that the pages name.
grep -oh '`\(src\|tests\|examples\|include\|docs\)/[A-Za-z0-9_./-]*`' "$source/README.md" "$source"/docs/*.md | tr -d '`' | sort -u | while read -r path; do
    [ -e "$source/$path" ] || fail "$path is named and does not exist"
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
