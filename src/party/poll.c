#include "party/poll.h"

#include <string.h>

#include "base/crypto.h"
#include "base/error.h"
#include "party/apply.h"

/* With several writable feeds the host must name one. A feed that was found stays the own feed. */
static bool find_writable(echo_party *party) {
    size_t writable = 0;
    void *handle;
    echo_feed_info info;
    const echo_key *key;
    for (size_t i = 0; (key = echo__merge_key(party->merge, i, &handle, &info)) != NULL; i++) {
        if (handle == NULL || !info.writable || !echo__party_admits(party, key)) continue;
        if (party->options.own_feed != NULL && !echo__key_equal(party->options.own_feed, key)) continue;
        writable++;
        party->own = *key;
    }
    return writable == 1;
}

void echo__party_find_own(echo_party *party) {
    party->has_own = party->has_own || find_writable(party);
    if (!party->has_own) return;
    echo_feed_info info;
    echo_error ignored = ECHO_ERROR_INIT;
    uint64_t seq;
    bool known = party->feeds.ops->info(&info, party->feeds.ctx, echo__merge_feed(party->merge, &party->own),
                                        &ignored) == ECHO_OK;
    bool covered = echo_timeframe_get(&seq, party->clock, &party->own);
    party->behind = !known || (covered && info.length <= seq);
    party->blocked = !party->behind && info.length > (covered ? seq + 1 : 0);
}

static bool admits(void *arg, const echo_key *feed) { return echo__party_admits(arg, feed); }

static echo_status accepts(void *arg, const echo_key *feed, const echo_message *message) {
    return echo__party_accepts(arg, feed, message);
}

echo_status echo__party_open_feeds(echo_party *party, echo_error *err) {
    echo__merge_hooks hooks = {admits, accepts, party};
    return echo__merge_new(&party->merge, &party->feeds, &party->codec, party->clock, NULL, &hooks, err);
}

/* P1: the clock moves after the message was applied, never before. */
static echo_status apply_entry(echo_party *party, const echo__merge_entry *entry, echo_error *err) {
    const echo__stamp *stamp = &entry->stamp;
    const echo_message *message = &entry->message;
    echo_status status = ECHO_OK;
    bool known = echo_timeframe_get(NULL, party->clock, &stamp->feed);
    if (!known) { /* the only step of moving the clock that can fail, taken first and taken back below */
        if (echo_timeframe_set(party->clock, &stamp->feed, stamp->seq) != ECHO_OK) return echo__nomem(err);
        echo_timeframe_unset(party->clock, &stamp->feed);
    }
    bool measured = party->costs.messages % ECHO__COST_SAMPLE == 0;
    uint64_t start = measured ? echo__party_clock_ns(party) : 0;
    const echo__model *model = NULL;
    if (entry->decoded != ECHO_OK)
        echo__items_refuse(&party->items, stamp, echo__bytes(NULL, 0), &entry->problem);
    else if (message->kind == ECHO_MESSAGE_ITEM)
        status = echo__apply_message(&model, &party->items, stamp, message, err);
    else if (message->kind == ECHO_MESSAGE_CREDENTIAL)
        status = echo__party_credential(party, stamp, message->credential, false, err);
    if (status != ECHO_OK) return status;
    if (party->generation == 0) party->generation = message->generation;
    status = echo_timeframe_set(party->clock, &stamp->feed, stamp->seq);
    if (status != ECHO_OK) return echo__error(err, status, "the clock cannot be advanced");
    echo__costs_add(&party->costs, model, entry->size, measured ? echo__party_clock_ns(party) - start : 0);
    return ECHO_OK;
}

#define EVICT_PER_MESSAGE 2u
#define READ_SAMPLE 256u /* messages applied at once from which the time of reading is measured */

/* The time of a message without that of applying it and of what was done between messages. */
static void measure_reading(echo_party *party, uint64_t messages, uint64_t ns) {
    if (messages < READ_SAMPLE) return;
    const echo__costs *costs = &party->costs;
    uint64_t apply = 0, count = 0;
    for (size_t i = 0; i < costs->count; i++) {
        apply += costs->models[i].apply_ns * costs->models[i].tail;
        count += costs->models[i].tail;
    }
    uint64_t each = ns / messages, applying = count == 0 ? 0 : apply / count;
    party->costs.read_ns = echo__cost_mean(party->costs.read_ns, each > applying ? each - applying : 1);
}

