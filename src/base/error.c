#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

const char *echo_status_name(echo_status status) {
    switch (status) {
    case ECHO_OK: return "ECHO_OK";
#define XX(name, value, text)                                                                                          \
    case ECHO_ERR_##name: return "ECHO_ERR_" #name;
        ECHO_STATUS_MAP(XX)
#undef XX
    default: return "ECHO_ERR_UNKNOWN";
    }
}

const char *echo_status_text(echo_status status) {
    switch (status) {
    case ECHO_OK: return "success";
#define XX(name, value, text)                                                                                          \
    case ECHO_ERR_##name: return text;
        ECHO_STATUS_MAP(XX)
#undef XX
    default: return "unknown status";
    }
}

const char *echo_version(void) { return ECHO_VERSION_STRING; }

/* Controls, separators of lines, and what changes the direction of text, in UTF-8. */
static bool is_harmless(const uint8_t *at, size_t len) {
    if (len == 1) return at[0] >= 0x20 && at[0] != 0x7f;
    if (len == 2) return !(at[0] == 0xc2 && at[1] < 0xa0) && !(at[0] == 0xd8 && at[1] == 0x9c);
    if (len != 3 || at[0] != 0xe2) return len > 0;
    if (at[1] == 0x80) return at[2] != 0x8e && at[2] != 0x8f && !(at[2] >= 0xa8 && at[2] <= 0xae);
    return !(at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9);
}

/* One line that may be printed anywhere, whatever came in with foreign names. */
static void one_line(char *text) {
    uint8_t *at = (uint8_t *)text;
    for (size_t left = strlen(text); left > 0;) {
        size_t len = echo__utf8_sequence(at, left);
        bool harmless = is_harmless(at, len);
        if (len == 0) len = 1;
        if (!harmless) memset(at, '?', len);
        at += len;
        left -= len;
    }
}

static void fill(echo_error *err, echo_status code, const char *format, va_list args) {
    echo__error_clear(err);
    err->code = code;
    if (vsnprintf(err->message, sizeof err->message, format, args) < 0) err->message[0] = '\0';
    one_line(err->message);
}

echo_status echo__error(echo_error *err, echo_status code, const char *format, ...) {
    if (err != NULL) {
        va_list args;
        va_start(args, format);
        fill(err, code, format, args);
        va_end(args);
    }
    return code;
}

echo_status echo__error_errno(echo_error *err, const char *format, ...) {
    int number = errno;
    echo_status code = number == ENOMEM ? ECHO_ERR_NOMEM : ECHO_ERR_IO;
    if (err != NULL) {
        va_list args;
        va_start(args, format);
        fill(err, code, format, args);
        va_end(args);
        char reason[128];
        /* The XSI form is asked for by _POSIX_C_SOURCE without _GNU_SOURCE. */
        if (strerror_r(number, reason, sizeof reason) != 0) (void)snprintf(reason, sizeof reason, "errno %d", number);
        size_t len = strlen(err->message);
        (void)snprintf(err->message + len, sizeof err->message - len, ": %s", reason);
    }
    return code;
}

echo_status echo__nomem(echo_error *err) { return echo__error(err, ECHO_ERR_NOMEM, "out of memory"); }

void echo__error_feed(echo_error *err, const echo_key *feed) {
    if (err == NULL || err->has_feed) return;
    err->has_feed = true;
    err->feed = *feed;
}

void echo__error_seq(echo_error *err, const echo_key *feed, uint64_t seq) {
    if (err == NULL) return;
    echo__error_feed(err, feed);
    if (err->has_seq) return;
    err->has_seq = true;
    err->seq = seq;
}

void echo__error_item(echo_error *err, const void *id, size_t len) {
    if (err == NULL || err->item[0] != '\0') return;
    bool cut = len >= sizeof err->item;
    size_t keep = cut ? sizeof err->item - 4 : len;
    if (keep > 0) memcpy(err->item, id, keep);
    memcpy(err->item + keep, cut ? "..." : "", cut ? 4 : 1);
    for (size_t i = 0; i < keep; i++)
        if (err->item[i] == '\0') err->item[i] = '?';
    one_line(err->item);
}

echo_status echo__error_adopt(echo_error *err, echo_status code, const char *what) {
    if (err == NULL) return code;
    if (err->code != code || err->message[0] == '\0') {
        char message[ECHO_ERROR_MESSAGE_CHARS];
        memcpy(message, err->message, sizeof message);
        message[sizeof message - 1] = '\0';
        one_line(message);
        bool said = err->code == ECHO_OK && message[0] != '\0'; /* a hook that only filled in the text */
        echo__error(err, code, "%s: %s", what, said ? message : echo_status_text(code));
    } else {
        err->message[sizeof err->message - 1] = '\0';
        one_line(err->message);
    }
    return code;
}

void echo__error_clear(echo_error *err) {
    if (err != NULL) memset(err, 0, sizeof *err);
}

echo_status echo__error_give(echo_error *err, const echo_error *problem) {
    if (err != NULL) *err = *problem;
    return problem->code;
}

echo_status echo__error_return(echo_error *err, echo_error *own, echo_status status, const char *what) {
    if (status == ECHO_OK) return ECHO_OK;
    if (what != NULL) echo__error_adopt(own, status, what);
    if (err != NULL) *err = *own;
    return status;
}

echo_status echo__error_null(echo_error *err, const char *what) {
    return echo__error(err, ECHO_ERR_INVALID, "%s is NULL", what);
}
