# Installs the Debian packages that the build needs and that are missing. Sourced by examples/run.sh and tests/run.sh.
# Usage: need_packages PACKAGE...
build_packages="gcc libc6-dev cmake make pkg-config libcjson-dev libsodium-dev libsqlite3-dev libzstd-dev libuv1-dev libprotobuf-c-dev protobuf-c-compiler"
test_packages="libcmocka-dev g++ jq"

need_packages() {
    missing=
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
    done
    [ -z "$missing" ] && return 0
    as_root=
    if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo >/dev/null 2>&1; then
            printf 'Packages are missing. As root:\n\n    apt-get install%s\n\n' "$missing" >&2
            return 1
        fi
        as_root=sudo
    fi
    echo "installing:$missing" >&2
    # debconf is silent only without a front end; what apt reports is shown when it fails.
    apt_log=$(mktemp) || return 1
    if { $as_root apt-get update -qq && $as_root env DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes \
        apt-get install -y -qq --no-install-recommends $missing; } >"$apt_log" 2>&1; then
        rm -f "$apt_log"
        return 0
    fi
    cat "$apt_log" >&2
    rm -f "$apt_log"
    printf 'The packages could not be installed. By hand:\n\n    %sapt-get install%s\n\n' "${as_root:+sudo }" "$missing" >&2
    return 1
}
