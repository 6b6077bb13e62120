/*
 * A writer's clock names, per feed, the last message it has seen: clock[f], -1 for none. It is closed under causality,
 * because a writer takes over another's whole clock or none of it; so every message made here can be applied.
 */
#include "gen/generate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <echo/sys/codec.h>
#include <echo/sys/feed.h>

#include "gen/generate_content.h"

#define FEEDS_MAX 1000u
#define PICKS 16u /* draws of an item before a writer is taken to know none */
#define TYPE_CHARS 32u
#define NONE UINT64_MAX

enum { PURPOSE_PARTY = 1, PURPOSE_FEED, PURPOSE_ITEM, PURPOSE_MODEL };

/* The message that made an item. */
typedef struct birth {
    uint32_t feed, seq;
} birth;

typedef struct writer {
    echo_keypair keys;
    void *handle;
    uint64_t length; /* blocks of the feed, those that wait here included */
    int64_t *clock;
    echo_bytes *blocks; /* waiting to be appended */
    size_t pending;
} writer;

struct generator {
    generate_options options;
    char *feeds_path; /* NULL: in memory */
    echo_feeds source;
    echo_codec codec;
    generate_random random;
    generate_content content;
    echo_keypair party;
    echo_key *keys;
    writer *writers;
    birth *births;
    uint64_t births_cap;
    echo_frame *frames;
    generate_counts counts;
};

static echo_status fail(echo_error *err, echo_status status, const char *message) {
    if (err == NULL) return status;
    *err = (echo_error)ECHO_ERROR_INIT;
    err->code = status;
    (void)snprintf(err->message, sizeof err->message, "%s", message);
    return status;
}

static echo_bytes text(const char *s) { return (echo_bytes){(const uint8_t *)s, s == NULL ? 0 : strlen(s)}; }

static uint64_t below(generator *g, uint64_t n) { return generate_random_below(&g->random, n); }

static bool chance(generator *g, double p) { return generate_random_chance(&g->random, p); }

/* ---- opening ---- */

static echo_status check(const generate_options *o, echo_error *err) {
    const double shares[] = {o->create, o->hot,    o->concurrency, o->deletions, o->parents,
                             o->links,  o->nested, o->varied,      o->hookless};
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++)
        if (!(shares[i] >= 0.0 && shares[i] <= 1.0))
            return fail(err, ECHO_ERR_INVALID, "a share is not between 0 and 1");
    if (o->generation != 1 && o->generation != 2) return fail(err, ECHO_ERR_INVALID, "the dialect must be 1 or 2");
    if (o->generation == 1 && (o->deletions > 0 || o->links > 0 || o->nested > 0 || o->credentials))
        return fail(err, ECHO_ERR_INVALID, "dialect 1 has no deletions, links, nested paths and credentials");
    if (o->members > FEEDS_MAX || (o->members > 0 && !o->credentials))
        return fail(err, ECHO_ERR_INVALID, "members need credentials, and are at most 1000");
    if (o->feeds < 1 || o->feeds > FEEDS_MAX) return fail(err, ECHO_ERR_INVALID, "feeds must be 1 to 1000");
    if (o->items < 1 || o->items > UINT32_MAX) return fail(err, ECHO_ERR_INVALID, "items must be 1 to 4294967295");
    if (o->properties < 1 || o->batch < 1) return fail(err, ECHO_ERR_INVALID, "properties and batch must be 1 or more");
    if (o->value_bytes > (size_t)1 << 20) return fail(err, ECHO_ERR_INVALID, "values must be at most 1 MiB");
    return ECHO_OK;
}

static echo_status make_folder(const char *path, echo_error *err) {
    if (mkdir(path, 0777) == 0 || errno == EEXIST) return ECHO_OK;
    char message[ECHO_ERROR_MESSAGE_CHARS];
    (void)snprintf(message, sizeof message, "%.150s cannot be made: %.80s", path, strerror(errno));
    return fail(err, ECHO_ERR_IO, message);
}

