#include "base/clock.h"

#include <time.h>

uint64_t echo__now_ns(void) {
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) return 0;
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int64_t echo__wall_ms(void) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return 0;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void echo__date(char out[ECHO__DATE_CHARS], int64_t ms) {
    time_t seconds = (time_t)(ms / 1000 - (ms % 1000 < 0));
    struct tm utc;
    if (gmtime_r(&seconds, &utc) == NULL || strftime(out, ECHO__DATE_CHARS, "%Y-%m-%dT%H:%M:%S+00:00", &utc) == 0)
        out[0] = '\0';
}
