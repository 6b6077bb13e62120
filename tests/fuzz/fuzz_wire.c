/* The readers of payloads: none reads behind the end, and a proof that was read is written as the same bytes. */
#include "exchange/wire.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *copy = fuzz_copy(echo__bytes(data, size), false);
    echo__reader r = echo__reader_of(echo__bytes(copy, size));
    echo__buf out = ECHO__BUF_INIT;
    echo_feed_proof proof;
    echo__read_proof(&r, &proof);
    if (!r.bad) {
        FUZZ_CHECK(proof.left_count <= ECHO_FEED_PROOF_NODES_MAX && proof.right_count <= ECHO_FEED_PROOF_NODES_MAX);
        echo__write_proof(&out, &proof);
        FUZZ_CHECK(out.len <= ECHO__PROOF_BYTES_MAX);
        FUZZ_EQUAL(echo__buf_bytes(&out), echo__bytes(copy, size - r.rest.len));
    }
    r = echo__reader_of(echo__bytes(copy, size));
    while (!r.bad && r.rest.len > 0) {
        size_t before = r.rest.len, n;
        uint8_t into[16];
        echo__offered_feed feed;
        switch (echo__read_u8(&r) % 6) {
        case 0: (void)echo__read_u32(&r); break;
        case 1: (void)echo__read_u64(&r); break;
        case 2:
            n = echo__read_u32(&r);
            FUZZ_CHECK(echo__read_bytes(&r, n).len == (r.bad ? 0 : n));
            break;
        case 3: echo__read_into(&r, into, sizeof into); break;
        case 4:
            echo__read_offered_feed(&r, &feed);
            if (r.bad) break;
            echo__buf_clear(&out);
            echo__write_offered_feed(&out, &feed);
            FUZZ_CHECK(out.len == ECHO__OFFERED_FEED_BYTES);
            FUZZ_EQUAL(echo__buf_bytes(&out), echo__bytes(r.rest.data - out.len, out.len));
            break;
        default: break;
        }
        FUZZ_CHECK(r.bad || r.rest.len < before);
    }
    if (r.bad)
        FUZZ_CHECK(echo__read_u32(&r) == 0 && echo__read_u64(&r) == 0 && echo__read_u8(&r) == 0 &&
                   echo__read_bytes(&r, 0).len == 0);
    echo__buf_free(&out);
    free(copy);
    return 0;
}
