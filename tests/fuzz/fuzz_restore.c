/*
 * A party restored from a snapshot that a stranger made: the manifest is well-formed, the trees it names are the
 * input's (chunks.h). The party always opens, by replay if need be; whatever is touched afterwards is there, or said to
 * be damaged; and what is written over a sound snapshot is sound.
 *
 * The first byte is the height of the items' tree, whose root is the last chunk, and how to open; the second the number
 * of the chunk, from 1 on, that is the root of the credentials.
 */
#include <echo/echo.h>

#include "base/json.h"
#include "chunks.h"
#include "snapshot/manifest.h"

#define ITEMS 6u /* that are changed */

typedef struct scene {
    echo_feeds feeds;
    echo_store store;
    echo_registry *models;
    echo_key party, feed;
    uint64_t length;
    echo_snapshot_policy policy;
} scene;

static void prepare(scene *s) {
    const echo_snapshot_policy policy = ECHO_SNAPSHOT_POLICY_INIT;
    echo_keypair keys;
    memset(s, 0, sizeof *s);
    memset(&keys, 0, sizeof keys);
    memset(s->party.bytes, 'P', sizeof s->party.bytes);
    memset(s->feed.bytes, 'A', sizeof s->feed.bytes);
    keys.public_key = s->feed;
    s->policy = policy;
    s->policy.manual = true;
    s->policy.thread = false;
    FUZZ_CHECK(echo__crypto_init());
    FUZZ_OK(echo_feeds_new_memory(&s->feeds));
    FUZZ_OK(echo_feeds_memory_add(&s->feeds, &keys));
    FUZZ_OK(echo_store_new_memory(&s->store));
    FUZZ_OK(echo_registry_new(&s->models));
    FUZZ_OK(echo_registry_add_object(s->models, NULL));
}

static void publish(const scene *s, const echo__root *items, const echo__root *credentials) {
    static const char *const models[] = {ECHO_MODEL_OBJECT, "other", ECHO_MODEL_OBJECT_OLD};
    echo__manifest m;
    echo__buf text = ECHO__BUF_INIT;
    memset(&m, 0, sizeof m);
    m.party = s->party;
    m.number = 1;
    m.items = *items;
    m.credentials = *credentials;
    m.generation = 2;
    /* More than there are: the counts are not what is looked at here. */
    for (size_t i = 0; i < 6 && items->items > 0 && items->items < 1000; i++)
        FUZZ_OK(echo__models_append(&m.models, models[i / 2], i % 2, items->items));
    FUZZ_OK(echo_timeframe_new(&m.timeframe));
    FUZZ_OK(echo__manifest_write(&text, &m, NULL, NULL));
    FUZZ_OK(s->store.ops->publish(s->store.ctx, &s->party, 0, echo__buf_bytes(&text), NULL));
    echo__buf_free(&text);
    echo__manifest_free(&m);
}

/* ---- looking at it ---- */

typedef struct ids {
    char *list[ITEMS];
    size_t count;
    uint64_t all;
} ids;

static echo_status add_id(void *arg, const echo_item_head *head) {
    ids *some = arg;
    FUZZ_CHECK(head->id[0] != '\0' && strlen(head->id) <= ECHO_ID_BYTES_MAX &&
               echo__utf8_valid(echo__bytes_text(head->id)));
    some->all++;
    if (some->count < ITEMS) some->list[some->count++] = strdup(head->id);
    return ECHO_OK;
}

static void look(echo_party *party, const char *id) {
    echo_item *item;
    echo_item_head head;
    cJSON *view = NULL;
    echo_error err = ECHO_ERROR_INIT;
    echo_status status = echo_item_get(&item, party, id, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT, ECHO_ERR_NOT_FOUND);
    if (status != ECHO_OK) return;
    echo_item_head_get(&head, item);
    FUZZ_CHECK(strcmp(head.id, id) == 0);
    status = echo_item_view(&view, item, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT);
    if (view != NULL) {
        echo__buf text = ECHO__BUF_INIT;
        FUZZ_OK(echo__json_print(&text, view));
        echo__buf_free(&text);
    }
    cJSON_Delete(view);
}

