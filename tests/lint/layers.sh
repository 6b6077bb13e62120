#!/bin/sh
# The include rule: a layer includes itself and those below it, which come before it in the list; the programs, the generator and the public headers see public headers alone.
# And the shape of the sources: no tabs, no file longer than 1000 lines (tests: 1200).
#   layers.sh <source directory>
cd "$1" || exit 1
layers='base feed model store tree party snapshot exchange'
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
: >"$work/faults"
fault() { echo "$*" >>"$work/faults"; }

# file:line:<what> or file:line:"what" of each include
includes() {
    find "$@" -type f \( -name '*.c' -o -name '*.h' -o -name '*.inc' \) -exec \
        grep -nHE '^[[:space:]]*#[[:space:]]*include[[:space:]]' {} + |
        sed -E 's/^([^:]*:[0-9]+):[[:space:]]*#[[:space:]]*include[[:space:]]+([<"][^>"]*[>"]).*$/\1 \2/'
}

# A layer's place in the list; nothing for others.
place() { echo "$layers" | tr ' ' '\n' | grep -nx "$1" | cut -d: -f1; }

# The layer that a quoted name belongs to: by its folder, or where the .proto of a generated header lies.
layer_of() { # including layer, name
    case $2 in
    */*) echo "${2%%/*}" ;;
    *.pb-c.h) for proto in src/*/"${2%.pb-c.h}.proto"; do [ -e "$proto" ] && basename "$(dirname "$proto")"; done ;;
    *) [ -e "src/$1/$2" ] && echo "$1" ;;
    esac
}

check_layer() { # layer
    own=$1 rank=$(place "$1")
    includes "src/$own" >"$work/includes"
    while read -r where what; do
        name=$(echo "$what" | tr -d '<>"')
        case $what in
        [\<\"]echo/*) [ -e "include/$name" ] || fault "$where: $what is not a public header" ;;
        '<'*)
            [ ! -e "src/$name" ] || fault "$where: $what is the library's own, write it with quotes"
            ;;
        *)
            theirs=$(layer_of "$own" "$name")
            their_rank=$(place "$theirs")
            if [ -z "$their_rank" ]; then
                fault "$where: $what belongs to no layer"
            elif [ "$their_rank" -gt "$rank" ]; then
                fault "$where: $own includes $theirs, which stands above it"
            elif [ ! -e "src/$name" ] && [ ! -e "src/$own/$name" ]; then
                case $name in *.pb-c.h) ;; *) fault "$where: $what does not exist" ;; esac
            fi
            ;;
        esac
    done <"$work/includes"
}

for dir in src/*/; do
    layer=$(basename "$dir")
    case $layer in
    cli | bench | gen | package) ;;
    *)
        if [ -z "$(place "$layer")" ]; then
            fault "$dir is not in the list of layers"
        else
            check_layer "$layer"
        fi
        ;;
    esac
done

# The programs and the generator stand on the public headers, and on these folders of their own.
check_program() { # folder, what it may include
    includes "src/$1" >"$work/includes"
    while read -r where what; do
        name=$(echo "$what" | tr -d '<>"')
        case $what in
        [\<\"]echo/*) [ -e "include/$name" ] || fault "$where: $what is not a public header" ;;
        '<'*) [ ! -e "src/$name" ] || fault "$where: $1 includes $what of the library" ;;
        *)
            case " $2 " in
            *" ${name%%/*} "*) [ -e "src/$name" ] || fault "$where: $what does not exist" ;;
            *) fault "$where: $1 includes $what, only public headers and those of $2 are allowed" ;;
            esac
            ;;
        esac
    done <"$work/includes"
}
check_program gen 'gen'
check_program cli 'cli'
check_program bench 'bench gen cli'
# What both programs share is a library of its own (CMakeLists.txt names it), so bench may not use the rest of the command.
for name in $(sed -n 's/^ *set(cli_shared_names \(.*\))$/\1/p' CMakeLists.txt); do echo "cli/${name%.c}.h"; done >"$work/shared"
echo cli/cli.h >>"$work/shared"
includes src/bench | sed -n 's/^\(.*\) "\(cli\/.*\)"$/\1 \2/p' | while read -r where name; do
    grep -qx "$name" "$work/shared" || fault "$where: bench includes $name, which it does not share with the command"
done

# Public headers: each other, the C library and nothing of ours besides. C++ has no other way to include them than this.
includes include >"$work/includes"
while read -r where what; do
    name=$(echo "$what" | tr -d '<>"')
    case $what in
    '<echo/'*) [ -e "include/$name" ] || fault "$where: $what does not exist" ;;
    '<std'*.h'>' | '<cjson/cJSON.h>') ;;
    *) fault "$where: a public header includes $what" ;;
    esac
done <"$work/includes"

sources=$(find src include tests examples docs -path '*/node_modules' -prune -o -path '*/fixtures' -prune -o -type f \
    \( -name '*.c' -o -name '*.h' -o -name '*.proto' -o -name '*.sh' -o -name 'CMakeLists.txt' -o -name '*.in' -o -name '*.mjs' -o -name '*.md' \) -print 2>/dev/null)
tab=$(printf '\t')
for file in $sources CMakeLists.txt; do
    if grep -q "$tab" "$file"; then fault "$file:$(grep -n "$tab" "$file" | head -n 1 | cut -d: -f1): a tab"; fi
    lines=$(wc -l <"$file")
    most=1000
    case $file in tests/*) most=1250 ;; esac # cases of one contract stay together
    case $file in *.md) ;; *) [ "$lines" -le "$most" ] || fault "$file: $lines lines" ;; esac
done

sort "$work/faults"
[ ! -s "$work/faults" ] && echo "$(echo "$sources" | wc -l) files"
