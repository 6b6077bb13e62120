#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

/* One line, whatever came in with foreign names. */
static void one_line(char *text) {
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7f) *text = '?';
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
    for (size_t i = 0; i < keep; i++) {
        unsigned char c = (unsigned char)err->item[i];
        if (c < 0x20 || c == 0x7f) err->item[i] = '?';
    }
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
