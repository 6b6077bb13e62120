/*
 * Comparing two snapshots: where their trees differ, records are split into slots, and the slots of both sides are
 * compared.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "snapshot/slots.h"
#include "snapshot/stored.h"
#include "tree/diff.h"
#include "tree/leaf.h"

typedef struct side {
    echo__manifest manifest;
    echo__chunks *chunks;
    echo__slots record;
    echo__buf line; /* of the item, alone */
} side;

typedef struct comparison {
    side a, b;
    bool same_timeframe;
    echo_difference_report report;
    echo_difference_part *parts;
    size_t count, cap;
    echo__buf id, type;
    echo_difference_fn fn;
    void *arg;
    echo_error *err;
} comparison;

/* ---- one slot ---- */

static int compare_at(const echo_message_at *a, const echo_message_at *b) {
    echo__stamp x = {a->time, a->feed, a->seq}, y = {b->time, b->feed, b->seq};
    return echo__stamp_compare(&x, &y);
}

static void lower_first(bool *known, echo_message_at *first, const echo_message_at *at) {
    if (*known && compare_at(first, at) <= 0) return;
    *known = true;
    *first = *at;
}

static bool covers(const side *s, const echo__stamp *stamp) {
    uint64_t seq;
    return echo_timeframe_get(&seq, s->manifest.timeframe, &stamp->feed) && stamp->seq <= seq;
}

/* What is found about a slot, going down from its highest stamp. */
typedef struct finding {
    bool differs, explained; /* explained: all that makes the difference is covered by one side alone */
    const side *run;         /* whose stamps have no counterpart */
    bool over;               /* a lower one may have been overtaken */
    bool known;
    echo_message_at first;
} finding;

static void note_mark(finding *f, const echo__stamp *stamp) {
    echo_message_at at = {stamp->time, stamp->feed, stamp->seq};
    f->differs = true;
    lower_first(&f->known, &f->first, &at);
}

/* A stamp that only `own` has. In a log all stay; elsewhere later ones that only the other has may have overtaken it.
 */
static void note_single(finding *f, const echo__stamp *stamp, const side *own, const side *other, bool log) {
    if (f->run == NULL) f->run = own;
    if (!log && f->run != own) f->over = true;
    if (f->over) return;
    note_mark(f, stamp);
    f->explained = f->explained && covers(own, stamp) && !covers(other, stamp);
}

static const echo__mark *mark_of(const side *s, const echo__slot *slot, size_t left) {
    return left == 0 ? NULL : &s->record.marks[slot->first + left - 1];
}

static bool same_value(echo_bytes a, echo_bytes b) {
    return (a.data == NULL) == (b.data == NULL) && echo__bytes_equal(a, b);
}

#define GROUP_MAX 64u

/* The number of remaining marks that have the stamp of the last one. */
static size_t group_of(const side *s, const echo__slot *slot, size_t left) {
    size_t n = 1;
    while (n < left && echo__stamp_compare(&mark_of(s, slot, left - n)->stamp, &mark_of(s, slot, left)->stamp) == 0)
        n++;
    return n;
}

static bool same_text(const side *a, echo__text_at x, const side *b, echo__text_at y) {
    return same_value(echo__slots_text(&a->record, x), echo__slots_text(&b->record, y));
}

static bool same_mark(const comparison *c, const echo__mark *x, const echo__mark *y) {
    return same_text(&c->a, x->what, &c->b, y->what) && same_text(&c->a, x->value, &c->b, y->value);
}

/* Whether both sides have an operation of this message, with different values. */
static bool contradict(const comparison *c, const echo__mark *x, size_t n, const echo__mark *y, size_t m) {
    if (n > GROUP_MAX || m > GROUP_MAX) return false;
    for (size_t i = 0; i < n; i++) {
        bool found = false, same = false;
        for (size_t k = 0; k < m; k++) {
            found = found || same_text(&c->a, x[i].what, &c->b, y[k].what);
            same = same || same_mark(c, &x[i], &y[k]);
        }
        if (found && !same) return true;
    }
    return false;
}

