#!/bin/sh
# Installs the build into a prefix, moves the prefix, and builds and runs hosts against it: by find_package, by pkg-config, by the README's line,
# and one that has the sources as a folder of its own.
#   install.sh <cmake> <build directory> <source directory> <configuration> <C compiler> <flags for instrumented builds>
# LIBDIR, BINDIR, DOCDIR and VERSION come in the environment.
cmake=$1 build=$2 source=$3 config=$4 cc=$5 flags=$6
here=$source/tests/install
# Below the build directory, so that nothing leaves it.
work=$build/tests/install/work
rm -rf "$work"
mkdir -p "$work" || exit 1
die() { echo "$*"; exit 1; }

step() { # name, command: quiet when it succeeds
    name=$1
    shift
    "$@" >"$work/log" 2>&1 || { cat "$work/log"; die "$name failed"; }
}

step install "$cmake" --install "$build" --prefix "$work/first" --config "$config"
mv "$work/first" "$work/moved"
prefix=$work/moved
for file in "$LIBDIR/libecho-snapshot.a" "$LIBDIR/pkgconfig/echo-snapshot.pc" "$LIBDIR/cmake/echo-snapshot/echo-snapshot-config.cmake" \
    "$LIBDIR/cmake/echo-snapshot/echo-snapshot-config-version.cmake" "$LIBDIR/cmake/echo-snapshot/echo-snapshot-targets.cmake"; do
    [ -e "$prefix/$file" ] || die "$file is not installed"
done
(cd "$source/include" && find echo -type f | sort) >"$work/headers"
(cd "$prefix/include" && find . -type f | sed 's,^\./,,' | sort) | cmp - "$work/headers" || die "the headers installed are not the public ones"
for place in "$build" "$source" "$work/first"; do
    found=$(grep -rlF "$place" "$prefix/include" "$prefix/$LIBDIR/cmake" "$prefix/$LIBDIR/pkgconfig")
    [ -z "$found" ] || die "$found names $place"
done

# A staged install touches nothing outside of the stage.
DESTDIR=$work/stage step 'staged install' "$cmake" --install "$build" --prefix /opt/echo-snapshot-test --config "$config"
[ -e "$work/stage/opt/echo-snapshot-test/$LIBDIR/libecho-snapshot.a" ] || die 'DESTDIR is not followed'
[ ! -e /opt/echo-snapshot-test ] || die 'a staged install wrote to its prefix'

# CMake.
step 'configuring the CMake host' "$cmake" -S "$here/consumer-cmake" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_C_COMPILER="$cc" -DCMAKE_C_FLAGS="$flags" -DCMAKE_BUILD_TYPE="$config" -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF
grep -qF "echo-snapshot_DIR:PATH=$prefix/" "$work/cmake/CMakeCache.txt" || die 'another echo-snapshot was found'
step 'building the CMake host' "$cmake" --build "$work/cmake"
step 'running the CMake host' "$work/cmake/consumer" "$work/party-cmake"
grep -qx "echo-snapshot $VERSION" "$work/log" || die "the CMake host does not run $VERSION"

# As a part of a project, without libuv: the library alone is built.
step 'configuring the host that has the sources' env PKG_CONFIG_PATH="$here/without-libuv" "$cmake" -S "$here/consumer-subdirectory" -B "$work/subdirectory" \
    -DECHO_SOURCE="$source" -DCMAKE_C_COMPILER="$cc" -DCMAKE_C_FLAGS="$flags" -DCMAKE_BUILD_TYPE="$config"
step 'building the host that has the sources' "$cmake" --build "$work/subdirectory" --parallel 2
step 'running the host that has the sources' "$work/subdirectory/consumer" "$work/party-subdirectory"
grep -qx "echo-snapshot $VERSION" "$work/log" || die "the host that has the sources does not run $VERSION"
[ -z "$(find "$work/subdirectory" -name echo-snapshot -type f)" ] || die 'the command is built where only the library is asked for'

# pkg-config and make. Round brackets in a path are not quoted in what pkg-config prints, so it gets a name without any.
plain=$(mktemp -d) || exit 1
trap 'rm -rf "$plain"' EXIT
ln -s "$prefix" "$plain/prefix"
export PKG_CONFIG_PATH="$plain/prefix/$LIBDIR/pkgconfig"
[ "$(pkg-config --modversion echo-snapshot)" = "$VERSION" ] || die 'pkg-config reports another version'
for needed in libcjson libsodium sqlite3 libzstd libprotobuf-c; do
    pkg-config --print-requires echo-snapshot | grep -qx "$needed" || die "$needed is not in Requires"
done
cp -r "$here/consumer.c" "$here/consumer-pkgconfig" "$work/"
step 'building the pkg-config host' make -C "$work/consumer-pkgconfig" CC="$cc" CFLAGS="$flags"
step 'running the pkg-config host' "$work/consumer-pkgconfig/consumer" "$work/party-pkgconfig"
grep -qx "echo-snapshot $VERSION" "$work/log" || die "the pkg-config host does not run $VERSION"

# The README's program, by the README's line.
line=$(sed -n 's/^    \(cc .*pkg-config.*\)$/\1/p' "$source/README.md")
[ -n "$line" ] || die 'README.md has no line that builds its program'
mkdir "$work/readme"
awk '/^```c$/ { on = 1; next } /^```$/ { on = 0 } on' "$source/README.md" >"$work/readme/program.c"
cc() { "$cc" $flags "$@"; }
readme() { (cd "$work/readme" && eval "$line"); }
step "the README's line" readme
cp -R "$source/tests/fixtures/b-echo-2.6.17-2peers/peer0" "$work/party-readme"
chmod -R u+w "$work/party-readme"
step "the README's program" "$work/readme/program" "$work/party-readme"
"$work/readme/program" >"$work/log" 2>&1 && die "the README's program does not ask for a folder"
grep -q '^usage: .*program FOLDER$' "$work/log" || die "the README's program has no usage line"

# Every page is installed, and what it links to.
for page in README.md LICENSE $(cd "$source" && ls docs/*.md examples/*.c); do
    cmp -s "$source/$page" "$prefix/$DOCDIR/$page" || die "$page is not installed"
    case $page in *.md) ;; *) continue ;; esac
    grep -o '](\([^)#]*\)' "$prefix/$DOCDIR/$page" | sed 's/^](//' | while read -r link; do
        case $link in '' | *://*) continue ;; esac
        [ -e "$(dirname "$prefix/$DOCDIR/$page")/$link" ] || echo "$page: $link leads nowhere where it is installed"
    done >"$work/log"
    [ ! -s "$work/log" ] || { cat "$work/log"; die 'links of installed pages'; }
done

# The command, when it was built.
if [ -n "$BINDIR" ]; then
    step 'the installed command' "$prefix/$BINDIR/echo-snapshot" --version
    grep -qx "echo-snapshot $VERSION" "$work/log" || die "the installed command is not $VERSION"
fi
rm -rf "$work"
echo "installed, moved, used"
