#include "base/stamp.h"

#include "base/crypto.h"

int echo__stamp_compare(const echo__stamp *a, const echo__stamp *b) {
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    int order = echo__key_compare(&a->feed, &b->feed);
    if (order != 0) return order;
    return a->seq < b->seq ? -1 : a->seq > b->seq;
}