/*
 * What both have of one message. A later message that one side alone has may have overtaken some of its operations
 * on that side, or left a touch of them; without such a message any difference is one.
 */
static void compare_groups(finding *f, const comparison *c, const echo__mark *x, size_t n, const echo__mark *y,
                           size_t m) {
    bool same = n == m;
    for (size_t i = 0; same && i < n; i++) same = same_mark(c, &x[i], &y[i]);
    if (same || (f->run != NULL && !contradict(c, x, n, y, m))) return;
    note_mark(f, &x->stamp);
    f->explained = false;
}

static void compare_marks(finding *f, const comparison *c, const echo__slot *a, const echo__slot *b, bool log) {
    size_t i = a == NULL ? 0 : a->count, k = b == NULL ? 0 : b->count;
    while (i > 0 || k > 0) {
        const echo__mark *x = mark_of(&c->a, a, i), *y = mark_of(&c->b, b, k);
        int order = x == NULL ? -1 : y == NULL ? 1 : echo__stamp_compare(&x->stamp, &y->stamp);
        size_t n = order >= 0 ? group_of(&c->a, a, i) : 0, m = order <= 0 ? group_of(&c->b, b, k) : 0;
        i -= n;
        k -= m;
        if (order > 0)
            note_single(f, &x->stamp, &c->a, &c->b, log);
        else if (order < 0)
            note_single(f, &y->stamp, &c->b, &c->a, log);
        else
            compare_groups(f, c, x - (n - 1), n, y - (m - 1), m);
    }
}

static echo_bytes value_of(const side *s, const echo__slot *slot) {
    return slot == NULL ? echo__bytes(NULL, 0) : echo__slots_text(&s->record, slot->value);
}

static echo_verdict judge(const comparison *c, const finding *f, const char *name) {
    if (f->known) return f->explained ? ECHO_VERDICT_COVERED : ECHO_VERDICT_DIVERGED;
    bool form = strcmp(name, "version") == 0 || strcmp(name, "form") == 0; /* how it is written, not what it says */
    return form || !c->same_timeframe ? ECHO_VERDICT_UNKNOWN : ECHO_VERDICT_DIVERGED;
}

static echo_status add_part(comparison *c, const echo_difference_part *part) {
    if (!echo__grow(&c->parts, &c->cap, c->count + 1, sizeof *c->parts)) return echo__nomem(c->err);
    c->parts[c->count++] = *part;
    return ECHO_OK;
}

static bool one_sided(const comparison *c) { return !c->a.record.present || !c->b.record.present; }

static echo_status compare_slots(comparison *c, const echo__slot *a, const echo__slot *b) {
    const echo__slot *any = a != NULL ? a : b;
    finding f = {.explained = true};
    echo_bytes x = value_of(&c->a, a), y = value_of(&c->b, b);
    compare_marks(&f, c, a, b, any->kind == ECHO_DIFFERENCE_LOG);
    if (!f.differs && (same_value(x, y) || (one_sided(c) && any->kind == ECHO_DIFFERENCE_HEAD))) return ECHO_OK;
    const echo__mark *last = a == NULL ? NULL : mark_of(&c->a, a, a->count);
    if (!f.differs && last != NULL) { /* the same messages, another outcome */
        note_mark(&f, &last->stamp);
        f.explained = false;
    }
    echo_difference_part part = {any->kind, any->name, x, y, judge(c, &f, any->name), f.known, f.first};
    return add_part(c, &part);
}

/* ---- one item ---- */

/* Head slots have their own order, which rank() gives. */
static int rank(const char *name) { return name[0] == 'g' ? 0 : name[0] == 'p' ? 1 : name[0] == 'd' ? 2 : 3; }

static int slot_order(const echo__slot *a, const echo__slot *b) {
    if (a == NULL || b == NULL) return a == NULL ? 1 : -1;
    if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
    return a->kind == ECHO_DIFFERENCE_HEAD ? rank(a->name) - rank(b->name) : strcmp(a->name, b->name);
}