echo_status echo__party_pump(echo_party *party, uint64_t max, uint64_t *applied, echo_error *err) {
    uint64_t done = 0, start = echo__party_clock_ns(party), between = party->ns_between;
    echo_status status = ECHO_OK;
    while (max == 0 || done < max) {
        const echo__merge_entry *entry;
        status = echo__merge_peek(&entry, party->merge, err);
        if (status != ECHO_OK || entry == NULL) break;
        status = apply_entry(party, entry, err);
        if (status == ECHO_ERR_PENDING) { /* its item is still to be fetched, which is known now: the message waits */
            echo__error_clear(err);
            status = ECHO_OK;
            break;
        }
        if (status != ECHO_OK) break;
        echo__merge_advance(party->merge);
        done++;
        if (party->items.evict.limit > 0) (void)echo__items_evict(&party->items, EVICT_PER_MESSAGE);
        if (party->between != NULL) party->between(party, false);
        if (done % 4096 == 0) status = echo__party_progress(party, "messages", done, 0);
        if (status != ECHO_OK) break;
    }
    party->applied += done;
    measure_reading(party, done, echo__party_clock_ns(party) - start - (party->ns_between - between));
    if (applied != NULL) *applied = done;
    return status;
}

/* ---- rebuilding ---- */

static echo_status begin_rebuild(echo_party *party, bool root, echo_error *err) {
    return echo__rebuild_new(&party->rebuild, &party->items, root, &party->feeds, &party->codec, party->clock, err);
}

echo_status echo__party_rebuild(echo_party *party, echo_error *err) {
    uint64_t stale = 0;
    for (size_t i = 0; i < party->models.count; i++)
        stale +=
            echo__model_is_stale(party->options.models, party->models.list[i].model, party->models.list[i].version);
    party->report.stale_models = stale;
    if (stale == 0 || !party->options.rebuild) return ECHO_OK;
    return begin_rebuild(party, true, err);
}

#define REBUILD_SHARE 16u

/*
 * Items whose state became foreign while the party was open. A pass reads all that is covered, and a member can make
 * one necessary with two messages: after the first, another begins when a sixteenth of what it reads is new (P12). The
 * items that wait are opaque until then, or until the party is opened again.
 */
static bool must_rebuild(const echo_party *party) {
    if (party->rebuild != NULL || echo__party_awaits_rebuild(party) == 0) return false;
    uint64_t total = echo_timeframe_total(party->clock);
    return party->rebuilt_at == 0 || total - party->rebuilt_at >= total / REBUILD_SHARE;
}

static echo_status rebuild_foreign(echo_party *party, echo_error *err) {
    if (!must_rebuild(party)) return ECHO_OK;
    echo_status status = begin_rebuild(party, false, err);
    if (status == ECHO_OK) party->rebuilt_at = echo_timeframe_total(party->clock);
    return status;
}

static echo_status step_rebuild(echo_party *party, uint64_t max, echo_error *err) {
    echo__rebuild_outcome outcome;
    echo_error missing = ECHO_ERROR_INIT;
    echo_status status = echo__rebuild_step(&outcome, &missing, party->rebuild, max, err);
    if (status != ECHO_OK || outcome == ECHO__REBUILD_MORE) return status;
    echo__rebuild_free(party->rebuild);
    party->rebuild = NULL;
    if (outcome == ECHO__REBUILD_DONE) return ECHO_OK;
    party->report.stale_kept = true;
    echo__party_damage(party, &missing);
    return ECHO_OK;
}

echo_status echo__party_rebuild_all(echo_party *party, echo_error *err) {
    echo_status status = ECHO_OK;
    while (status == ECHO_OK && (party->rebuild != NULL || echo__party_awaits_rebuild(party) > 0)) {
        if (party->rebuild == NULL) status = begin_rebuild(party, false, err);
        if (status == ECHO_OK) status = step_rebuild(party, 0, err);
    }
    if (status != ECHO_OK || !party->report.stale_kept) return status;
    return echo__error(err, ECHO_ERR_GAP, "blocks that are needed to rebuild items are not present");
}

/* ---- the host's call ---- */

echo_status echo_party_poll(uint64_t *applied, echo_party *party, uint64_t max, echo_error *err) {
    if (applied != NULL) *applied = 0;
    echo_status status = echo__party_enter(party, err);
    if (status != ECHO_OK) return status;
    status = echo__party_poll(applied, party, max, err);
    echo__party_leave(party);
    return status;
}

echo_status echo__party_poll(uint64_t *applied, echo_party *party, uint64_t max, echo_error *err) {
    uint64_t done = 0;
    echo_error own = ECHO_ERROR_INIT;
    (void)echo__items_evict(&party->items, ECHO__EVICT_ITEMS);
    echo_status status = echo__merge_scan(party->merge, &own);
    if (status == ECHO_OK) status = echo__party_pump(party, max, &done, &own);
    if (applied != NULL) *applied = done;
    echo__party_find_own(party);
    if (status == ECHO_OK) status = rebuild_foreign(party, &own);
    if (status == ECHO_OK && party->rebuild != NULL) status = step_rebuild(party, max == 0 ? 4096 : max, &own);
    if (party->between != NULL) party->between(party, done == 0);
    return echo__error_return(err, &own, status, "messages cannot be applied");
}
