/* Timeframes as text and as bytes: each form gives back what it was made from. The first byte says which the rest is.
 */
#include <echo/timeframe.h>

#include "fuzz.h"

static void check(echo_timeframe *tf) {
    char *text;
    echo_timeframe *again;
    echo_error err = ECHO_ERROR_INIT;
    echo_frame frame, last;
    for (size_t i = 0; i < echo_timeframe_size(tf); i++) {
        uint64_t seq;
        FUZZ_CHECK(echo_timeframe_at(&frame, tf, i) && frame.seq <= ECHO_SEQ_MAX);
        FUZZ_CHECK(echo_timeframe_get(&seq, tf, &frame.feed) && seq == frame.seq);
        if (i > 0) FUZZ_CHECK(memcmp(&last.feed, &frame.feed, sizeof last.feed) < 0);
        last = frame;
    }
    FUZZ_CHECK(!echo_timeframe_at(&frame, tf, echo_timeframe_size(tf)));
    FUZZ_OK(echo_timeframe_to_json(&text, tf));
    FUZZ_OK(echo_timeframe_from_json(&again, text, strlen(text), &err));
    FUZZ_CHECK(echo_timeframe_compare(tf, again) == ECHO_ORDER_EQUAL &&
               echo_timeframe_total(tf) == echo_timeframe_total(again));
    echo_timeframe_free(again);
    size_t len = echo_timeframe_binary_size(tf);
    FUZZ_CHECK(len == 40 * echo_timeframe_size(tf));
    uint8_t *bytes = fuzz_copy(echo__bytes(NULL, 0), false);
    if (len > 0) {
        free(bytes);
        bytes = malloc(len);
        FUZZ_CHECK(bytes != NULL);
        echo_timeframe_to_binary(bytes, tf);
    }
    FUZZ_OK(echo_timeframe_from_binary(&again, echo__bytes(bytes, len), &err));
    FUZZ_CHECK(echo_timeframe_compare(tf, again) == ECHO_ORDER_EQUAL);
    free(bytes);
    echo_timeframe_free(again);
    echo_timeframe_text_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = fuzz_input_of(data, size);
    echo_timeframe *tf;
    echo_error err = ECHO_ERROR_INIT;
    bool binary = (fuzz_u8(&in) & 1) != 0;
    size_t len = fuzz_left(&in);
    uint8_t *copy = fuzz_copy(fuzz_rest(&in), false);
    echo_status status = binary ? echo_timeframe_from_binary(&tf, echo__bytes(copy, len), &err)
                                : echo_timeframe_from_json(&tf, (const char *)copy, len, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT);
    FUZZ_CHECK((status == ECHO_OK) == (tf != NULL));
    if (status == ECHO_OK) {
        check(tf);
        if (binary) {
            uint8_t *again = fuzz_copy(echo__bytes(copy, len), false);
            echo_timeframe_to_binary(again, tf);
            FUZZ_EQUAL(echo__bytes(copy, len), echo__bytes(again, len));
            free(again);
        }
        echo_timeframe_free(tf);
    }
    free(copy);
    return 0;
}
