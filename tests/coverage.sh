#!/bin/sh
# Line coverage of src/ by layer, and the files of which less than 80% was executed. Needs gcov alone, of the compiler that built.
#   coverage.sh BUILD            what ran since the counters were removed, or since the build
#   coverage.sh BUILD --reset    removes the counters
set -eu
build=$1
objects=$(find "$build" -path '*/CMakeFiles/echo-*.dir/*src/*.gcno' ! -path '*/tests/*' | sort)
[ -n "$objects" ] || { echo "$build is not built for coverage: use the preset" >&2; exit 1; }
if [ "${2:-}" = --reset ]; then
    find "$build" -name '*.gcda' -exec rm -f {} +
    exit 0
fi
for object in $objects; do
    gcov -n -o "$(dirname "$object")" "$object" 2>/dev/null || true
done | awk '
    /^File / { file = $0; gsub(/^File .|.$/, "", file) }
    /^Lines executed:/ && file ~ /\/src\/[a-z]+\/[a-z0-9_]+\.c$/ {
        split($0, part, /[:% ]+/) # Lines executed 87.50 of 40
        sub(/^.*\/src\//, "", file)
        layer = file
        sub(/\/.*$/, "", layer)
        lines[layer] += part[5]
        run[layer] += part[3] * part[5] / 100
        if (part[3] < 80) poor[file] = part[3]
        file = ""
    }
    END {
        n = split("base feed model store tree party snapshot exchange cli bench gen", order, " ")
        printf "%-12s %8s %8s %8s\n", "layer", "lines", "run", "share"
        for (i = 1; i <= n; i++) {
            if (!(order[i] in lines)) continue
            printf "%-12s %8d %8.0f %7.1f%%\n", order[i], lines[order[i]], run[order[i]], 100 * run[order[i]] / lines[order[i]]
            all_lines += lines[order[i]]
            all_run += run[order[i]]
        }
        printf "%-12s %8d %8.0f %7.1f%%\n", "all", all_lines, all_run, 100 * all_run / all_lines
        for (file in poor) printf "below 80%%: %-40s %5.1f%%\n", "src/" file, poor[file] | "sort"
    }'
