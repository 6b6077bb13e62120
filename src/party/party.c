#include "party/party.h"

#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "party/options.h"

/* ---- making and releasing ---- */

uint64_t echo__party_clock_ns(const echo_party *party) { return party->options.clock(party->options.clock_arg); }

static void forward_refused(void *arg, const echo_error *problem) {
    echo_party *party = arg;
    if (party->options.refused != NULL) party->options.refused(party->options.refused_arg, problem);
}

/* The host's pointers to what is copied or taken over need not stay valid after opening. */
static void own_pointers(echo_party *party) {
    echo_party_options *o = &party->options;
    if (o->own_feed != NULL) party->wanted = *o->own_feed;
    o->own_feed = o->own_feed != NULL ? &party->wanted : NULL;
    o->dir = NULL;
    o->party = NULL;
    o->feeds = NULL;
    o->store = NULL;
    o->codec = NULL;
    o->admitted = NULL;
}

echo_status echo__party_new(echo_party **out, const echo_key *key, const echo_party_options *options, echo_error *err) {
    *out = NULL;
    echo_party *party = echo__calloc(1, sizeof *party);
    if (party == NULL) return echo__nomem(err);
    party->key = *key;
    echo__options_take(&party->options, &party->policy, options);
    own_pointers(party);
    party->codec = options->codec != NULL ? *options->codec : echo_codec_dxos();
    echo__items_init(&party->items, options->models);
    party->items.root = &party->root;
    party->items.on_refused = forward_refused;
    party->items.on_refused_arg = party;
    party->items.evict.limit = party->options.memory;
    party->items.clock = party->options.clock;
    party->items.clock_arg = party->options.clock_arg;
    if (options->admitted_count > 0) {
        party->admitted = echo__realloc_array(NULL, options->admitted_count, sizeof *party->admitted);
        if (party->admitted != NULL)
            memcpy(party->admitted, options->admitted, options->admitted_count * sizeof *party->admitted);
        party->admitted_count = options->admitted_count;
    }
    if ((options->admitted_count > 0 && party->admitted == NULL) || echo_timeframe_new(&party->clock) != ECHO_OK ||
        echo_timeframe_new(&party->durable) != ECHO_OK || echo_timeframe_new(&party->root_clock) != ECHO_OK ||
        echo__admission_new(&party->admission, key) != ECHO_OK) {
        echo_party_free(party);
        return echo__nomem(err);
    }
    *out = party;
    return ECHO_OK;
}

/* Chunks that were read are kept beside the items: a quarter of the host's bound, within what is useful. */
static size_t chunk_budget(uint64_t memory) {
    const uint64_t least = (uint64_t)1 << 20;
    if (memory == 0 || memory / 4 > ECHO__CHUNK_KEEP) return ECHO__CHUNK_KEEP;
    return (size_t)(memory / 4 < least ? least : memory / 4);
}

echo_status echo__party_over(echo_party *party, const echo_feeds *feeds, const echo_store *store, uint64_t newest,
                             echo_error *err) {
    party->feeds = *feeds;
    party->store = *store;
    party->newest = newest;
    if (store->ops == NULL) return ECHO_OK;
    if (echo__chunks_new(&party->chunks, &party->store) != ECHO_OK) return echo__nomem(err);
    echo__chunks_keep(party->chunks, chunk_budget(party->options.memory));
    party->items.chunks = party->chunks;
    return ECHO_OK;
}

void echo_party_free(echo_party *party) {
    if (party == NULL) return;
    party->free_wanted = true;
    if (party->calls == 0) echo__party_destroy(party);
}

