#include "bench/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "bench/child.h"
#include "bench/folder.h"

#define ROUNDS 5u
#define ROUND_NS 40000000u
#define SYNCS 21u

/* ---- hashes and signatures ---- */

static void hash_some(unsigned n) {
    uint8_t block[150], digest[32];
    memset(block, 1, sizeof block);
    for (unsigned i = 0; i < n; i++) {
        (void)crypto_generichash(digest, sizeof digest, block, sizeof block, NULL, 0);
        memcpy(block, digest, sizeof digest); /* the next one waits for this one */
    }
}

static void verify_some(unsigned n) {
    uint8_t key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES], signature[crypto_sign_BYTES],
        message[40] = {1};
    static const uint8_t seed[crypto_sign_SEEDBYTES] = {2};
    (void)crypto_sign_seed_keypair(key, secret, seed);
    (void)crypto_sign_detached(signature, NULL, message, sizeof message, secret);
    for (unsigned i = 0; i < n; i++) (void)!crypto_sign_verify_detached(signature, message, sizeof message, key);
}

static void measure_rate(bench_series *out, void (*some)(unsigned), unsigned step) {
    some(step);
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t done = 0, start = bench_now_ns(), ns = 0;
        for (; ns < ROUND_NS; ns = bench_now_ns() - start, done += step) some(step);
        bench_series_add(out, done * UINT64_C(1000000000) / ns);
    }
}

/* ---- the disk ---- */

static echo_status measure_sync(bench_series *out, const char *dir, echo_error *err) {
    char path[BENCH_PATH_MAX];
    static const uint8_t page[4096];
    echo_status status = bench_path(path, dir, "sync", err);
    if (status != ECHO_OK) return status;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool ok = fd >= 0;
    for (unsigned i = 0; ok && i < SYNCS; i++) {
        uint64_t start = bench_now_ns();
        ok = write(fd, page, sizeof page) == (ssize_t)sizeof page && fsync(fd) == 0;
        bench_series_add(out, bench_now_ns() - start);
    }
    if (!ok) bench_fail(err, ECHO_ERR_IO, "%.150s cannot be written: %s", path, strerror(errno));
    if (fd >= 0) (void)close(fd);
    (void)unlink(path);
    return ok ? ECHO_OK : ECHO_ERR_IO;
}

echo_status bench_machine_run(bench_machine *out, const char *dir, echo_error *err) {
    if (out->sync.count > 0) return ECHO_OK; /* measured before another mode */
    if (sodium_init() < 0) return bench_fail(err, ECHO_ERR_IO, "the system has no random source");
    measure_rate(&out->hashes, hash_some, 1000);
    measure_rate(&out->verifies, verify_some, 50);
    return measure_sync(&out->sync, dir, err);
}
