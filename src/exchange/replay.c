#include "exchange/replay.h"

#include <sodium.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "snapshot/snapshot.h"
#include "tree/leaf.h"
#include "tree/path.h"

typedef struct sample {
    echo__buf *ids;
    size_t count;
    echo_codec codec; /* the party's own */
} sample;

typedef struct replay_args {
    echo_exchange *x;
    sample sample;
} replay_args;

/* The id of the item of that rank. */
static echo_status id_at(echo__buf *out, echo_exchange *x, uint64_t rank, echo_error *err) {
    echo__path path;
    echo_status status = echo__path_init(&path, x->chunks, &x->target.items, err);
    while (status == ECHO_OK && (status = echo__path_down(&path, err)) == ECHO_OK && path.level > 0) {
        const echo__page *page = echo__path_page(&path);
        echo__entry entry;
        uint32_t at = 0;
        for (echo__page_entry(page, at, &entry); rank >= entry.items && at + 1 < page->lines->count;
             echo__page_entry(page, ++at, &entry))
            rank -= entry.items;
        path.at[path.level] = at;
    }
    if (status == ECHO_OK) {
        uint8_t room[ECHO__ID_MAX];
        const echo__page *page = echo__path_page(&path);
        echo_bytes id =
            echo__page_id(page, (uint32_t)(rank < page->lines->count ? rank : page->lines->count - 1u), room);
        echo__buf_append(out, id.data, id.len);
        if (out->status != ECHO_OK) status = echo__nomem(err);
    }
    echo__path_free(&path);
    return status;
}

static uint64_t random_below(uint64_t n) {
    uint64_t number, limit = UINT64_MAX - UINT64_MAX % n;
    do randombytes_buf(&number, sizeof number);
    while (number >= limit);
    return number % n;
}

static int by_id(const void *a, const void *b) { return echo__bytes_compare(echo__buf_bytes(a), echo__buf_bytes(b)); }

/* Different items, each as likely as any other (Floyd's algorithm): drawn after the root is known, so that the
 * author cannot prepare for it. */
static echo_status draw(sample *s, echo_exchange *x, echo_error *err) {
    uint64_t items = x->target.items.items, n = x->options.samples < items ? x->options.samples : items;
    uint64_t *ranks = echo__calloc((size_t)n + 1, sizeof *ranks);
    s->ids = echo__calloc((size_t)n + 1, sizeof *s->ids);
    echo_status status = ranks == NULL || s->ids == NULL ? echo__nomem(err) : ECHO_OK;
    for (uint64_t i = 0; status == ECHO_OK && i < n; i++) {
        uint64_t rank = random_below(items - n + i + 1);
        for (size_t k = 0; k < s->count; k++)
            if (ranks[k] == rank) rank = items - n + i;
        ranks[s->count] = rank;
        status = id_at(&s->ids[s->count], x, rank, err);
        s->count++;
    }
    if (status == ECHO_OK) qsort(s->ids, s->count, sizeof *s->ids, by_id);
    echo__free(ranks);
    return status;
}

static bool is_drawn(const sample *s, echo_bytes id) {
    echo__buf key = {(uint8_t *)(uintptr_t)id.data, id.len, id.len, ECHO_OK};
    return bsearch(&key, s->ids, s->count, sizeof *s->ids, by_id) != NULL;
}

/* Messages of other items are covered and not applied. */
static echo_status decode(echo_message *out, void *ctx, echo_bytes block, echo_scratch *scratch, echo_error *err) {
    const sample *s = ctx;
    echo_status status = s->codec.ops->decode(out, s->codec.ctx, block, scratch, err);
    if (status == ECHO_OK && out->kind == ECHO_MESSAGE_ITEM && !is_drawn(s, out->item))
        out->kind = ECHO_MESSAGE_UNKNOWN;
    return status;
}

static echo_status encode(uint8_t **out, size_t *len, void *ctx, const echo_message *message, echo_error *err) {
    const sample *s = ctx;
    return s->codec.ops->encode(out, len, s->codec.ctx, message, err);
}

static void release(void *ctx, uint8_t *block) {
    const sample *s = ctx;
    s->codec.ops->release(s->codec.ctx, block);
}

