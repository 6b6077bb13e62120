#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>

#include "output.h"

static bool fits(const cJSON *value, unsigned depth) {
    if (!cJSON_IsObject(value) && !cJSON_IsArray(value)) return true;
    const cJSON *child;
    if (depth == 0) return false;
    cJSON_ArrayForEach(child, value) if (!fits(child, depth - 1)) return false;
    return true;
}

static void put_number(echo_cli_out *out, const char *key, double value) {
    char text[40] = "null"; /* JSON has no NaN and no infinities; models show those in their own way */
    if (value > -9007199254740993.0 && value < 9007199254740993.0 && value == (double)(int64_t)value && value != 0)
        (void)snprintf(text, sizeof text, "%" PRId64, (int64_t)value);
    else if (value - value == 0) /* finite */
        for (int digits = 15; digits <= 17; digits++) {
            (void)snprintf(text, sizeof text, "%.*g", digits, value);
            if (!(strtod(text, NULL) < value) && !(strtod(text, NULL) > value)) break;
        }
    echo_cli_json_raw(out, key, text);
}

static void put_value(echo_cli_out *out, const char *key, const cJSON *value) {
    bool object = cJSON_IsObject(value);
    if (object || cJSON_IsArray(value)) {
        const cJSON *child;
        if (object)
            echo_cli_json_object(out, key);
        else
            echo_cli_json_array(out, key);
        cJSON_ArrayForEach(child, value) put_value(out, object ? child->string : NULL, child);
        echo_cli_json_end(out);
    } else if (cJSON_IsString(value)) {
        echo_cli_json_string(out, key, value->valuestring);
    } else if (cJSON_IsNumber(value)) {
        put_number(out, key, value->valuedouble);
    } else if (cJSON_IsBool(value)) {
        echo_cli_json_flag(out, key, cJSON_IsTrue(value));
    } else {
        echo_cli_json_raw(out, key, cJSON_IsRaw(value) ? value->valuestring : "null");
    }
}

bool echo_cli_json_value(echo_cli_out *out, const char *key, const cJSON *value) {
    bool fit = fits(value, ECHO_CLI_JSON_DEPTH - out->depth);
    put_value(out, key, fit ? value : NULL);
    return fit;
}
