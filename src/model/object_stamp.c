#include "model/object_stamp.h"

#include "base/format.h"

bool echo__object_stamp(uint64_t *time, uint64_t *feed, uint64_t *seq, const cJSON *node) {
    const cJSON *member = cJSON_IsArray(node) ? node->child : NULL;
    *feed = 0;
    if (member == NULL) return echo__json_get_uint64(node, seq) && echo__stamp_is_short(time, 0, *seq, false, false);
    if (!echo__json_get_uint64(member, feed) || member->next == NULL) return false;
    member = member->next;
    if (!echo__json_get_uint64(member, seq)) return false;
    const cJSON *last = member->next;
    if (last != NULL && (last->next != NULL || !echo__json_get_uint64(last, time))) return false;
    return echo__stamp_is_short(time, *feed, *seq, true, last != NULL);
}
