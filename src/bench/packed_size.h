/* What the state in a snapshot takes. */
#ifndef ECHO_BENCH_PACKED_SIZE_H
#define ECHO_BENCH_PACKED_SIZE_H

#include <echo/base.h>

/* The size of the newest snapshot of a party's folder, which must be the only one in its store. */
typedef struct bench_packed_size {
    uint64_t chunks, bytes;
    uint64_t packed;  /* all of them in one stream of zstd's */
    uint64_t records; /* bytes of their lines */
    /* What no exchange can do without: hashing each chunk once, packing that stream, unpacking it. */
    uint64_t ns_hash, ns_pack, ns_unpack;
} bench_packed_size;
typedef struct bench_packed_args {
    const char *dir;
    echo_key party;
} bench_packed_args;
/* For bench_child(). */
echo_status bench_packed_measure(void *result, void *arg, echo_error *err);

#endif
