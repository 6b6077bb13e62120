# Installs what is missing of what the build needs (Debian). Sourced by examples/run.sh and tests/run.sh.
# Usage: need_packages PACKAGE...
need_packages() {
    missing=
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
    done
    [ -z "$missing" ] && return 0
    as_root=
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null 2>&1 || { echo "please install:$missing" >&2; return 1; }
        as_root=sudo
    fi
    echo "installing:$missing" >&2
    $as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
}
build_packages="gcc libc6-dev cmake make pkg-config libcjson-dev libsodium-dev libsqlite3-dev libzstd-dev libuv1-dev libprotobuf-c-dev protobuf-c-compiler"
test_packages="libcmocka-dev g++ jq"
