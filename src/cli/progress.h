/*
 * A progress line for long work. Nothing is shown in the first second; then the line is updated at most ten times a
 * second. Times are milliseconds of any monotonic clock.
 */
#ifndef ECHO_CLI_PROGRESS_H
#define ECHO_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ECHO_CLI_PROGRESS_AFTER_MS 1000u
#define ECHO_CLI_PROGRESS_EVERY_MS 100u

typedef struct echo_cli_progress {
    FILE *file;       /* NULL: show nothing */
    uint64_t next_ms; /* the next update is not before this time */
    size_t width;     /* characters on the line now */
} echo_cli_progress;

/* Milliseconds of the monotonic clock. */
uint64_t echo_cli_now_ms(void);
void echo_cli_progress_init(echo_cli_progress *progress, FILE *file, uint64_t now_ms);
/* total 0: unknown */
void echo_cli_progress_show(echo_cli_progress *progress, uint64_t now_ms, const char *phase, uint64_t done,
                            uint64_t total);
/* The same with another text, of which the first 38 bytes are shown. */
void echo_cli_progress_line(echo_cli_progress *progress, uint64_t now_ms, const char *text, uint64_t done,
                            uint64_t total);
/* Removes the line, before other text or at the end. */
void echo_cli_progress_clear(echo_cli_progress *progress);

#endif