static echo_status keep_line(void *arg, echo__line line) { return echo__line_expand(arg, line, NULL); }

static echo_status compare_drawn(const replay_args *r, const echo_party *replayed, echo_error *err) {
    echo_status status = ECHO_OK;
    echo__buf claimed = ECHO__BUF_INIT, found = ECHO__BUF_INIT;
    for (size_t i = 0; i < r->sample.count && status == ECHO_OK; i++) {
        echo_bytes id = echo__buf_bytes(&r->sample.ids[i]);
        echo__buf_clear(&claimed);
        echo__buf_clear(&found);
        status = echo__tree_get(r->x->chunks, &r->x->target.items, id, keep_line, &claimed, err);
        if (status == ECHO_OK) status = echo__tree_get(replayed->chunks, &replayed->root, id, keep_line, &found, err);
        if (status == ECHO_OK && !echo__bytes_equal(echo__buf_bytes(&claimed), echo__buf_bytes(&found)))
            status = ECHO_ERR_NOT_FOUND;
        if (status == ECHO_ERR_NOT_FOUND) {
            echo__error(err, ECHO_ERR_CORRUPT, "an item of the snapshot differs from what the feeds give");
            echo__error_item(err, id.data, id.len);
            status = ECHO_ERR_CORRUPT;
        }
    }
    echo__buf_free(&claimed);
    echo__buf_free(&found);
    return status;
}

static echo_status compare_replayed(void *arg, const echo_party *replayed, const echo_hash *digest, echo_error *err) {
    const replay_args *r = arg;
    if (r->sample.ids != NULL) return compare_drawn(r, replayed, err);
    return echo__hash_equal(digest, &r->x->target_digest)
               ? ECHO_OK
               : echo__error(err, ECHO_ERR_CORRUPT, "the snapshot differs from what replaying the feeds gives");
}

static echo_status replay(echo_exchange *x, echo_error *err) {
    static const echo_codec_ops ops = {ECHO_CODEC_OPS_VERSION, decode, encode, release, 2};
    replay_args r = {x, {NULL, 0, x->options.codec == NULL ? echo_codec_dxos() : *x->options.codec}};
    bool all =
        x->options.trust == ECHO_TRUST_REPLAYED || x->target.items.items == 0; /* a sample of nothing proves nothing */
    echo_codec filter = {&ops, &r.sample};
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    options.party = &x->party;
    options.models = (echo_registry *)(uintptr_t)x->options.models;
    options.feeds = x->feeds;
    options.codec = all ? x->options.codec : &filter;
    options.writable = false;
    echo_status status = ECHO_OK;
    if (!all) status = draw(&r.sample, x, err);
    if (status == ECHO_OK)
        status = echo__overlay_show(&x->overlay, &x->party, x->target.number, echo__buf_bytes(&x->target_text));
    if (status == ECHO_OK)
        status = echo__snapshot_replay(&options, &x->overlay.store, x->target.number, compare_replayed, &r, err);
    if (status == ECHO_OK) {
        x->state.sampled = all ? x->target.items.items : r.sample.count;
        x->state.detection = all ? 1 : (double)r.sample.count / (double)x->target.items.items;
    }
    for (size_t i = 0; r.sample.ids != NULL && i < r.sample.count; i++) echo__buf_free(&r.sample.ids[i]);
    echo__free(r.sample.ids);
    return status;
}

echo__outcome echo__replay_target(echo_exchange *x, echo_error *why) {
    if (x->replayed) return ECHO__DONE;
    echo_status status = replay(x, why);
    x->replayed = status == ECHO_OK;
    if (status != ECHO_OK) echo__error_adopt(why, status, "the snapshot could not be replayed");
    /* With a feed, the error is about the files of that feed, which are present locally, and not about the target. */
    if (status == ECHO_ERR_CORRUPT && !why->has_feed) return ECHO__BAD;
    if (status == ECHO_ERR_GAP) return ECHO__BAD; /* no peer has the blocks that would prove it */
    return status == ECHO_OK ? ECHO__DONE : status == ECHO_ERR_BUSY ? ECHO__MORE : ECHO__FAILED;
}
