#!/bin/sh
# Puts each fault of faults.txt into a copy of the source, builds, and checks that the test named for it goes red. A test that only hangs
# has not seen anything.
#   sh tests/faults/run.sh [NAME...]     all, or those named
set -eu
cd "$(dirname "$0")/../.."
root=$PWD
work=$root/build/faults
mkdir -p "$work"
rm -rf "$work/tree"
mkdir "$work/tree"
cp -R CMakeLists.txt CMakePresets.json include src tests examples "$work/tree/"
# Some faults leave dangling pointers, with which a test may do anything but fail: the sanitizer sees them.
cmake -S "$work/tree" -B "$work/out" -DCMAKE_BUILD_TYPE=Debug -DECHO_SANITIZE=address -DCMAKE_C_FLAGS_DEBUG="-O1 -g" >/dev/null
seen=0
bad=0
while IFS='|' read -r name file edit test; do
    case $name in '' | '#'*) continue ;; esac
    if [ $# -gt 0 ]; then
        case " $* " in *" $name "*) ;; *) continue ;; esac
    fi
    seen=$((seen + 1))
    sed "$edit" "$root/$file" >"$work/tree/$file"
    if cmp -s "$root/$file" "$work/tree/$file"; then
        echo "DRIFTED  $name: the edit of $file no longer applies"
        bad=$((bad + 1))
        continue
    fi
    target=$(echo "$test" | sed 's|^\(.*\)/\([^/]*\)$|\1_test_\2_c|; s|/|_|g')
    if ! cmake --build "$work/out" --target "$target" >"$work/log" 2>&1; then
        echo "UNBUILT  $name: see build/faults/log"
        bad=$((bad + 1))
    else
        code=0
        (cd "$work/out/tests" && timeout 300 "./$target" >"$work/log" 2>&1) || code=$?
        case $code in
        0)
            echo "NOT SEEN $name: $test is green"
            bad=$((bad + 1))
            ;;
        124)
            echo "HUNG     $name: $test neither fails nor ends"
            bad=$((bad + 1))
            ;;
        *) echo "red      $name: $test" ;;
        esac
    fi
    cp "$root/$file" "$work/tree/$file"
done <tests/faults/faults.txt
echo "$((seen - bad)) passed, $bad failed"
[ "$bad" = 0 ]
