#include "exchange/plan.h"

#include <math.h>

#include "tree/estimate.h"

#define TRY_LEAST 32768u /* bytes of a tail for which finding out is not worth it */
#define PRINT_BYTES 4.0  /* bytes that name a line that is present locally */

static uint64_t whole(double bytes) { return bytes < 0x1p63 ? (uint64_t)bytes : UINT64_MAX; }

uint64_t echo__plan_chunk_bytes(const echo__plan_facts *f) {
    double items = (double)f->root.items, run = (double)(1u << ECHO__TREE_BITS);
    if (f->root.items == 0) return 0;
    double record = (double)f->root.bytes / items;
    if (f->base.items == 0) return whole((double)f->root.bytes + items / run * ECHO__ESTIMATE_ENTRY_BYTES);
    double added = f->root.items > f->base.items ? items - (double)f->base.items : 0;
    double changed = echo__estimate_hit(items, (double)f->covered);
    if (changed < added) changed = added;
    double bytes = changed * record, places = items;
    for (uint32_t level = 0; level <= f->root.height;
         level++) { /* changed lines whole, a print for each of the others beside them */
        places = places / run < 1 ? 1 : places / run;
        double chunks = echo__estimate_hit(places, changed);
        bytes += chunks * ECHO__ESTIMATE_ENTRY_BYTES + chunks * run * PRINT_BYTES;
    }
    return whole(bytes);
}

echo__plan echo__plan_make(const echo__plan_facts *f) {
    if (!f->offered || f->covered == 0) return ECHO__PLAN_TAIL;
    if (echo__plan_chunk_bytes(f) < f->covered_bytes) return ECHO__PLAN_CHUNKS;
    return f->covered_bytes >= TRY_LEAST ? ECHO__PLAN_TRY : ECHO__PLAN_TAIL;
}

bool echo__plan_goes_on(double done, uint64_t spent, uint64_t instead) {
    if (spent < instead / 8 && done < 1.0 / 16) return true; /* too early to decide */
    double rest = done <= 0 ? HUGE_VAL : (double)spent / done * (1 - done);
    return rest <= (double)instead;
}
