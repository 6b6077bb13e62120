#!/bin/sh
# What the archive defines and uses: all names are ours, nothing mutable is global, nothing ends, prints in or reconfigures the host's process.
#   symbols.sh <nm> <archive>
# Exits with 77 when the archive is instrumented, which adds globals of its own.
nm=$1 archive=$2
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# name, class, section, object
"$nm" --format=sysv "$archive" | awk -F'|' '
    /^Symbols from / { gsub(/^.*\[|\]:$/, ""); object = $0 }
    NF >= 7 { gsub(/[ \t]/, ""); print $1, $3, $7, object }' >"$work/symbols"
[ -s "$work/symbols" ] || { echo "no symbols in $archive"; exit 1; }
if grep -qE '^__(asan|tsan|ubsan|msan|gcov|llvm_prof)_' "$work/symbols"; then
    echo "skipped: the library is built with a sanitizer, which adds symbols of its own (tests/run.sh checks a release build)"
    exit 77
fi
failed=0
report() { # what is wrong with the lines in $work/found
    [ -s "$work/found" ] || return
    echo "$1:"
    sed 's/^/    /' "$work/found"
    failed=1
}

awk '$2 ~ /^[A-TV-Z]$/ && $1 !~ /^echo_/' "$work/symbols" >"$work/found"
report 'global symbols without the prefix echo_'

# Data with pointers in it is .data.rel.ro when const; it is read-only once loaded.
awk '$2 ~ /^[BbDdGgSsCVv]$/ && $3 !~ /^\.data\.rel\.ro/ || $3 ~ /^\.t(data|bss)/' "$work/symbols" >"$work/found"
report 'mutable globals'

forbidden='
    abort exit _exit _Exit quick_exit atexit on_exit at_quick_exit pthread_exit pthread_atfork longjmp siglongjmp raise kill
    printf vprintf puts putchar putchar_unlocked putc fputs fputc fwrite fprintf vfprintf dprintf vdprintf perror psignal stdout stderr stdin syslog
    __printf_chk __vprintf_chk __fprintf_chk __vfprintf_chk __dprintf_chk __vdprintf_chk
    signal bsd_signal sigaction sigprocmask sigaltstack alarm setitimer
    setlocale uselocale setenv unsetenv putenv clearenv chdir fchdir chroot umask setrlimit setuid setgid
    rand srand random srandom rand_r drand48 srand48 strtok asctime ctime gmtime localtime strerror tzset getenv
    fork vfork system popen execl execlp execle execv execvp execve posix_spawn posix_spawnp
    mallopt mlockall setvbuf freopen
    sqlite3_config sqlite3_shutdown sqlite3_auto_extension sqlite3_soft_heap_limit64 sqlite3_hard_heap_limit64
    sqlite3_enable_shared_cache sqlite3_vfs_register
    cJSON_InitHooks sodium_set_misuse_handler randombytes_set_implementation'
for name in $forbidden; do
    awk -v name="$name" '$2 == "U" && $1 == name { print $1, "in", $4 }' "$work/symbols"
done >"$work/found"
report 'uses what a library must not'

[ $failed -eq 0 ] && echo "$(wc -l <"$work/symbols") symbols"
exit $failed
