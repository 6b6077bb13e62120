#include "exchange/plan.h"

#include <math.h>

#define ENTRY_BYTES 190.0 /* a node's line */
#define PRINT_BYTES 4.0   /* what tells a line that is here */

/* How many of n places k random ones hit. */
static double hit(double n, double k) { return n <= 0 ? 0 : n * (1.0 - exp(-k / n)); }

uint64_t echo__plan_chunk_bytes(const echo__plan_facts *f) {
    double items = (double)f->root.items, run = (double)(1u << ECHO__TREE_BITS);
    if (f->root.items == 0) return 0;
    double record = (double)f->root.bytes / items;
    if (f->base.items == 0) return (uint64_t)((double)f->root.bytes + items / run * ENTRY_BYTES);
    double added = f->root.items > f->base.items ? items - (double)f->base.items : 0;
    double changed = hit(items, (double)f->covered);
    if (changed < added) changed = added;
    double bytes = changed * record, places = items;
    for (uint32_t level = 0; level <= f->root.height; level++) { /* changed lines whole, a print for each of the others beside them */
        places = places / run < 1 ? 1 : places / run;
        double chunks = hit(places, changed);
        bytes += chunks * ENTRY_BYTES + chunks * run * PRINT_BYTES;
    }
    return (uint64_t)bytes;
}

bool echo__plan_by_chunks(const echo__plan_facts *f) {
    return f->offered && f->covered > 0 && echo__plan_chunk_bytes(f) < f->covered_bytes;
}
