#!/bin/sh
# No circles: a file and its header are one unit, and a unit depends on those whose headers it includes or whose functions it calls. Nothing that
# a unit depends on leads back to it, but for a module and one part of it (channel, channel_hello). And every .c file whose internal names more
# than one unit uses has a header of its name.
#   circles.sh <source directory> <nm> <file with the names of the object files, one a line>
source=$1 nm=$2 list=$3
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$source" || exit 1

# unit D|U symbol: what each object file defines and uses. Generated code is left out.
while read -r object; do
    unit=$(echo "$object" | sed -n 's|^.*\.dir/src/\(.*\)\.c\.o$|\1|p')
    [ -n "$unit" ] && [ -e "src/$unit.c" ] || continue
    "$nm" "$object" | awk -v unit="$unit" '$(NF - 1) ~ /^[TDRB]$/ { print unit, "D", $NF } $(NF - 1) == "U" { print unit, "U", $NF }'
done <"$list" >"$work/symbols"
[ -s "$work/symbols" ] || { echo "no object files"; exit 1; }

# from to why
awk '$2 == "D" { owner[$3] = $1 } { unit[NR] = $1; kind[NR] = $2; symbol[NR] = $3 }
    END {
        for (i = 1; i <= NR; i++)
            if (kind[i] == "U" && (symbol[i] in owner) && owner[symbol[i]] != unit[i]) print unit[i], owner[symbol[i]], symbol[i]
    }' "$work/symbols" >"$work/edges"
find src -name '*.[ch]' | while read -r file; do
    dir=$(dirname "$file" | sed 's|^src/*||')
    sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)\.h".*/\1/p' "$file" | while read -r name; do
        for to in "$name" "$dir/$name"; do
            if [ -e "src/$to.h" ]; then
                from=$(echo "$file" | sed 's|^src/||; s|\.[ch]$||')
                [ "$from" = "$to" ] || echo "$from $to $name.h"
                break
            fi
        done
    done
done >>"$work/edges"

awk '
    { if (!(($1, $2) in why)) { why[$1, $2] = $3; next_of[$1] = next_of[$1] " " $2 } unit[$1]; unit[$2] }
    function reach(from,    queue, head, tail, parts, n, i) {
        delete seen
        head = tail = 0
        queue[tail++] = from
        while (head < tail) {
            n = split(next_of[queue[head++]], parts, " ")
            for (i = 1; i <= n; i++) if (!(parts[i] in seen)) { seen[parts[i]]; queue[tail++] = parts[i] }
        }
    }
    END {
        for (u in unit) {
            reach(u)
            for (v in seen) reaches[u, v]
        }
        for (u in unit) {
            if (!((u, u) in reaches) || (u in done)) continue
            line = ""
            size = 0
            for (v in unit) if (((u, v) in reaches) && ((v, u) in reaches)) { done[v]; member[v]; line = line " " v; pair[size++] = v }
            if (size == 2 && (index(pair[0], pair[1] "_") == 1 || index(pair[1], pair[0] "_") == 1)) { delete member; continue }
            print "circle:" line
            for (v in member) {
                n = split(next_of[v], parts, " ")
                for (i = 1; i <= n; i++) if (parts[i] in member) print "    " v " -> " parts[i] " (" why[v, parts[i]] ")"
            }
            delete member
        }
    }' "$work/edges" >"$work/faults"

# Files without a header: who uses what they define, public names aside.
awk '{ print $1 }' "$work/symbols" | sort -u | while read -r unit; do
    [ -e "src/$unit.h" ] && continue
    users=$(awk -v unit="$unit" '$2 == unit && $3 ~ /^(echo__|echo_cli_|echo_cmd_|bench_|generate_)/ { print $1 }' "$work/edges" | sort -u | wc -l)
    [ "$users" -le 1 ] || echo "src/$unit.c: has no header of its name and is used by $users files"
done >>"$work/faults"

cat "$work/faults"
[ ! -s "$work/faults" ] || exit 1
echo "$(cut -d' ' -f1,2 "$work/edges" | sort -u | wc -l) dependencies, no circle"