/* One side has a state where the other has a log: the writers had different models registered, and the two cannot be
 * compared. */
static bool forms_differ(const comparison *c) {
    const echo__slots *a = &c->a.record, *b = &c->b.record;
    return a->present && b->present && (a->has_state != b->has_state || a->has_bytes != b->has_bytes);
}

static echo_bytes form_of(const echo__slots *d) {
    return echo__bytes_text(d->has_state ? "\"state\"" : d->has_bytes ? "\"bytes\"" : "\"log\"");
}

static const echo__slot *slot_at(const echo__slots *d, size_t i, bool heads_alone) {
    if (i >= d->slots_count || (heads_alone && d->slots[i].kind != ECHO_DIFFERENCE_HEAD)) return NULL;
    return &d->slots[i];
}

static echo_status compare_records(comparison *c) {
    const echo__slots *a = &c->a.record, *b = &c->b.record;
    bool forms = forms_differ(c);
    echo_status status = ECHO_OK;
    for (size_t i = 0, k = 0; status == ECHO_OK;) {
        const echo__slot *x = slot_at(a, i, forms), *y = slot_at(b, k, forms);
        if (x == NULL && y == NULL) break;
        int order = slot_order(x, y);
        i += order <= 0;
        k += order >= 0;
        status = compare_slots(c, order <= 0 ? x : NULL, order >= 0 ? y : NULL);
    }
    if (status != ECHO_OK || (!forms && c->count > 0)) return status;
    echo_difference_part part = {.kind = ECHO_DIFFERENCE_STATE,
                                 .name = "form",
                                 .a = form_of(a),
                                 .b = form_of(b),
                                 .verdict = ECHO_VERDICT_UNKNOWN};
    return add_part(c, &part);
}

static void sum_up(comparison *c, echo_difference *d) {
    echo_difference_report *r = &c->report;
    bool any = false, alone = one_sided(c); /* its stamps have to explain why one side lacks the item */
    for (size_t i = 0; i < c->count; i++) any = any || c->parts[i].known;
    for (size_t i = 0; i < c->count; i++) {
        const echo_difference_part *part = &c->parts[i];
        if (part->verdict > d->verdict && (part->known || !alone || !any)) d->verdict = part->verdict;
        if (!part->known) continue;
        lower_first(&d->known, &d->first, &part->first);
        lower_first(&r->known, &r->first, &part->first);
        if (part->verdict == ECHO_VERDICT_DIVERGED) lower_first(&r->diverged_known, &r->diverged_first, &part->first);
    }
    r->items++;
    if (d->verdict == ECHO_VERDICT_COVERED)
        r->covered++;
    else if (d->verdict == ECHO_VERDICT_UNKNOWN)
        r->unknown++;
    else
        r->diverged++;
}

static echo_status copy_text(echo__buf *out, echo_bytes text) {
    echo__buf_clear(out);
    echo__buf_append(out, text.data, text.len);
    echo__buf_byte(out, 0);
    return out->status;
}

static echo_status expand(echo_bytes *out, side *s, echo__line line, echo_error *err) {
    *out = line.text;
    if (line.text.data == NULL) return ECHO_OK;
    echo__buf_clear(&s->line);
    echo_status status = echo__line_expand(&s->line, line, err);
    *out = echo__buf_bytes(&s->line);
    return status;
}

static echo_status report_item(comparison *c, echo_bytes id, echo__line line_a, echo__line line_b) {
    const echo__record *record = c->a.record.present ? &c->a.record.record : &c->b.record.record;
    echo_difference d = {.parts = c->parts, .parts_count = c->count, .verdict = ECHO_VERDICT_COVERED};
    echo_status status = expand(&d.a, &c->a, line_a, c->err);
    if (status == ECHO_OK) status = expand(&d.b, &c->b, line_b, c->err);
    if (status != ECHO_OK) return status;
    if (copy_text(&c->id, id) != ECHO_OK || copy_text(&c->type, record->type) != ECHO_OK) return echo__nomem(c->err);
    d.id = (const char *)c->id.data;
    d.type = record->type.data != NULL ? (const char *)c->type.data : NULL;
    sum_up(c, &d);
    return c->fn != NULL ? c->fn(c->arg, &d) : ECHO_OK;
}

