#include "cli/output.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void echo_cli_out_init(echo_cli_out *out, FILE *file) {
    memset(out, 0, sizeof *out);
    out->file = file;
}

bool echo_cli_out_ok(const echo_cli_out *out) { return out->problem == 0; }

static void failed(echo_cli_out *out) {
    if (out->problem == 0) out->problem = errno != 0 ? errno : EIO;
}

bool echo_cli_out_flush(echo_cli_out *out) {
    if (out->problem == 0 && (fflush(out->file) != 0 || ferror(out->file))) failed(out);
    return out->problem == 0;
}

static void put(echo_cli_out *out, const char *bytes, size_t len) {
    if (out->problem == 0 && fwrite(bytes, 1, len, out->file) != len) failed(out);
}

static void put_text(echo_cli_out *out, const char *text) { put(out, text, strlen(text)); }

/* ---- text ---- */

void echo_cli_print(echo_cli_out *out, const char *format, ...) {
    if (out->problem != 0) return;
    va_list args;
    va_start(args, format);
    if (vfprintf(out->file, format, args) < 0) failed(out);
    va_end(args);
}

/* Length of the UTF-8 sequence at text, 0 when it is not one; *code is its code point. Reads no more than `left` bytes.
 */
static size_t sequence(const char *text, size_t left, uint32_t *code) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *at = (const unsigned char *)text;
    size_t len = at[0] < 0x80 ? 1 : at[0] < 0xc0 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf8 ? 4 : 0;
    if (len == 0 || len > left) return 0;
    uint32_t value = len == 1 ? at[0] : at[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80) return 0;
        value = value << 6 | (at[i] & 0x3fu);
    }
    if (value < least[len] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return 0;
    *code = value;
    return len;
}

/*
 * Whether a terminal may see it: no C0 and C1 controls and DEL, and nothing that breaks lines or changes the direction
 * of the text after it. The one place that knows; everything foreign that is printed passes it.
 */
static bool is_harmless(uint32_t code) {
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return false;
    if (code == 0x061c || code == 0x200e || code == 0x200f) return false; /* marks of direction */
    return !(code >= 0x2028 && code <= 0x202e) &&
           !(code >= 0x2066 && code <= 0x2069); /* separators, overrides, isolates */
}

/* Passes on what is harmless, and hands everything else to `other`; its code is 0 where it is no UTF-8. */
static size_t put_filtered(echo_cli_out *out, const char *text, size_t len,
                           void (*other)(echo_cli_out *out, uint32_t code)) {
    size_t plain = 0, shown = 0;
    for (size_t at = 0; at < len; shown++) {
        uint32_t code = 0;
        size_t n = sequence(text + at, len - at, &code);
        if (n == 0 || !is_harmless(code)) {
            put(out, text + plain, at - plain);
            other(out, n == 0 ? 0 : code);
            plain = at + (n > 0 ? n : 1);
        }
        at += n > 0 ? n : 1;
    }
    put(out, text + plain, len - plain);
    return shown;
}

static void put_mark(echo_cli_out *out, uint32_t code) {
    (void)code;
    put_text(out, "?");
}

void echo_cli_print_text(echo_cli_out *out, const char *text, size_t width) {
    if (text == NULL) text = "-";
    size_t shown = put_filtered(out, text, strlen(text), put_mark);
    for (; shown < width; shown++) put_text(out, " ");
}

void echo_cli_print_bytes(echo_cli_out *out, uint64_t bytes) {
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024) {
        echo_cli_print(out, "%" PRIu64 " bytes", bytes);
        return;
    }
    size_t unit = 0;
    double value = (double)bytes / 1024;
    for (; value >= 1024 && unit < 5; unit++) value /= 1024;
    echo_cli_print(out, "%.1f %s", value, units[unit]);
}

void echo_cli_print_ns(echo_cli_out *out, uint64_t ns) {
    if (ns >= 10000000000u)
        echo_cli_print(out, "%.1f s", (double)ns / 1e9);
    else
        echo_cli_print(out, "%.1f ms", (double)ns / 1e6);
}

