#!/bin/sh
# Every C file is as clang-format writes it with the project's .clang-format. Versions differ in what they write: 14 counts.
#   format.sh <source directory>
cd "$1" || exit 1
for program in clang-format-14 clang-format; do
    command -v "$program" >/dev/null 2>&1 || continue
    case $("$program" --version) in *"version 14."*) ;; *) continue ;; esac
    files=$(find src include tests examples -path '*/node_modules' -prune -o -type f \( -name '*.c' -o -name '*.h' \) -print | sort)
    # shellcheck disable=SC2086
    "$program" --dry-run -Werror $files || exit 1
    echo "$(echo "$files" | wc -l) files"
    exit 0
done
echo "skipped: clang-format 14 is not installed"
exit 77
