#!/bin/sh
# Runs both commands of the README on a bare machine: makes a minimal Debian in a new folder (debootstrap, from the mirror that this machine's
# apt uses), puts the project into it as it stands, runs examples/run.sh and tests/run.sh, and removes the folder. Needs root and debootstrap.
#   tests/bare.sh [bookworm|trixie] [--user] [--keep] [--examples]
#   --user      the packages are installed as root, everything else runs as a plain user
#   --keep      the folder stays
#   --examples  examples/run.sh alone
set -eu
cd "$(dirname "$0")/.."
suite=bookworm user= keep= commands='examples/run.sh tests/run.sh'
for argument in "$@"; do
    case $argument in
    --user) user=guest ;;
    --keep) keep=1 ;;
    --examples) commands=examples/run.sh ;;
    -*) echo "tests/bare.sh: unknown option $argument" >&2; exit 2 ;;
    *) suite=$argument ;;
    esac
done
[ "$(id -u)" = 0 ] || { echo "tests/bare.sh: needs root" >&2; exit 2; }
command -v debootstrap >/dev/null 2>&1 || { echo "tests/bare.sh: needs debootstrap: apt-get install debootstrap" >&2; exit 2; }

# The first mirror of Debian that apt has, in either form of its lists.
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null | awk '
    $1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /^https?:/) { print $i; break } }
    $1 == "URIs:" { for (i = 2; i <= NF; i++) print $i }' | grep '/debian/*$' | head -n 1)
mirror=${mirror:-http://deb.debian.org/debian}

# Round brackets, spaces and letters beyond ASCII: the project must build in a folder of any name.
place='home/guest/a folder (ü) 日本/libecho snapshot'
folder=$(mktemp -d "${TMPDIR:-/tmp}/echo-bare-XXXXXX")
root=$folder/root
finish() {
    status=$?
    trap '' INT TERM
    mounted=
    for at in dev/pts dev/shm proc; do
        ! mountpoint -q "$root/$at" || umount "$root/$at" || umount -l "$root/$at" || mounted=1
    done
    if [ -n "$mounted" ] || [ -n "$keep" ]; then
        echo "left: $folder" >&2
    else
        rm -rf --one-file-system "$folder"
    fi
    exit $status
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# A newer suite than this debootstrap knows is made as sid is.
script=/usr/share/debootstrap/scripts/$suite
if [ ! -e "$script" ]; then
    script=$folder/script
    ln -s /usr/share/debootstrap/scripts/sid "$script"
fi
echo "making a minimal Debian $suite from $mirror"
debootstrap --variant=minbase "$suite" "$root" "$mirror" "$script" >"$folder/log" 2>&1 || { tail -n 20 "$folder/log" >&2; exit 1; }

# What reaches packages from this machine reaches them from there: name servers, and certificates and settings of apt.
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
cp /etc/hosts "$root/etc/hosts"
mount -t proc proc "$root/proc"
mkdir -p "$root/dev/shm" "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts" 2>/dev/null || mount -t devpts devpts "$root/dev/pts"

inside() { # command: in a shell of its own, with an environment of its own
    chroot "$root" ${user_now:+/usr/sbin/runuser -u "$user_now" --} env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME="/${user_now:+home/}${user_now:-root}" LC_ALL=C.UTF-8 sh -c "$1"
}
user_now=
inside 'useradd -m guest'
mkdir -p "$root/$place"
git ls-files -z --cached --others --exclude-standard | xargs -0 ls -d 2>/dev/null | tar -cf - --no-recursion -T - | tar -xf - -C "$root/$place"
if [ -n "$user" ]; then
    inside "cd '/$place' && . examples/packages.sh && need_packages \$build_packages \$test_packages"
    inside "chown -R guest: /home/guest"
    user_now=$user
fi
for command in $commands; do
    began=$(date +%s)
    echo "== sh $command${user:+, as a plain user}"
    if inside "cd '/$place' && sh $command" >"$folder/out" 2>&1; then
        echo "passed, $(($(date +%s) - began)) s; the last lines:"
        tail -n 5 "$folder/out"
    else
        cat "$folder/out" >&2
        echo "FAILED on $suite: sh $command${user:+, as a plain user}" >&2
        exit 1
    fi
done
