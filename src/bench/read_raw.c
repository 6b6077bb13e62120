#include "bench/read_raw.h"

#include <stdlib.h>
#include <string.h>

#include "bench/child.h"
#include "bench/folder.h"
#include "bench/read_data.h"
#include "bench/session.h"

#define MODEL "example:model/row"
#define BATCH 1000u

/* A mutation is a whole row: the number, in the machine's order, and three texts, each after its length. */
typedef struct row {
    int64_t count;
    uint8_t len;
    uint8_t texts[119];
} row;

/* ---- the model ---- */

static echo_status create(void **state, void *ctx, const echo_item_info *item) {
    (void)ctx;
    (void)item;
    *state = calloc(1, sizeof(row));
    return *state == NULL ? ECHO_ERR_NOMEM : ECHO_OK;
}

static void destroy(void *ctx, void *state) {
    (void)ctx;
    free(state);
}

static echo_status take(row *r, echo_bytes bytes) {
    if (bytes.len < sizeof r->count || bytes.len - sizeof r->count > sizeof r->texts) return ECHO_ERR_CORRUPT;
    memcpy(&r->count, bytes.data, sizeof r->count);
    r->len = (uint8_t)(bytes.len - sizeof r->count);
    memcpy(r->texts, bytes.data + sizeof r->count, r->len);
    size_t at = 0;
    for (int i = 0; i < 3; i++) {
        if (at >= r->len) return ECHO_ERR_CORRUPT;
        at += 1u + r->texts[at];
    }
    return at == r->len ? ECHO_OK : ECHO_ERR_CORRUPT;
}

static echo_status apply(void *ctx, void *state, const echo_mutation *mutation, echo_error *err) {
    (void)ctx;
    (void)err;
    row fresh;
    echo_status status = take(&fresh, mutation->bytes);
    if (status == ECHO_OK) *(row *)state = fresh;
    return status;
}

static echo_status snapshot_raw(echo_writer *out, void *ctx, const void *state, echo_error *err) {
    (void)ctx;
    (void)err;
    const row *r = state;
    echo_writer_write(out, &r->count, sizeof r->count);
    echo_writer_write(out, r->texts, r->len);
    return ECHO_OK;
}

static echo_status restore_raw(void *ctx, void *state, uint32_t stored, echo_bytes value, echo_error *err) {
    (void)ctx;
    (void)stored;
    (void)err;
    return take(state, value);
}

static echo_status open_party(echo_party **out, const char *dir, const echo_snapshot_policy *policy, echo_error *err) {
    static const echo_model_ops ops = {.version = ECHO_MODEL_OPS_VERSION,
                                       .type = MODEL,
                                       .state_version = 1,
                                       .reads_from = 1,
                                       .create = create,
                                       .destroy = destroy,
                                       .apply = apply,
                                       .snapshot_raw = snapshot_raw,
                                       .restore_raw = restore_raw};
    echo_registry *models;
    if (echo_registry_new(&models) != ECHO_OK) return bench_fail(err, ECHO_ERR_NOMEM, "out of memory");
    echo_status status = echo_registry_add(models, &ops, NULL, err);
    if (status != ECHO_OK) return status;
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    options.dir = dir;
    options.models = models; /* remains until the process ends */
    options.relaxed = true;
    options.policy = policy;
    return echo_party_restore(out, &options, err);
}

/* ---- making ---- */

typedef struct batch {
    echo_party *party;
    size_t count;
    echo_write writes[BATCH];
    char ids[BATCH][BENCH_READ_ID_CHARS];
    uint8_t rooms[BATCH][sizeof(row)];
    echo_bytes mutations[BATCH];
    echo_error *err;
} batch;

static echo_status flush(batch *b) {
    size_t n = b->count;
    b->count = 0;
    return n == 0 ? ECHO_OK : echo_party_write(NULL, b->party, b->writes, n, b->err);
}

static echo_status copy_item(void *arg, const echo_item *item) {
    static const char *const keys[] = {"note", "state", "title"};
    batch *b = arg;
    echo_item_head head;
    int64_t number;
    size_t i = b->count++, at = sizeof number;
    echo_item_head_get(&head, item);
    echo_status status = echo_object_get_int64(&number, item, "count", b->err);
    memcpy(b->rooms[i], &number, sizeof number);
    for (size_t k = 0; status == ECHO_OK && k < 3; k++) {
        echo_bytes text;
        status = echo_object_get_string(&text, item, keys[k], b->err);
        if (status != ECHO_OK) break;
        if (at + 1 + text.len > sizeof(row)) return bench_fail(b->err, ECHO_ERR_LIMIT, "a row");
        b->rooms[i][at++] = (uint8_t)text.len;
        memcpy(b->rooms[i] + at, text.data, text.len);
        at += text.len;
    }
    if (status != ECHO_OK) return status;
    memcpy(b->ids[i], head.id, strlen(head.id) + 1);
    b->mutations[i] = (echo_bytes){b->rooms[i], at};
    b->writes[i] = (echo_write){
        .id = b->ids[i], .create = true, .type = "example:type/task", .model = MODEL, .mutation = &b->mutations[i]};
    return b->count < BATCH ? ECHO_OK : flush(b);
}

static echo_status copy_items(batch *b, const char *dir, echo_error *err) {
    echo_registry *models;
    echo_party *from;
    echo_status status = bench_read_open(&from, &models, dir, false, err);
    if (status == ECHO_OK) status = echo_party_each(from, NULL, copy_item, b, err);
    echo_party_free(from);
    echo_registry_free(models);
    return status == ECHO_OK ? flush(b) : status;
}

echo_status bench_read_raw_make(const char *dir, echo_error *err) {
    char path[BENCH_PATH_MAX];
    echo_keypair party_keys, feed_keys;
    uint8_t seed[32] = {3};
    echo_snapshot_policy policy = bench_policy_manual();
    batch *b = calloc(1, sizeof *b);
    if (b == NULL) return bench_fail(err, ECHO_ERR_NOMEM, "out of memory");
    b->err = err;
    echo_status status = echo_keypair_from_seed(&party_keys, seed);
    seed[0] = 4;
    if (status == ECHO_OK) status = echo_keypair_from_seed(&feed_keys, seed);
    if (status == ECHO_OK) status = bench_path(path, dir, BENCH_READ_RAW_FOLDER, err);
    if (status == ECHO_OK) status = echo_party_create(path, &party_keys, &feed_keys, NULL, NULL, err);
    if (status == ECHO_OK) status = open_party(&b->party, path, &policy, err);
    if (status == ECHO_OK) status = copy_items(b, dir, err);
    if (status == ECHO_OK) status = echo_party_snapshot(NULL, b->party, err);
    echo_party_free(b->party);
    free(b);
    return status;
}

/* ---- reading ---- */

static echo_status add_item(void *arg, const echo_item *item) {
    const row *r = echo_item_state(item);
    if (r == NULL) return ECHO_ERR_CORRUPT;
    uint64_t sum = (uint64_t)r->count;
    for (size_t at = 0; at < r->len; at += 1u + r->texts[at]) sum += bench_read_text(r->texts + at + 1, r->texts[at]);
    *(uint64_t *)arg += sum;
    return ECHO_OK;
}

echo_status bench_read_raw(uint64_t *sum, const char *dir, echo_error *err) {
    char path[BENCH_PATH_MAX];
    echo_party *party;
    echo_status status = bench_path(path, dir, BENCH_READ_RAW_FOLDER, err);
    if (status == ECHO_OK) status = open_party(&party, path, NULL, err);
    return status == ECHO_OK ? echo_party_each(party, NULL, add_item, sum, err) : status;
}