static echo_status allocate(generator *g, const char *dir) {
    const generate_options *o = &g->options;
    g->writers = calloc(o->feeds, sizeof *g->writers);
    g->keys = calloc(o->feeds, sizeof *g->keys);
    g->frames = calloc(o->feeds, sizeof *g->frames);
    bool ok = g->writers != NULL && g->keys != NULL && g->frames != NULL;
    for (size_t i = 0; ok && i < o->feeds; i++) {
        writer *w = &g->writers[i];
        w->clock = calloc(o->feeds, sizeof *w->clock);
        w->blocks = calloc(o->batch, sizeof *w->blocks);
        ok = w->clock != NULL && w->blocks != NULL;
        for (size_t f = 0; ok && f < o->feeds; f++) w->clock[f] = -1;
    }
    if (ok && dir != NULL) {
        size_t size = strlen(dir) + sizeof "/feeds";
        g->feeds_path = malloc(size);
        ok = g->feeds_path != NULL;
        if (ok) (void)snprintf(g->feeds_path, size, "%s/feeds", dir);
    }
    return ok ? generate_content_init(&g->content, o, &g->random) : ECHO_ERR_NOMEM;
}

echo_status generate_keys(echo_keypair *out, uint64_t seed, size_t i) {
    uint8_t bytes[32];
    generate_bytes(bytes, seed, PURPOSE_FEED, i);
    return echo_keypair_from_seed(out, bytes);
}

static echo_status make_keys(generator *g) {
    uint8_t seed[32];
    generate_bytes(seed, g->options.seed, PURPOSE_PARTY, 0);
    echo_status status = echo_keypair_from_seed(&g->party, seed);
    for (size_t i = 0; status == ECHO_OK && i < g->options.feeds; i++) {
        status = generate_keys(&g->writers[i].keys, g->options.seed, i);
        g->keys[i] = g->writers[i].keys.public_key;
    }
    return status;
}

/* The feeds other than the first, and the members, are admitted by it, with the party's own key. */
static echo_status admit_feeds(generator *g, const char *dir, echo_error *err) {
    echo_registry *registry = NULL;
    echo_party *party = NULL;
    echo_store store = {NULL, NULL};
    echo_status status = echo_registry_new(&registry);
    if (status == ECHO_OK) status = echo_store_new_memory(&store);
    if (status != ECHO_OK) fail(err, status, "out of memory");
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    options.dir = dir;
    options.party = &g->party.public_key;
    options.models = registry;
    options.store = &store;
    options.own_feed = &g->keys[0];
    options.relaxed = true;
    if (status == ECHO_OK) status = echo_party_restore(&party, &options, err);
    for (size_t i = 1; status == ECHO_OK && i < g->options.feeds + g->options.members; i++) {
        echo_keypair keys;
        if ((status = generate_keys(&keys, g->options.seed, i)) != ECHO_OK) fail(err, status, "keys cannot be made");
        if (status == ECHO_OK) status = echo_party_admit_feed(party, &keys.public_key, &g->party, err);
    }
    echo_party_free(party);
    echo_store_close(&store);
    echo_registry_free(registry);
    return status;
}

static echo_status make_feeds(generator *g, const char *dir, echo_error *err) {
    bool credentials = g->options.credentials;
    echo_status status = make_folder(dir, err);
    if (status == ECHO_OK) status = make_folder(g->feeds_path, err);
    if (status == ECHO_OK && credentials)
        status = echo_party_create(dir, &g->party, &g->writers[0].keys, NULL, NULL, err);
    for (size_t i = credentials ? 1 : 0; status == ECHO_OK && i < g->options.feeds; i++)
        status = echo_feed_create(g->feeds_path, &g->writers[i].keys, err);
    if (status == ECHO_OK && credentials && g->options.feeds + g->options.members > 1)
        status = admit_feeds(g, dir, err);
    echo_feeds_dir_options how = ECHO_FEEDS_DIR_OPTIONS_INIT;
    how.relaxed = true;
    return status == ECHO_OK ? echo_feeds_open_dir(&g->source, g->feeds_path, &how, err) : status;
}

static echo_status make_feeds_memory(generator *g, echo_error *err) {
    if (g->options.credentials) return fail(err, ECHO_ERR_UNSUPPORTED, "feeds in memory have no credentials");
    echo_status status = echo_feeds_new_memory(&g->source);
    for (size_t i = 0; status == ECHO_OK && i < g->options.feeds; i++)
        status = echo_feeds_memory_add(&g->source, &g->writers[i].keys);
    return status == ECHO_OK ? ECHO_OK : fail(err, status, "feeds in memory cannot be made");
}