void echo__party_destroy(echo_party *party) {
    echo__merge *merge = party->merge;
    echo__rebuild *rebuild = party->rebuild;
    party->calls++; /* the hooks that free states and close feeds may look, but not at what is being freed */
    party->merge = NULL;
    party->rebuild = NULL;
    if (party->detach != NULL) party->detach(party);
    echo__rebuild_free(rebuild);
    echo__items_free(&party->items);
    echo__merge_free(merge);
    echo__costs_free(&party->costs);
    echo__chunks_free(party->chunks);
    if (party->owns_store) echo_store_close(&party->store);
    echo_store_close(&party->below);
    if (party->owns_feeds) echo_feeds_close(&party->feeds);
    for (size_t i = 0; i < party->credentials_count; i++) echo__free(party->credentials[i].bytes);
    echo__free(party->credentials);
    echo__models_free(&party->models);
    echo__admission_free(party->admission);
    echo_timeframe_free(party->clock);
    echo_timeframe_free(party->durable);
    echo_timeframe_free(party->root_clock);
    echo__feed_roots_free(&party->feed_roots);
    echo__free(party->admitted);
    echo__free(party->damage);
    echo__free(party);
}

void echo__party_damage(echo_party *party, const echo_error *problem) {
    if (!echo__grow(&party->damage, &party->damage_cap, party->report.damage_count + 1, sizeof *party->damage)) return;
    party->damage[party->report.damage_count++] = *problem;
    party->report.damage = party->damage;
}

echo_status echo__party_progress(echo_party *party, const char *phase, uint64_t done, uint64_t total) {
    if (party->options.progress == NULL) return ECHO_OK;
    echo_status status = party->options.progress(party->options.progress_arg, phase, done, total);
    if (status != ECHO_OK) party->cancelled = true;
    return status;
}

/* ---- calls within calls ---- */

/* Hooks run within functions whose party is const as well; the parties themselves never are. */
static echo_party *mutable_party(const echo_party *party) { return (echo_party *)(uintptr_t)party; }

echo_status echo__party_enter(echo_party *party, echo_error *err) {
    if (party == NULL) return echo__error_null(err, "party");
    if (party->calls > 0)
        return echo__error(err, ECHO_ERR_BUSY,
                           "the party is in a call: hooks, callbacks and events may neither change nor walk it");
    party->calls = 1;
    return ECHO_OK;
}

void echo__party_hold(const echo_party *party) { mutable_party(party)->calls++; }

void echo__party_leave(const echo_party *const_party) {
    echo_party *party = mutable_party(const_party);
    if (--party->calls == 0 && party->free_wanted) echo__party_destroy(party);
}

const echo_party *echo__party_of(const echo_item *item) {
    if (item->epoch == NULL) return NULL;
    return (const echo_party *)((const char *)item->epoch - offsetof(echo_party, items) - offsetof(echo__items, epoch));
}

/* ---- admission ---- */

/* Also from functions that only read, which the hook may not make anything of. */
static bool ask_host(const echo_party *const_party, const echo_key *feed) {
    echo_party *party = mutable_party(const_party);
    bool before = party->asking;
    echo__party_hold(party);
    party->asking = true;
    bool admitted = party->options.admit(party->options.admit_arg, feed);
    party->asking = before;
    echo__party_leave(party);
    return admitted;
}

bool echo__party_admits(const echo_party *party, const echo_key *feed) {
    if (party->options.admit != NULL) return ask_host(party, feed);
    if (party->admitted_count == 0) return echo__admission_admits(party->admission, feed);
    for (size_t i = 0; i < party->admitted_count; i++)
        if (echo__key_equal(&party->admitted[i], feed)) return true;
    return false;
}

bool echo__party_admits_by_host(const echo_party *party) {
    return party->options.admit != NULL || party->admitted_count > 0;
}

bool echo__party_is_member(const echo_party *party, const echo_key *key) {
    return echo__party_admits(party, key) ||
           (!echo__party_admits_by_host(party) && echo__admission_trusts(party->admission, key));
}

