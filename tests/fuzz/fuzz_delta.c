/*
 * Deltas. The input is a base, a chunk, and a delta or fingerprints that a stranger made: what is made from the base's
 * own fingerprints gives the chunk again, and of the stranger's nothing longer comes than may.
 */
#include "exchange/delta.h"
#include "fuzz.h"
#include "tree/leaf.h"

static void apply(echo_bytes base, echo_bytes delta, size_t most) {
    echo__buf out = ECHO__BUF_INIT;
    echo_status status = echo__delta_apply(&out, base, delta, most);
    FUZZ_CHECK(status == ECHO_OK || status == ECHO_ERR_CORRUPT || status == ECHO_ERR_LIMIT);
    FUZZ_CHECK(out.len <= most);
    echo__buf_free(&out);
}

/* The records of what begins like a leaf are bounded by its length. Their payloads may be anything: whether they pack
 * into the same leaf shows in its hash. */
static void expand(echo_bytes chunk, size_t most) {
    echo_error err = ECHO_ERROR_INIT;
    echo__buf records = ECHO__BUF_INIT, leaf = ECHO__BUF_INIT;
    echo_status status = echo__delta_is_leaf(chunk) ? echo__delta_records(&records, chunk, &err) : ECHO_ERR_NOT_FOUND;
    if (status == ECHO_OK) {
        FUZZ_CHECK(records.len <= echo__delta_records_max(UINT64_MAX, chunk.len));
        status = echo__leaf_pack(&leaf, echo__buf_bytes(&records), most, &err);
        FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT);
        FUZZ_CHECK(status != ECHO_OK || leaf.len <= most);
    } else if (status != ECHO_ERR_NOT_FOUND) {
        FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT);
    }
    echo__buf_free(&records);
    echo__buf_free(&leaf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = fuzz_input_of(data, size);
    size_t most = fuzz_u16(&in);
    echo_bytes base = fuzz_part(&in), chunk = fuzz_part(&in), foreign = fuzz_rest(&in);
    base.data = fuzz_copy(base, false);
    chunk.data = fuzz_copy(chunk, false);
    foreign.data = fuzz_copy(foreign, false);
    expand(base, most);
    expand(chunk, most);
    echo__buf prints = ECHO__BUF_INIT, delta = ECHO__BUF_INIT, again = ECHO__BUF_INIT;
    size_t n = echo__delta_prints(&prints, base);
    FUZZ_CHECK(n <= ECHO__DELTA_LINES && prints.len == n * ECHO__DELTA_PRINT);
    echo__delta_make(&delta, chunk, echo__buf_bytes(&prints));
    FUZZ_OK(delta.status);
    FUZZ_OK(echo__delta_apply(&again, base, echo__buf_bytes(&delta),
                              chunk.len)); /* four bytes of a hash do not fit by accident here */
    FUZZ_EQUAL(echo__buf_bytes(&again), chunk);
    apply(base, foreign, most);
    apply(base, echo__buf_bytes(&delta), most);
    apply(foreign, echo__buf_bytes(&delta), most);
    echo__buf_clear(&delta);
    echo__delta_make(&delta, chunk, foreign); /* prints of nothing that is known */
    FUZZ_OK(delta.status);
    apply(base, echo__buf_bytes(&delta), SIZE_MAX);
    echo__buf_free(&prints);
    echo__buf_free(&delta);
    echo__buf_free(&again);
    free((void *)(uintptr_t)base.data);
    free((void *)(uintptr_t)chunk.data);
    free((void *)(uintptr_t)foreign.data);
    return 0;
}