/* Every writer has seen what the feeds hold already: the credentials. */
static echo_status open_feeds(generator *g, echo_error *err) {
    echo_status status = ECHO_OK;
    for (size_t i = 0; status == ECHO_OK && i < g->options.feeds; i++) {
        writer *w = &g->writers[i];
        echo_feed_info info = {0, 0, false};
        status = g->source.ops->open(&w->handle, g->source.ctx, &g->keys[i], err);
        if (status == ECHO_OK) status = g->source.ops->info(&info, g->source.ctx, w->handle, err);
        if (status == ECHO_OK && !info.writable) status = fail(err, ECHO_ERR_READONLY, "the feed cannot be written to");
        w->length = info.length;
        for (size_t other = 0; other < g->options.feeds; other++) g->writers[other].clock[i] = (int64_t)info.length - 1;
    }
    return status;
}

echo_status generate_open(generator **out, const generate_options *options, const char *dir, echo_error *err) {
    *out = NULL;
    echo_status status = check(options, err);
    if (status != ECHO_OK) return status;
    generator *g = calloc(1, sizeof *g);
    if (g == NULL) return fail(err, ECHO_ERR_NOMEM, "out of memory");
    g->options = *options;
    g->codec = echo_codec_dxos();
    generate_random_seed(&g->random, options->seed);
    status = allocate(g, dir);
    if (status != ECHO_OK)
        fail(err, status, "out of memory");
    else if ((status = make_keys(g)) != ECHO_OK)
        fail(err, status, "keys cannot be made");
    else
        status = dir != NULL ? make_feeds(g, dir, err) : make_feeds_memory(g, err);
    if (status == ECHO_OK) status = open_feeds(g, err);
    if (status != ECHO_OK) {
        generate_close(g);
        return status;
    }
    *out = g;
    return ECHO_OK;
}

static void release_blocks(generator *g, writer *w) {
    for (size_t i = 0; i < w->pending; i++)
        g->codec.ops->release(g->codec.ctx, (uint8_t *)(uintptr_t)w->blocks[i].data);
    w->pending = 0;
}

void generate_close(generator *g) {
    if (g == NULL) return;
    for (size_t i = 0; g->writers != NULL && i < g->options.feeds; i++) {
        writer *w = &g->writers[i];
        release_blocks(g, w);
        if (w->handle != NULL) g->source.ops->close(g->source.ctx, w->handle);
        free(w->clock);
        free(w->blocks);
    }
    echo_feeds_close(&g->source);
    generate_content_free(&g->content);
    free(g->writers);
    free(g->keys);
    free(g->frames);
    free(g->births);
    free(g->feeds_path);
    free(g);
}

/* ---- what writers know ---- */

static void see_all(generator *g, size_t who) {
    for (size_t f = 0; f < g->options.feeds; f++) g->writers[who].clock[f] = (int64_t)g->writers[f].length - 1;
}

/* A writer that has not seen what is newest has seen nothing new, or in one case of two what one other knew. */
static void see_some(generator *g, size_t who) {
    size_t other = (size_t)below(g, g->options.feeds);
    if (below(g, 2) == 0) return;
    int64_t *clock = g->writers[who].clock;
    for (size_t f = 0; f < g->options.feeds; f++)
        if (g->writers[other].clock[f] > clock[f]) clock[f] = g->writers[other].clock[f];
}

static bool has_seen_all(const generator *g, size_t who) {
    for (size_t f = 0; f < g->options.feeds; f++)
        if (g->writers[who].clock[f] + 1 < (int64_t)g->writers[f].length) return false;
    return true;
}

static bool knows(const generator *g, size_t who, uint64_t item) {
    return g->writers[who].clock[g->births[item].feed] >= (int64_t)g->births[item].seq;
}

/* One of the items 0..limit-1 that the writer knows, NONE when it seems to know none. */
static uint64_t pick(generator *g, size_t who, uint64_t limit) {
    for (unsigned i = 0; limit > 0 && i < PICKS; i++) {
        uint64_t item = below(g, limit);
        if (knows(g, who, item)) return item;
    }
    return NONE;
}

