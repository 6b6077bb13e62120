#include "base/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *echo__malloc(size_t size) { return malloc(size ? size : 1); }

void *echo__calloc(size_t count, size_t size) { return calloc(count ? count : 1, size ? size : 1); }

void *echo__realloc_array(void *old, size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size) return NULL;
    size_t bytes = count * size;
    return realloc(old, bytes ? bytes : 1);
}

void echo__free(void *p) { free(p); }

char *echo__strndup(const void *data, size_t len) {
    if (len == SIZE_MAX) return NULL;
    char *copy = malloc(len + 1);
    if (copy == NULL) return NULL;
    if (len > 0) memcpy(copy, data, len);
    copy[len] = '\0';
    return copy;
}

char *echo__strdup(const char *text) { return echo__strndup(text, strlen(text)); }

_Bool echo__grow(void *array, size_t *cap, size_t need, size_t size) {
    if (need <= *cap) return 1;
    size_t want = *cap < 8 ? 8 : *cap + *cap / 2;
    if (want < need) want = need;
    void *old;
    memcpy(&old, array, sizeof old);
    void *grown = echo__realloc_array(old, want, size);
    if (grown == NULL) return 0;
    memcpy(array, &grown, sizeof grown);
    *cap = want;
    return 1;
}