echo_status echo__party_accepts(const echo_party *party, const echo_key *feed, const echo_message *message) {
    if (echo__party_admits_by_host(party) || message->kind != ECHO_MESSAGE_CREDENTIAL) return ECHO_ERR_REFUSED;
    return echo__admission_accepts_outsider(party->admission, feed, message->credential);
}

echo_status echo__party_credential(echo_party *party, const echo__stamp *stamp, echo_bytes bytes, bool stored,
                                   echo_error *err) {
    uint8_t *copy = NULL;
    if (!stored) {
        if (!echo__grow(&party->credentials, &party->credentials_cap, party->credentials_count + 1,
                        sizeof *party->credentials))
            return echo__nomem(err);
        copy = (uint8_t *)echo__strndup(bytes.data, bytes.len);
        if (copy == NULL) return echo__nomem(err);
    }
    bool grew = false;
    echo_error problem = ECHO_ERROR_INIT;
    echo_status status = echo__admission_add(party->admission, &stamp->feed, stamp->seq, bytes, &grew, &problem);
    if (status == ECHO_ERR_NOMEM) {
        echo__free(copy);
        return echo__nomem(err);
    }
    if (status != ECHO_OK) { /* it admits nothing; kept all the same (P6) */
        echo__error_adopt(&problem, status, "credential is not usable");
        echo__items_refuse(&party->items, stamp, echo__bytes(NULL, 0), &problem);
    }
    if (!stored) party->credentials[party->credentials_count++] = (echo__credential){*stamp, copy, bytes.len};
    if (grew && party->merge != NULL) echo__merge_retrust(party->merge);
    return ECHO_OK;
}

/* ---- looking ---- */

const echo_key *echo_party_key(const echo_party *party) { return party == NULL ? NULL : &party->key; }

const echo_timeframe *echo_party_clock(const echo_party *party) { return party == NULL ? NULL : party->clock; }

const echo_restore_report *echo_party_report(const echo_party *party) { return party == NULL ? NULL : &party->report; }

uint64_t echo__party_awaits_rebuild(const echo_party *party) {
    return !party->options.rebuild || party->report.stale_kept ? 0 : party->items.foreign.map.count;
}

void echo_party_status_get(echo_party_status *out, const echo_party *party) {
    if (out == NULL) return;
    memset(out, 0, sizeof *out);
    if (party == NULL) return;
    echo__merge_counts counts;
    memset(&counts, 0, sizeof counts);
    if (!party->asking && party->merge != NULL)
        echo__merge_counts_get(&counts, party->merge); /* which would ask again, without an end */
    out->items = party->root.items + party->items.added;
    out->items_in_memory = party->items.table.count;
    out->items_changed = echo__items_unsaved(&party->items);
    out->applied = party->applied;
    out->refused = party->items.refused;
    out->feeds = counts.feeds;
    out->waiting = counts.waiting;
    out->stopped = counts.stopped;
    out->stop = counts.stop;
    out->rebuilding = echo__rebuild_items(party->rebuild) + echo__party_awaits_rebuild(party);
    out->snapshot = party->number;
    out->writable = party->has_own && !party->behind && !party->blocked && party->options.writable;
}

echo_status echo_party_awaited(echo_awaited *out, size_t max, size_t *count, const echo_party *party) {
    if (party == NULL || count == NULL || (out == NULL && max > 0)) return ECHO_ERR_INVALID;
    size_t n = party->merge == NULL ? 0 : echo__merge_awaited(party->merge, NULL, 0);
    if (max > 0 && n > 0) {
        echo__awaits *list = echo__realloc_array(NULL, n, sizeof *list);
        if (list == NULL) return ECHO_ERR_NOMEM;
        (void)echo__merge_awaited(party->merge, list, n);
        for (size_t i = 0; i < n && i < max; i++)
            out[i] = (echo_awaited){list[i].feed, list[i].seq, list[i].awaited_feed, list[i].awaited_seq};
        echo__free(list);
    }
    *count = n;
    return ECHO_OK;
}
