#!/bin/sh
# run.sh <source folder> <build folder> <object tool>
# Puts the original object models of both generations into the build folder, once, and runs object.js. 77: skipped.
source=$1 build=$2 tool=$3
skip() { echo "skipped: $1"; exit 77; }

command -v node >/dev/null 2>&1 || skip "node is not installed"
command -v npm >/dev/null 2>&1 || skip "npm is not installed"

unpack() { # name, version: into $home/<name>, where its codec is found as @dxos/codec-protobuf
    mkdir -p "$home/$1/node_modules/@dxos" || return 1
    (cd "$home/$1" && npm pack --silent "@dxos/object-model@$2" >pack.log 2>&1 && tar xzf ./*.tgz) || return 1
    ln -s "../../../node_modules/codec-$1" "$home/$1/node_modules/@dxos/codec-protobuf"
}

home=$build/node-object
if ! cmp -s "$source/package.json" "$home/package.json" || ! [ -d "$home/new/package" ]; then
    rm -rf "$home"
    mkdir -p "$home" || exit 1
    cp "$source/package.json" "$home/package.json" || exit 1
    if ! (cd "$home" && npm install --no-audit --no-fund --no-package-lock --ignore-scripts >install.log 2>&1) ||
        ! unpack old 2.6.17 || ! unpack new 2.33.8; then
        tail -n 5 "$home"/*.log "$home"/*/*.log
        rm -rf "$home"
        skip "the object models could not be fetched (no registry?)"
    fi
fi
cp "$source/object.js" "$home/object.js" || exit 1
cd "$home" && node --preserve-symlinks object.js "$tool"
