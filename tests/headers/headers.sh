#!/bin/sh
# Every public header stands alone, as C99 and as C++, also behind <termios.h> (it defines ECHO) and when included twice.
#   headers.sh <include directory> [compiler flags]
include=$1
shift
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0 compiled=0

compile() { # compiler, standard, file
    compiler=$1 standard=$2 file=$3
    if ! "$compiler" -std="$standard" -Wall -Wextra -Wpedantic -Werror -I"$include" $flags -fsyntax-only "$file" 2>"$work/log"; then
        echo "$compiler -std=$standard: $header"
        cat "$work/log"
        failed=1
    fi
    compiled=$((compiled + 1))
}

flags=$*
headers=$(cd "$include" && find echo -name '*.h' | sort)
for header in $headers; do
    for before in '' '#include <termios.h>'; do
        # shellcheck disable=SC2028
        printf '%s\n#include <%s>\n#include <%s>\n#if defined(__cplusplus)\nextern "C"\n#endif\nint unit;\nint unit;\n' \
            "$before" "$header" "$header" | sed -e '/^extern "C"$/d' -e '/^#if/d' -e '/^#endif/d' -e '$d' >"$work/unit.c"
        cp "$work/unit.c" "$work/unit.cpp"
        for compiler in gcc clang; do
            command -v $compiler >/dev/null 2>&1 && compile $compiler c99 "$work/unit.c" && compile $compiler c11 "$work/unit.c"
        done
        for compiler in g++ clang++; do
            command -v $compiler >/dev/null 2>&1 && compile $compiler c++11 "$work/unit.cpp" && compile $compiler c++17 "$work/unit.cpp"
        done
    done
done
echo "$compiled units of $(echo "$headers" | wc -l) headers"
[ $compiled -gt 0 ] && [ $failed -eq 0 ]
