/*
 * Manifests. What is read is written again as the same bytes. No fuzzer finds the check's hash or a signature: the
 * values of "check" and "signature" are put in as they should be first, and then left as they are.
 */
#include "base/crypto.h"
#include "fuzz.h"
#include "snapshot/manifest.h"

static const char domain[] = "echo/manifest/1"; /* its NUL counts */

static const echo_keypair *signer(void) {
    static echo_keypair keys;
    static bool ready;
    if (!ready) {
        const uint8_t seed[32] = {7};
        FUZZ_CHECK(echo__crypto_init());
        FUZZ_OK(echo_keypair_from_seed(&keys, seed));
        ready = true;
    }
    return &keys;
}

static uint8_t *find(uint8_t *text, size_t len, const char *what) {
    size_t n = strlen(what);
    for (size_t i = 0; i + n <= len; i++)
        if (memcmp(text + i, what, n) == 0) return text + i;
    return NULL;
}

/* Writes the right check and signature over those that stand there. */
static void mend(uint8_t *text, size_t len) {
    uint8_t *check = find(text, len, "\"check\":\""), *signature = find(text, len, ",\"signature\":\"");
    uint8_t *author = find(text, len, "{\"author\":\"");
    char hex[2 * 64 + 1];
    if (check == NULL || (size_t)(text + len - check) < 9 + 64 + 2) return;
    if (signature != NULL && (size_t)(text + len - signature) < 14 + 128 + 1) signature = NULL;
    if (author != NULL && (size_t)(text + len - author) >= 11 + 64) {
        echo_key_hex(hex, &signer()->public_key);
        memcpy(author + 11, hex, 64);
    }
    echo__buf body = ECHO__BUF_INIT;
    echo__buf_append(&body, text, (size_t)(check - text));
    uint8_t *from = check + 9 + 64 + 2;
    if (signature != NULL && signature >= from) {
        echo__buf_append(&body, from, (size_t)(signature - from));
        from = signature + 14 + 128 + 1;
    }
    echo__buf_append(&body, from, (size_t)(text + len - from));
    const echo_bytes parts[] = {echo__bytes(domain, sizeof domain), echo__buf_bytes(&body)};
    echo_hash hash;
    echo__hash_parts(&hash, parts, 2);
    echo_hash_hex(hex, &hash);
    memcpy(check + 9, hex, 64);
    if (signature != NULL) {
        uint8_t message[sizeof domain + ECHO_HASH_BYTES], made[64];
        memcpy(message, domain, sizeof domain);
        memcpy(message + sizeof domain, hash.bytes, ECHO_HASH_BYTES);
        echo__sign(made, message, sizeof message, signer());
        echo__hex_encode(hex, made, sizeof made);
        memcpy(signature + 14, hex, 128);
    }
    echo__buf_free(&body);
}

static void read_text(echo_bytes text) {
    echo__manifest manifest;
    echo__buf again = ECHO__BUF_INIT;
    echo_error err = ECHO_ERROR_INIT;
    echo_hash digest;
    echo_status status = echo__manifest_read(&manifest, text, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_SIGNATURE, ECHO_ERR_VERSION, ECHO_ERR_LIMIT);
    if (status == ECHO_OK) {
        for (size_t i = 1; i < manifest.models.count; i++) {
            int order = strcmp(manifest.models.list[i - 1].model, manifest.models.list[i].model);
            FUZZ_CHECK(order < 0 ||
                       (order == 0 && manifest.models.list[i - 1].version < manifest.models.list[i].version));
        }
        FUZZ_OK(echo__manifest_digest(&digest, &manifest));
        bool ours = manifest.is_signed && echo__key_equal(&manifest.author, &signer()->public_key);
        if (!manifest.is_signed || ours) { /* Ed25519 gives one signature */
            FUZZ_OK(echo__manifest_write(&again, &manifest, ours ? signer() : NULL, &err));
            FUZZ_EQUAL(text, echo__buf_bytes(&again));
        }
    } else {
        FUZZ_CHECK(manifest.models.list == NULL && manifest.timeframe == NULL);
    }
    echo__manifest_free(&manifest);
    echo__buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *text = fuzz_copy(echo__bytes(data, size), false);
    read_text(echo__bytes(text, size));
    mend(text, size);
    read_text(echo__bytes(text, size));
    free(text);
    return 0;
}
