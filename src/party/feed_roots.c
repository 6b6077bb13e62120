#include "party/feed_roots.h"

#include "base/alloc.h"
#include "base/crypto.h"

void echo__feed_roots_free(echo__feed_roots *roots) {
    echo__free(roots->list);
    *roots = (echo__feed_roots){NULL, 0, 0};
}

const echo_hash *echo__feed_roots_get(const echo__feed_roots *roots, const echo_key *feed) {
    size_t low = 0, high = roots->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = echo__key_compare(&roots->list[middle].feed, feed);
        if (order == 0) return &roots->list[middle].root;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

echo_status echo__feed_roots_add(echo__feed_roots *roots, const echo_key *feed, const echo_hash *root) {
    if (!echo__grow(&roots->list, &roots->cap, roots->count + 1, sizeof *roots->list)) return ECHO_ERR_NOMEM;
    roots->list[roots->count++] = (echo__feed_root){*feed, *root};
    return ECHO_OK;
}