void echo_cli_print_time(echo_cli_out *out, int64_t ms) {
    time_t seconds = (time_t)(ms / 1000);
    struct tm parts;
    char text[64];
    if (gmtime_r(&seconds, &parts) == NULL || strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
        echo_cli_print(out, "%" PRId64 " ms", ms);
    else
        put_text(out, text);
}

static void hex_of(char hex[ECHO_HEX_CHARS], const uint8_t bytes[32]) {
    echo_hash hash;
    memcpy(hash.bytes, bytes, sizeof hash.bytes);
    echo_hash_hex(hex, &hash);
}

void echo_cli_print_hex(echo_cli_out *out, const uint8_t bytes[32]) {
    char hex[ECHO_HEX_CHARS];
    hex_of(hex, bytes);
    put_text(out, hex);
}

void echo_cli_print_error(echo_cli_out *out, const echo_error *error) {
    echo_cli_print(out, "%s: ", echo_status_name(error->code));
    echo_cli_print_text(out, error->message[0] != '\0' ? error->message : echo_status_text(error->code), 0);
    if (error->has_feed) {
        put_text(out, ", feed ");
        echo_cli_print_hex(out, error->feed.bytes);
    }
    if (error->has_seq) echo_cli_print(out, ", seq %" PRIu64, error->seq);
    if (error->item[0] == '\0') return;
    put_text(out, ", item ");
    echo_cli_print_text(out, error->item, 0);
}

/* ---- JSON ---- */

/* All that is not harmless is below U+10000. */
static void put_escape(echo_cli_out *out, uint32_t code) {
    if (code == 0)
        put_text(out, "\xef\xbf\xbd");
    else
        echo_cli_print(out, "\\u%04x", (unsigned)code);
}

static void put_string(echo_cli_out *out, const char *value) {
    put_text(out, "\"");
    for (const char *at = value; *at != '\0';) {
        size_t n = strcspn(at, "\"\\");
        (void)put_filtered(out, at, n, put_escape);
        at += n;
        if (*at != '\0') echo_cli_print(out, "\\%c", *at++);
    }
    put_text(out, "\"");
}

/* In a JSON text, where the controls below U+0020 can stand between values only. */
static void put_escape_or_space(echo_cli_out *out, uint32_t code) {
    if (code != 0 && code < 0x20)
        put_text(out, " ");
    else
        put_escape(out, code);
}

static void lead_in(echo_cli_out *out, const char *key) {
    if (out->depth > 0) {
        bool *filled = &out->filled[out->depth - 1];
        if (*filled) put_text(out, ",");
        *filled = true;
        if (out->depth == 1 && out->closing[0] == ']') put_text(out, "\n");
    }
    if (key == NULL) return;
    put_string(out, key);
    put_text(out, ":");
}

static void begin(echo_cli_out *out, const char *key, char opening, char closing) {
    lead_in(out, key);
    put(out, &opening, 1);
    out->closing[out->depth] = closing;
    out->filled[out->depth++] = false;
}

void echo_cli_json_object(echo_cli_out *out, const char *key) { begin(out, key, '{', '}'); }

void echo_cli_json_array(echo_cli_out *out, const char *key) { begin(out, key, '[', ']'); }

void echo_cli_json_list(echo_cli_out *out) {
    if (out->depth == 0) echo_cli_json_array(out, NULL);
}

void echo_cli_json_end(echo_cli_out *out) {
    char closing = out->closing[--out->depth];
    if (out->depth == 0 && closing == ']' && out->filled[0]) put_text(out, "\n");
    put(out, &closing, 1);
    if (out->depth == 0) put_text(out, "\n");
}

void echo_cli_json_string(echo_cli_out *out, const char *key, const char *value) {
    if (value == NULL) {
        echo_cli_json_raw(out, key, "null");
        return;
    }
    lead_in(out, key);
    put_string(out, value);
}

void echo_cli_json_number(echo_cli_out *out, const char *key, uint64_t value) {
    lead_in(out, key);
    echo_cli_print(out, "%" PRIu64, value);
}

void echo_cli_json_integer(echo_cli_out *out, const char *key, int64_t value) {
    lead_in(out, key);
    echo_cli_print(out, "%" PRId64, value);
}

void echo_cli_json_flag(echo_cli_out *out, const char *key, bool value) {
    echo_cli_json_raw(out, key, value ? "true" : "false");
}

void echo_cli_json_hex(echo_cli_out *out, const char *key, const uint8_t bytes[32]) {
    char hex[ECHO_HEX_CHARS];
    if (bytes != NULL) hex_of(hex, bytes);
    echo_cli_json_string(out, key, bytes != NULL ? hex : NULL);
}

void echo_cli_json_raw(echo_cli_out *out, const char *key, const char *json) {
    lead_in(out, key);
    (void)put_filtered(out, json, strlen(json), put_escape_or_space);
}

void echo_cli_json_text(echo_cli_out *out, echo_bytes json) {
    lead_in(out, NULL);
    (void)put_filtered(out, (const char *)json.data, json.len, put_escape_or_space);
}

void echo_cli_json_error(echo_cli_out *out, const char *key, const echo_error *error, const char *path) {
    echo_cli_json_object(out, key);
    echo_cli_json_string(out, "code", echo_status_name(error->code));
    echo_cli_json_string(out, "message", error->message[0] != '\0' ? error->message : echo_status_text(error->code));
    if (path != NULL) echo_cli_json_string(out, "path", path);
    echo_cli_json_hex(out, "feed", error->has_feed ? error->feed.bytes : NULL);
    if (error->has_seq)
        echo_cli_json_number(out, "seq", error->seq);
    else
        echo_cli_json_raw(out, "seq", "null");
    echo_cli_json_string(out, "item", error->item[0] != '\0' ? error->item : NULL);
    echo_cli_json_end(out);
}

/* ---- values of models ---- */

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
