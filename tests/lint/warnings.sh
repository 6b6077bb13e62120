#!/bin/sh
# check.sh SOURCE PROTO
set -eu
source=$1 proto=$2
bad=0 seen=0
for compiler in gcc clang; do
    command -v "$compiler" >/dev/null 2>&1 || { echo "skipped: $compiler is not installed"; continue; }
    seen=$((seen + 1))
    for file in "$source"/src/*/*.c "$source"/examples/*.c; do
        "$compiler" -std=c11 -O2 -fsyntax-only -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE \
            -I"$source/include" -I"$source/src" -isystem "$proto" "$file" || { echo "$compiler: $file" >&2; bad=$((bad + 1)); }
    done
done
[ "$seen" = 0 ] && exit 77
[ "$bad" = 0 ] && echo "warnings: none"
