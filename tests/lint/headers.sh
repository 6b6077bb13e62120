#!/bin/sh
# Every public header stands alone, as C and as C++, also behind <termios.h> (it defines ECHO), and may be included twice. An initialiser
# ECHO_X_INIT initialises an echo_x without a warning.
#   headers.sh <include directory> [compiler flags]
include=$1
shift
flags=$*
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0 compiled=0

compile() { # compiler, file, standards
    compiler=$1 file=$2
    shift 2
    command -v "$compiler" >/dev/null 2>&1 || return
    for standard in "$@"; do
        # shellcheck disable=SC2086
        if ! "$compiler" -std="$standard" -Wall -Wextra -Wpedantic -Werror -I"$include" $flags -fsyntax-only "$file" >"$work/log" 2>&1; then
            echo "$header does not compile: $compiler -std=$standard, behind \"$before\""
            cat "$work/log"
            failed=1
        fi
        compiled=$((compiled + 1))
    done
}

headers=$(cd "$include" && find echo -name '*.h' | sort)
for header in $headers; do
    for before in '' '#include <termios.h>'; do
        {
            printf '%s\n#include <%s>\n#include <%s>\n' "$before" "$header" "$header"
            sed -n 's/^# *define *ECHO_\([A-Z_]*\)_INIT\([^A-Z_].*\)*$/\1/p' "$include/$header" | while read -r name; do
                type=echo_$(echo "$name" | tr '[:upper:]' '[:lower:]')
                printf 'void use_%s(%s *out);\nvoid use_%s(%s *out) { %s fresh = ECHO_%s_INIT; *out = fresh; }\n' \
                    "$type" "$type" "$type" "$type" "$type" "$name"
            done
        } >"$work/unit.c"
        cp "$work/unit.c" "$work/unit.cpp"
        compile gcc "$work/unit.c" c99 c11
        compile clang "$work/unit.c" c99 c11
        compile g++ "$work/unit.cpp" c++11 c++17
        compile clang++ "$work/unit.cpp" c++11 c++17
    done
done
echo "$compiled compilations of $(echo "$headers" | wc -l) headers"
[ $compiled -gt 0 ] && [ $failed -eq 0 ]