static echo_status compare_item(void *arg, echo_bytes id, echo__line line_a, echo__line line_b) {
    comparison *c = arg;
    c->count = 0;
    echo_status status = echo__slots_read(&c->a.record, c->a.chunks, line_a, c->err);
    if (status == ECHO_OK) status = echo__slots_read(&c->b.record, c->b.chunks, line_b, c->err);
    if (status != ECHO_OK) echo__error_item(c->err, id.data, id.len);
    if (status == ECHO_OK) status = compare_records(c);
    if (status == ECHO_OK) status = report_item(c, id, line_a, line_b);
    echo__slots_clear(&c->a.record);
    echo__slots_clear(&c->b.record);
    return status;
}

/* ---- the whole ---- */

static void close_side(side *s, echo_difference_report *report) {
    echo__chunk_counts counts;
    if (s->chunks == NULL) return;
    echo__chunks_counts(s->chunks, &counts);
    report->chunks_read += counts.read;
    echo__chunks_free(s->chunks);
    echo__manifest_free(&s->manifest);
    echo__free(s->record.slots);
    echo__free(s->record.marks);
    echo__buf_free(&s->record.texts);
    echo__buf_free(&s->record.scratch);
    echo__buf_free(&s->line);
}

static echo_status compare_roots(comparison *c, echo_error *err) {
    echo__manifest *a = &c->a.manifest, *b = &c->b.manifest;
    echo_difference_report *r = &c->report;
    if (echo__manifest_digest(&r->digest_a, a) != ECHO_OK || echo__manifest_digest(&r->digest_b, b) != ECHO_OK)
        return echo__nomem(err);
    r->number_a = a->number;
    r->number_b = b->number;
    r->same_digest = memcmp(&r->digest_a, &r->digest_b, sizeof r->digest_a) == 0;
    r->same_timeframe = c->same_timeframe = echo_timeframe_compare(a->timeframe, b->timeframe) == ECHO_ORDER_EQUAL;
    r->same_credentials = a->credentials.items == b->credentials.items &&
                          memcmp(&a->credentials.hash, &b->credentials.hash, sizeof a->credentials.hash) == 0;
    return echo__tree_diff(c->a.chunks, &a->items, c->b.chunks, &b->items, compare_item, c, err);
}

echo_status echo_snapshot_compare(echo_difference_report *out, const echo_store *store_a, uint64_t number_a,
                                  const echo_store *store_b, uint64_t number_b, const echo_key *party,
                                  echo_difference_fn fn, void *arg, echo_error *err) {
    comparison c;
    echo_error own = ECHO_ERROR_INIT;
    if (out == NULL) return echo__error_null(err, "out");
    memset(&c, 0, sizeof c);
    memset(out, 0, sizeof *out);
    echo_status status = echo__stored_check(store_a, party, err);
    if (status == ECHO_OK) status = echo__stored_check(store_b, party, err);
    if (status != ECHO_OK) return status;
    c.fn = fn;
    c.arg = arg;
    c.err = &own;
    status = echo__stored_open(&c.a.manifest, &c.a.chunks, store_a, party, number_a, &own);
    if (status == ECHO_OK) status = echo__stored_open(&c.b.manifest, &c.b.chunks, store_b, party, number_b, &own);
    if (status == ECHO_OK) status = compare_roots(&c, &own);
    close_side(&c.a, &c.report);
    close_side(&c.b, &c.report);
    echo__free(c.parts);
    echo__buf_free(&c.id);
    echo__buf_free(&c.type);
    if (status == ECHO_OK) *out = c.report;
    return echo__error_return(err, &own, status, NULL);
}