static uint64_t pick_to_change(generator *g, size_t who) {
    uint64_t hot = g->options.hot_items < g->counts.items ? g->options.hot_items : g->counts.items;
    uint64_t item = NONE;
    if (hot > 0 && chance(g, g->options.hot)) item = pick(g, who, hot);
    return item != NONE ? item : pick(g, who, g->counts.items);
}

static bool is_hookless(const generator *g, uint64_t item) {
    uint64_t state = g->options.seed ^ (item * PURPOSE_MODEL);
    return g->options.hookless > 0 && (double)(generate_mix(&state) >> 11) * 0x1p-53 < g->options.hookless;
}

/* ---- messages ---- */

void generate_item_id(char out[ECHO_HEX_CHARS], uint64_t seed, uint64_t i) {
    echo_key id;
    generate_bytes(id.bytes, seed, PURPOSE_ITEM, i);
    echo_key_hex(out, &id);
}

/* Texts that a message points at while it is encoded. */
typedef struct texts {
    char id[ECHO_HEX_CHARS], parent[ECHO_HEX_CHARS], source[ECHO_HEX_CHARS], target[ECHO_HEX_CHARS], type[TYPE_CHARS];
} texts;

static echo_bytes id_text(const generator *g, char out[ECHO_HEX_CHARS], uint64_t item) {
    generate_item_id(out, g->options.seed, item);
    return text(out);
}

/* A parent was made before its child: no cycles. */
static void set_parent(generator *g, size_t who, uint64_t item, echo_message *message, texts *t) {
    uint64_t parent = below(g, 8) == 0 ? NONE : pick(g, who, item);
    message->has_parent = true;
    message->parent = parent == NONE ? text("") : id_text(g, t->parent, parent);
    g->counts.parents++;
}

static echo_status give_birth(generator *g, size_t who) {
    if (g->counts.items == g->births_cap) {
        uint64_t cap = g->births_cap == 0 ? 1024 : g->births_cap * 2;
        birth *births = realloc(g->births, (size_t)cap * sizeof *births);
        if (births == NULL) return ECHO_ERR_NOMEM;
        g->births = births;
        g->births_cap = cap;
    }
    g->births[g->counts.items++] = (birth){(uint32_t)who, (uint32_t)g->writers[who].length};
    return ECHO_OK;
}

static const char *object_model(const generator *g) {
    return g->options.generation == 2 ? ECHO_MODEL_OBJECT : ECHO_MODEL_OBJECT_OLD;
}

static echo_status fill_new(generator *g, size_t who, echo_message *message, texts *t) {
    uint64_t item = g->counts.items;
    bool hookless = is_hookless(g, item);
    (void)snprintf(t->type, sizeof t->type, "example:type/t%u", (unsigned)(item % 10));
    message->item = id_text(g, t->id, item);
    message->has_genesis = true;
    message->type = text(t->type);
    message->model = text(hookless ? GENERATE_MODEL_LOG : object_model(g));
    if (chance(g, g->options.parents)) set_parent(g, who, item, message, t);
    if (chance(g, g->options.links)) {
        uint64_t source = pick(g, who, item), target = pick(g, who, item);
        if (source != NONE && target != NONE) {
            message->source = id_text(g, t->source, source);
            message->target = id_text(g, t->target, target);
        }
    }
    echo_status status = give_birth(g, who);
    if (status != ECHO_OK) return status;
    message->has_mutation = true;
    return hookless ? generate_content_log(&message->mutation, &g->content)
                    : generate_content_first(&message->mutation, &g->content, item);
}

static echo_status fill_change(generator *g, size_t who, uint64_t item, echo_message *message, texts *t) {
    message->item = id_text(g, t->id, item);
    if (chance(g, g->options.deletions)) {
        message->action = below(g, 4) == 0 ? ECHO_ACTION_RESTORE : ECHO_ACTION_DELETE;
        g->counts.deletions++;
        return ECHO_OK;
    }
    if (chance(g, g->options.parents)) {
        set_parent(g, who, item, message, t);
        return ECHO_OK;
    }
    message->has_mutation = true;
    g->counts.mutations++;
    return is_hookless(g, item) ? generate_content_log(&message->mutation, &g->content)
                                : generate_content_next(&message->mutation, &g->content);
}

