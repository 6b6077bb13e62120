#include "cli/progress.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define BAR 30u

uint64_t echo_cli_now_ms(void) {
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) return 0;
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void echo_cli_progress_init(echo_cli_progress *progress, FILE *file, uint64_t now_ms) {
    progress->file = file;
    progress->next_ms = now_ms + ECHO_CLI_PROGRESS_AFTER_MS;
    progress->width = 0;
}

static unsigned share(uint64_t done, uint64_t total, unsigned of) {
    if (done >= total) return of;
    return (unsigned)((double)done / (double)total * of);
}

void echo_cli_progress_line(echo_cli_progress *progress, uint64_t now_ms, const char *text, uint64_t done,
                            uint64_t total) {
    if (progress->file == NULL || now_ms < progress->next_ms) return;
    progress->next_ms = now_ms + ECHO_CLI_PROGRESS_EVERY_MS;
    char line[79]; /* one less than the narrowest terminal: no wrap */
    char bar[BAR + 1];
    int len;
    if (total == 0) {
        len = snprintf(line, sizeof line, "%.76s", text);
    } else {
        memset(bar, '-', BAR);
        memset(bar, '#', share(done, total, BAR));
        bar[BAR] = '\0';
        len = snprintf(line, sizeof line, "[%s] %3u %% %.38s", bar, share(done, total, 100), text);
    }
    size_t width = len < 0 ? 0 : (size_t)len < sizeof line ? (size_t)len : sizeof line - 1;
    (void)fprintf(progress->file, "\r%s", line);
    for (size_t i = width; i < progress->width; i++) (void)fputc(' ', progress->file);
    (void)fflush(progress->file);
    progress->width = width > progress->width ? width : progress->width;
}

void echo_cli_progress_show(echo_cli_progress *progress, uint64_t now_ms, const char *phase, uint64_t done,
                            uint64_t total) {
    char text[64];
    (void)snprintf(text, sizeof text, "%.20s: %" PRIu64, phase, done);
    echo_cli_progress_line(progress, now_ms, text, done, total);
}

void echo_cli_progress_clear(echo_cli_progress *progress) {
    if (progress->file == NULL || progress->width == 0) return;
    (void)fprintf(progress->file, "\r%*s\r", (int)progress->width, "");
    (void)fflush(progress->file);
    progress->width = 0;
}
