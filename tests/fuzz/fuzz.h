/*
 * What the fuzz targets share. A target is one file, fuzz_<decoder>.c, with LLVMFuzzerTestOneInput(); its corpus is the
 * folder corpus/<decoder>/, and <decoder>.dict, when there is one, holds words for the fuzzer. No registration is
 * needed.
 *
 * A target fails by FUZZ_CHECK, which is never left out of a build, or by what the sanitizers find. It keeps no state
 * between inputs that an outcome could depend on, so that one file is all it takes to see a finding again.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- what has to hold ---- */

_Noreturn static inline void fuzz_fail(const char *file, int line, const char *what, const char *more) {
    (void)fprintf(stderr, "%s:%d: does not hold: %s%s%s\n", file, line, what, more[0] != '\0' ? ": " : "", more);
    abort();
}

#define FUZZ_CHECK(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition, ""))
/* The call must succeed. */
#define FUZZ_OK(call) fuzz_ok((call), __FILE__, __LINE__, #call)
static inline void fuzz_ok(echo_status status, const char *file, int line, const char *what) {
    if (status != ECHO_OK) fuzz_fail(file, line, what, echo_status_name(status));
}

/*
 * What a call answered to input that may be bad: ECHO_OK or one of the codes named. An error must be told: err (never
 * NULL) has the same code and one line of text. NOMEM never belongs there, since no allocation fails here.
 */
#define FUZZ_STATUS(status, err, ...)                                                                                  \
    fuzz_status((status), (err), (const echo_status[]){__VA_ARGS__},                                                   \
                sizeof((const echo_status[]){__VA_ARGS__}) / sizeof(echo_status), __FILE__, __LINE__)
static inline void fuzz_status(echo_status status, const echo_error *err, const echo_status *belong, size_t n,
                               const char *file, int line) {
    if (status == ECHO_OK) return;
    bool belongs = false;
    for (size_t i = 0; i < n; i++) belongs |= status == belong[i];
    if (!belongs) fuzz_fail(file, line, echo_status_name(status), err->message);
    if (err->code != status) fuzz_fail(file, line, "err->code is another one", echo_status_name(err->code));
    if (err->message[0] == '\0' || strpbrk(err->message, "\n\r") != NULL)
        fuzz_fail(file, line, "err->message is no line", err->message);
    if (memchr(err->message, '\0', sizeof err->message) == NULL || memchr(err->item, '\0', sizeof err->item) == NULL)
        fuzz_fail(file, line, "a text of err has no end", "");
}

static inline void fuzz_equal(echo_bytes a, echo_bytes b, const char *file, int line, const char *what) {
    if (echo__bytes_equal(a, b)) return;
    (void)fprintf(stderr, "--- %zu bytes\n%.*s\n--- %zu bytes\n%.*s\n---\n", a.len, (int)a.len, (const char *)a.data,
                  b.len, (int)b.len, (const char *)b.data);
    fuzz_fail(file, line, what, "differ");
}
/* Two runs of bytes must be the same. */
#define FUZZ_EQUAL(a, b) fuzz_equal((a), (b), __FILE__, __LINE__, #a " and " #b)

/* ---- taking an input apart; at its end there are zeros and empty parts ---- */

typedef struct fuzz_input {
    const uint8_t *at, *end;
} fuzz_input;

static inline fuzz_input fuzz_input_of(const uint8_t *data, size_t size) {
    static const uint8_t nothing[1] = {0};
    fuzz_input in = {size == 0 ? nothing : data, size == 0 ? nothing : data + size};
    return in;
}
static inline size_t fuzz_left(const fuzz_input *in) { return (size_t)(in->end - in->at); }
static inline uint8_t fuzz_u8(fuzz_input *in) { return in->at < in->end ? *in->at++ : 0; }
static inline uint32_t fuzz_u16(fuzz_input *in) {
    uint32_t high = fuzz_u8(in);
    return high << 8 | fuzz_u8(in);
}
static inline uint64_t fuzz_u64(fuzz_input *in, unsigned bytes) {
    uint64_t value = 0;
    while (bytes-- > 0) value = value << 8 | fuzz_u8(in);
    return value;
}
static inline echo_bytes fuzz_take(fuzz_input *in, size_t len) {
    if (len > fuzz_left(in)) len = fuzz_left(in);
    echo_bytes out = {in->at, len};
    in->at += len;
    return out;
}
/* A part that begins with its length. */
static inline echo_bytes fuzz_part(fuzz_input *in) { return fuzz_take(in, fuzz_u16(in)); }
/* Up to the next byte `separator`, which is passed over, or the end. */
static inline echo_bytes fuzz_until(fuzz_input *in, uint8_t separator) {
    const uint8_t *found = in->at < in->end ? memchr(in->at, separator, fuzz_left(in)) : NULL;
    echo_bytes out = fuzz_take(in, found != NULL ? (size_t)(found - in->at) : fuzz_left(in));
    if (found != NULL) in->at++;
    return out;
}
static inline echo_bytes fuzz_rest(fuzz_input *in) { return fuzz_take(in, fuzz_left(in)); }

/* A copy that ends where the bytes end, so that reading past them is seen; free() it. NUL-terminated with `text`. */
static inline uint8_t *fuzz_copy(echo_bytes bytes, bool text) {
    uint8_t *copy = malloc(bytes.len + (text || bytes.len == 0 ? 1 : 0));
    FUZZ_CHECK(copy != NULL);
    if (bytes.len > 0) memcpy(copy, bytes.data, bytes.len);
    if (text || bytes.len == 0) copy[bytes.len] = 0;
    return copy;
}

/* ---- a folder for targets that read files: in TMPDIR, else in memory, removed at the end ---- */

static char fuzz_folder_path[256];

static inline void fuzz_folder_remove(const char *path) {
    DIR *dir = opendir(path);
    char entry[640];
    for (const struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        int len = snprintf(entry, sizeof entry, "%s/%s", path, e->d_name);
        FUZZ_CHECK(len > 0 && (size_t)len < sizeof entry);
        if (unlink(entry) != 0) fuzz_folder_remove(entry);
    }
    if (dir != NULL) (void)closedir(dir);
    (void)rmdir(path);
}
static inline void fuzz_folder_end(void) { fuzz_folder_remove(fuzz_folder_path); }

/* Made by the first call. */
static inline const char *fuzz_folder(void) {
    if (fuzz_folder_path[0] != '\0') return fuzz_folder_path;
    const char *tmp = getenv("TMPDIR");
    if (tmp == NULL) tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    int len = snprintf(fuzz_folder_path, sizeof fuzz_folder_path, "%s/echo-fuzz-XXXXXX", tmp);
    FUZZ_CHECK(len > 0 && (size_t)len < sizeof fuzz_folder_path && mkdtemp(fuzz_folder_path) != NULL);
    (void)atexit(fuzz_folder_end);
    return fuzz_folder_path;
}

/* Makes or replaces a file. */
static inline void fuzz_file(const char *path, const void *data, size_t len) {
    FILE *file = fopen(path, "wb");
    FUZZ_CHECK(file != NULL);
    FUZZ_CHECK(len == 0 || fwrite(data, 1, len, file) == len);
    FUZZ_CHECK(fclose(file) == 0);
}

#endif