/* ---- changing it ---- */

static void change(scene *s, const char *id, unsigned how) {
    static const uint8_t set_x_to_1[] = {10, 7, 18, 1, 'x', 26, 2, 24, 1};
    const echo_codec codec = echo_codec_dxos();
    echo_message m;
    uint8_t *block;
    size_t len;
    memset(&m, 0, sizeof m);
    m.kind = ECHO_MESSAGE_ITEM;
    m.generation = 2;
    m.item = echo__bytes_text(id);
    m.has_mutation = (how & 1) == 0;
    if (m.has_mutation) m.mutation = echo__bytes(set_x_to_1, sizeof set_x_to_1);
    m.has_genesis = how == 2;
    if (m.has_genesis) m.model = echo__bytes_text(ECHO_MODEL_OBJECT);
    if (how == 1) m.action = ECHO_ACTION_DELETE;
    FUZZ_OK(codec.ops->encode(&block, &len, codec.ctx, &m, NULL));
    FUZZ_OK(echo_feeds_memory_put(&s->feeds, &s->feed, s->length++, echo__bytes(block, len)));
    codec.ops->release(codec.ctx, block);
}

static void use(scene *s, echo_party *party, bool sound) {
    const echo_query query = {NULL, NULL, NULL, true};
    ids some = {.count = 0};
    echo_error err = ECHO_ERROR_INIT;
    echo_snapshot_result result;
    echo_status status = echo_party_each_head(party, &query, add_id, &some, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT);
    if (sound) FUZZ_OK(status);
    for (size_t i = 0; i < some.count; i++) {
        look(party, some.list[i]);
        change(s, some.list[i], (unsigned)i % 4u);
    }
    look(party, "no such item");
    change(s, "k", 2);
    status = echo_party_poll(NULL, party, 0, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT);
    for (size_t i = 0; i < some.count; i++) {
        look(party, some.list[i]);
        free(some.list[i]);
    }
    status = echo_party_snapshot(&result, party, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT);
    if (status != ECHO_OK || !sound || result.number <= 1) return;
    FUZZ_STATUS(echo_snapshot_verify(&s->store, &s->party, 0, &err), &err, ECHO_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = fuzz_input_of(data, size);
    scene s;
    fuzz_chunks made;
    echo__root items, credentials;
    echo_error err = ECHO_ERROR_INIT;
    echo_party *party;
    uint8_t how = fuzz_u8(&in), which = fuzz_u8(&in);
    prepare(&s);
    fuzz_chunks_make(&made, &s.store, &in);
    fuzz_chunks_root(&items, &made, made.count, how & 0x0f);
    fuzz_chunks_root(&credentials, &made, which % (FUZZ_CHUNKS + 1), 0);
    publish(&s, &items, &credentials);
    echo_status status = echo_snapshot_verify(&s.store, &s.party, 0, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT, ECHO_ERR_SIGNATURE);
    bool sound = status == ECHO_OK;

    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    options.party = &s.party;
    options.models = s.models;
    options.feeds = &s.feeds;
    options.store = &s.store;
    options.admitted = &s.feed;
    options.admitted_count = 1;
    options.policy = &s.policy;
    options.eager = (how & 0x80) != 0;
    options.verify = (how & 0x40) != 0 ? ECHO_VERIFY_FULL : ECHO_VERIFY_ROOT;
    options.memory = (how & 0x20) != 0 ? 1000 : 0;
    FUZZ_STATUS(echo_party_restore(&party, &options, &err), &err, ECHO_OK);
    use(&s, party, sound && echo_party_report(party)->snapshot == 1);
    echo_party_free(party);
    echo_registry_free(s.models);
    echo_store_close(&s.store);
    echo_feeds_close(&s.feeds);
    return 0;
}
