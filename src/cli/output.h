/*
 * Writing results. A writer's first failure sticks: commands keep writing and check once at the end; long ones call
 * echo_cli_out_ok() from time to time.
 *
 * JSON is streamed: begin, fields, end. Each element of a top-level array has its own line.
 * `key` is NULL in arrays and at the top. Bytes that are not UTF-8 are replaced by U+FFFD.
 */
#ifndef ECHO_CLI_OUTPUT_H
#define ECHO_CLI_OUTPUT_H

#include <echo/base.h>
#include <stdio.h>

struct cJSON;

/* Values of the object model are nested at most 64 deep, below a path of at most 64. */
#define ECHO_CLI_JSON_DEPTH 256u

typedef struct echo_cli_out {
    FILE *file;
    int problem;    /* errno of the first write that failed, 0: none */
    unsigned depth; /* open objects and arrays */
    char closing[ECHO_CLI_JSON_DEPTH];
    bool filled[ECHO_CLI_JSON_DEPTH]; /* the next element is not the first */
} echo_cli_out;

void echo_cli_out_init(echo_cli_out *out, FILE *file);
bool echo_cli_out_ok(const echo_cli_out *out);
/* Flushes; false when any output of this writer could not be written. */
bool echo_cli_out_flush(echo_cli_out *out);

/*
 * Plain text. Print foreign texts with _text, which replaces what could control the terminal by '?': control characters
 * (C0, C1, DEL), separators of lines, and what changes the direction of text. In JSON the same characters are escaped.
 */
void echo_cli_print(echo_cli_out *out, const char *format, ...) ECHO_PRINTF(2, 3);
/* At least `width` characters, filled up with spaces; NULL is shown as "-". */
void echo_cli_print_text(echo_cli_out *out, const char *text, size_t width);
/* "34.5 KiB" */
void echo_cli_print_bytes(echo_cli_out *out, uint64_t bytes);
/* "12.3 ms" */
void echo_cli_print_ns(echo_cli_out *out, uint64_t ns);
/* "2026-11-22 13:36:03 UTC" of milliseconds since 1970 */
void echo_cli_print_time(echo_cli_out *out, int64_t ms);
/* 64 hex digits of a key or hash */
void echo_cli_print_hex(echo_cli_out *out, const uint8_t bytes[32]);
/* "ECHO_ERR_CORRUPT: what, feed <hex>, seq 12, item <id>" */
void echo_cli_print_error(echo_cli_out *out, const echo_error *error);

void echo_cli_json_object(echo_cli_out *out, const char *key);
void echo_cli_json_array(echo_cli_out *out, const char *key);
/*
 * Begins the top-level array unless it is begun. Called before each element and at a successful end. A failure before
 * the first element prints nothing; a later one leaves an incomplete array, which every reader rejects.
 */
void echo_cli_json_list(echo_cli_out *out);
/* Ends the innermost object or array; the outermost with a newline. */
void echo_cli_json_end(echo_cli_out *out);
void echo_cli_json_string(echo_cli_out *out, const char *key, const char *value); /* NULL: null */
void echo_cli_json_number(echo_cli_out *out, const char *key, uint64_t value);
void echo_cli_json_integer(echo_cli_out *out, const char *key, int64_t value);
void echo_cli_json_flag(echo_cli_out *out, const char *key, bool value);
void echo_cli_json_hex(echo_cli_out *out, const char *key, const uint8_t bytes[32]); /* NULL: null */
/* A JSON text; what could control the terminal is escaped within it. */
void echo_cli_json_raw(echo_cli_out *out, const char *key, const char *json);
void echo_cli_json_text(echo_cli_out *out, echo_bytes json);
/*
 * A cJSON value, numbers in the fewest digits that read back the same: cJSON_Print
 * loses digits: it prints 9007199254740991 as 9.00719925474099e+15. When the value is nested too deeply, prints null
 * and returns false.
 */
bool echo_cli_json_value(echo_cli_out *out, const char *key, const struct cJSON *value);
/* {code,message,path,feed,seq,item}; path is left out when NULL, the others are null when unknown */
void echo_cli_json_error(echo_cli_out *out, const char *key, const echo_error *error, const char *path);

#endif
