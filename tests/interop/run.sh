#!/bin/sh
# run.sh <source folder> <build folder> <feed tool> <fixtures>
# Installs the original hypercore into the build folder, once, and runs hypercore.js. 77: skipped.
source=$1 build=$2 tool=$3 fixtures=$4
skip() { echo "skipped: $1"; exit 77; }

command -v node >/dev/null 2>&1 || skip "node is not installed"
command -v npm >/dev/null 2>&1 || skip "npm is not installed"

home=$build/node
if ! cmp -s "$source/package.json" "$home/package.json" || ! [ -d "$home/node_modules/hypercore" ]; then
    rm -rf "$home"
    mkdir -p "$home" || exit 1
    cp "$source/package.json" "$home/package.json" || exit 1
    if ! (cd "$home" && npm install --no-audit --no-fund --no-package-lock --ignore-scripts >install.log 2>&1); then
        tail -n 5 "$home/install.log"
        rm -rf "$home"
        skip "hypercore could not be installed (no registry?)"
    fi
fi
cp "$source/hypercore.js" "$home/hypercore.js" || exit 1
if ! (cd "$home" && node -e "require('hypercore')" >load.log 2>&1); then
    tail -n 5 "$home/load.log"
    skip "hypercore does not load with this node"
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/echo-interop-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
cd "$home" && node hypercore.js "$tool" "$fixtures" "$work"
