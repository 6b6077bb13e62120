/* JSON texts. What parses prints as canonical text, which parses to the same and prints as itself; cJSON agrees that it
 * is JSON. */
#include "base/json.h"
#include "base/json_number.h"
#include "fuzz.h"
#include "tree/scan.h"

static unsigned depth_of(const cJSON *node) {
    unsigned most = 0;
    const cJSON *child;
    if (!cJSON_IsArray(node) && !cJSON_IsObject(node)) return 0;
    cJSON_ArrayForEach(child, node) {
        unsigned depth = depth_of(child);
        if (depth > most) most = depth;
    }
    return most + 1;
}

static void check(const cJSON *node) {
    int64_t i;
    uint64_t u;
    const cJSON *child;
    if (cJSON_IsString(node)) FUZZ_CHECK(echo__utf8_valid(echo__bytes_text(node->valuestring)));
    if (cJSON_IsRaw(node)) FUZZ_CHECK(echo__json_get_int64(node, &i) || echo__json_get_uint64(node, &u));
    if (cJSON_IsNumber(node)) FUZZ_CHECK(node->valuedouble - node->valuedouble == 0);
    if (cJSON_IsNumber(node) && echo__json_get_int64(node, &i)) FUZZ_CHECK((double)i == node->valuedouble);
    cJSON_ArrayForEach(child, node) {
        if (cJSON_IsObject(node)) {
            FUZZ_CHECK(child->string != NULL && echo__utf8_valid(echo__bytes_text(child->string)));
            FUZZ_CHECK(cJSON_GetObjectItemCaseSensitive(node, child->string) == child); /* none twice */
        }
        check(child);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cJSON *node, *again;
    echo_error err = ECHO_ERROR_INIT;
    echo__buf text = ECHO__BUF_INIT, second = ECHO__BUF_INIT;
    echo_status status = echo__json_parse(&node, data, size, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT);
    FUZZ_CHECK((status == ECHO_OK) == (node != NULL));
    if (status != ECHO_OK) return 0;
    FUZZ_CHECK(depth_of(node) <= ECHO__JSON_DEPTH_MAX);
    check(node);
    FUZZ_OK(echo__json_print(&text, node));
    FUZZ_OK(echo__json_parse(&again, text.data, text.len, &err));
    FUZZ_OK(echo__json_print(&second, again));
    FUZZ_EQUAL(echo__buf_bytes(&text), echo__buf_bytes(&second));
    echo__scan s = echo__scan_of(echo__buf_bytes(&text));
    echo_bytes all;
    FUZZ_CHECK(echo__scan_value(&s, &all) && s.at == s.end);
    cJSON *theirs = cJSON_ParseWithLength((const char *)text.data, text.len);
    FUZZ_CHECK(theirs != NULL);
    cJSON_Delete(theirs);
    cJSON_Delete(node);
    cJSON_Delete(again);
    echo__buf_free(&text);
    echo__buf_free(&second);
    return 0;
}