static size_t fill_frames(generator *g, const writer *w) {
    size_t n = 0;
    for (size_t f = 0; f < g->options.feeds; f++)
        if (w->clock[f] >= 0) g->frames[n++] = (echo_frame){g->keys[f], (uint64_t)w->clock[f]};
    return n;
}

static echo_status flush(generator *g, writer *w, echo_error *err) {
    if (w->pending == 0) return ECHO_OK;
    uint64_t first;
    echo_status status = g->source.ops->append(&first, g->source.ctx, w->handle, w->blocks, w->pending, err);
    if (status == ECHO_OK && first + w->pending != w->length)
        status = fail(err, ECHO_ERR_CONFLICT, "another program wrote to the feed");
    release_blocks(g, w);
    return status;
}

/* A message about an item that the writer knows, or with NONE about a new one. */
static echo_status write_message(generator *g, size_t who, uint64_t item, echo_error *err) {
    writer *w = &g->writers[who];
    echo_message message = {.kind = ECHO_MESSAGE_ITEM, .generation = g->options.generation};
    texts t;
    if (!has_seen_all(g, who)) g->counts.concurrent++;
    message.frame_count = fill_frames(g, w);
    message.frames = g->frames;
    echo_status status = item == NONE ? fill_new(g, who, &message, &t) : fill_change(g, who, item, &message, &t);
    if (status != ECHO_OK) return fail(err, status, "a message cannot be made");

    uint8_t *block;
    size_t len;
    status = g->codec.ops->encode(&block, &len, g->codec.ctx, &message, err);
    if (status != ECHO_OK) return status;
    w->blocks[w->pending++] = (echo_bytes){block, len};
    w->clock[who] = (int64_t)w->length++;
    g->counts.messages++;
    g->counts.bytes += len;
    return w->pending == g->options.batch ? flush(g, w, err) : ECHO_OK;
}

static echo_status make_one(generator *g, echo_error *err) {
    size_t who = (size_t)below(g, g->options.feeds);
    if (chance(g, g->options.concurrency))
        see_some(g, who);
    else
        see_all(g, who);

    bool may_create = g->counts.items < g->options.items;
    uint64_t item = may_create && chance(g, g->options.create) ? NONE : pick_to_change(g, who);
    while (item == NONE && !may_create) {
        see_all(g, who); /* then it knows all of them */
        item = pick_to_change(g, who);
    }
    return write_message(g, who, item, err);
}

static echo_status flush_all(generator *g, echo_error *err) {
    echo_status status = ECHO_OK;
    for (size_t i = 0; status == ECHO_OK && i < g->options.feeds; i++) status = flush(g, &g->writers[i], err);
    return status;
}

echo_status generate_some(generator *g, uint64_t n, echo_error *err) {
    echo_status status = ECHO_OK;
    for (uint64_t i = 0; status == ECHO_OK && i < n; i++) status = make_one(g, err);
    return status == ECHO_OK ? flush_all(g, err) : status;
}

echo_status generate_changes(generator *g, const uint32_t *items, size_t n, echo_error *err) {
    echo_status status = ECHO_OK;
    for (size_t i = 0; status == ECHO_OK && i < n; i++) {
        size_t who = (size_t)below(g, g->options.feeds);
        see_all(g, who);
        status = items[i] < g->counts.items ? write_message(g, who, items[i], err)
                                            : fail(err, ECHO_ERR_INVALID, "an item does not exist yet");
    }
    return status == ECHO_OK ? flush_all(g, err) : status;
}

/* ---- looking ---- */

const echo_feeds *generate_source(const generator *g) { return &g->source; }

const echo_key *generate_feeds(const generator *g, size_t *count) {
    if (count != NULL) *count = g->options.feeds;
    return g->keys;
}

const echo_keypair *generate_party(const generator *g) { return &g->party; }

const echo_keypair *generate_feed(const generator *g, size_t i) { return &g->writers[i].keys; }

void generate_counts_get(generate_counts *out, const generator *g) { *out = g->counts; }
