#!/bin/sh
# Runs clang-tidy 14 with .clang-tidy over src/, one file at a time (several files in one process give false findings).
# Prints what tidy.txt does not list, and fails when there is any.
#   tidy.sh SOURCE BUILD [FILE...]     BUILD has compile_commands.json; all of src/ when no file is named
set -eu
cd "$1"
build=$2
shift 2
program=
for candidate in clang-tidy-14 clang-tidy; do
    command -v "$candidate" >/dev/null 2>&1 || continue
    case $("$candidate" --version) in *"version 14."*) program=$candidate; break ;; esac
done
[ -n "$program" ] || { echo "skipped: clang-tidy 14 is not installed"; exit 77; }
[ -e "$build/compile_commands.json" ] || { echo "$build has no compile_commands.json" >&2; exit 1; }
[ $# -gt 0 ] || set -- src/*/*.c
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# tidy.h replaces what src/base/error.c defines; the programs do not see the library's own headers.
export program build work
printf '%s\n' "$@" | xargs -P "$(nproc 2>/dev/null || echo 2)" -n 1 sh -c '
    out=$work/$(echo "$1" | tr / _)
    case $1 in
    src/base/error.c | src/cli/* | src/bench/* | src/gen/*) set -- "$1" ;;
    *) set -- "$1" "--extra-arg=-include$PWD/tests/lint/tidy.h" ;;
    esac
    "$program" -p "$build" --quiet "$@" >"$out" 2>"$out.errors" || true
    [ -s "$out" ] || grep -q "^Error " "$out.errors" && cat "$out.errors" >>"$out" || true
' sh

# A finding is a line of its place, text and [check], then the line of source, then notes.
cat "$work"/src_*.c | awk -v known=tests/lint/tidy.txt '
    BEGIN {
        while ((getline line <known) > 0) {
            if (line ~ /^#/) continue
            gsub(/\\\|/, "\001", line)
            split(line, part, "|")
            gsub(/\001/, "|", part[2])
            listed[part[1] "|" part[2]] = 1
        }
    }
    function finding() { # the line of source has been read
        source = $0
        sub(/^[ \t]+/, "", source)
        shown = !((check "|" source) in listed) && !(head in seen)
        if (shown) { print head; n++ }
        seen[head] = 1
        expected = 0
    }
    expected { finding() }
    /: (warning|error): .*\[[a-zA-Z0-9.,-]+\]$/ {
        head = $0
        check = $0
        sub(/^.*\[/, "", check)
        sub(/[,\]].*$/, "", check)
        expected = 1
        shown = 0
        next
    }
    /^Error / { print; n++ }
    shown { print }
    END { exit n > 0 }
' || { echo "tidy: there are findings" >&2; exit 1; }
echo "tidy: $# files, no findings"
