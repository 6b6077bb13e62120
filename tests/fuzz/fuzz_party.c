/*
 * A party whose two members write whatever the input says: blocks in memory, which nobody checked. It opens, passes
 * over what is no message, and ends in one state, whether it replays all blocks or goes on from snapshots that were
 * taken on the way.
 *
 * The input is blocks: a byte whose lowest bit is the feed and whose highest asks for a snapshot behind it, then the
 * block with its length before it. The feeds' keys are 32 times 'A' and 32 times 'B'.
 */
#include <echo/echo.h>

#include "base/json.h"
#include "fuzz.h"

#define BLOCKS 16u

typedef struct scene {
    echo_feeds feeds;
    echo_store store;
    echo_registry *models;
    echo_key party, admitted[2];
    uint64_t length[2];
    echo_snapshot_policy policy;
} scene;

static echo_party *open_party(const scene *s, bool replay) {
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    echo_party *party;
    echo_error err = ECHO_ERROR_INIT;
    options.party = &s->party;
    options.models = s->models;
    options.feeds = &s->feeds;
    options.store = &s->store;
    options.admitted = s->admitted;
    options.admitted_count = 2;
    options.policy = &s->policy;
    options.use_snapshots = !replay;
    FUZZ_STATUS(echo_party_restore(&party, &options, &err), &err, ECHO_OK);
    return party;
}

/* ---- the state as text ---- */

typedef struct ids {
    char *list[4 * BLOCKS];
    size_t count;
} ids;

static echo_status add_id(void *arg, const echo_item_head *head) {
    ids *all = arg;
    FUZZ_CHECK(all->count < sizeof all->list / sizeof all->list[0]);
    FUZZ_CHECK(echo__utf8_valid(echo__bytes_text(head->id)) && head->id[0] != '\0' &&
               strlen(head->id) <= ECHO_ID_BYTES_MAX);
    all->list[all->count++] = strdup(head->id);
    return ECHO_OK;
}

static void put_text(echo__buf *out, const char *text) {
    if (text == NULL)
        echo__buf_text(out, "null");
    else
        echo__json_string(out, text, strlen(text));
    echo__buf_byte(out, ' ');
}

static void state_of(echo__buf *out, echo_party *party) {
    ids all = {.count = 0};
    const echo_query query = {NULL, NULL, NULL, true};
    echo_error err = ECHO_ERROR_INIT;
    FUZZ_STATUS(echo_party_each_head(party, &query, add_id, &all, &err), &err, ECHO_OK);
    for (size_t i = 0; i < all.count; i++) {
        echo_item *item;
        echo_item_head head;
        cJSON *view;
        if (i > 0) FUZZ_CHECK(strcmp(all.list[i - 1], all.list[i]) < 0);
        FUZZ_STATUS(echo_item_get(&item, party, all.list[i], &err), &err, ECHO_OK);
        echo_item_head_get(&head, item);
        put_text(out, head.id);
        put_text(out, head.type);
        put_text(out, head.model);
        put_text(out, head.parent);
        put_text(out, head.source);
        put_text(out, head.target);
        echo__buf_text(out, head.deleted ? "deleted " : "");
        FUZZ_OK(echo_item_view(&view, item, &err));
        if (view != NULL) FUZZ_OK(echo__json_print(out, view));
        echo__buf_byte(out, '\n');
        cJSON_Delete(view);
    }
    while (all.count > 0) free(all.list[--all.count]);
    char *clock;
    FUZZ_OK(echo_timeframe_to_json(&clock, echo_party_clock(party)));
    echo__buf_text(out, clock);
    echo_timeframe_text_free(clock);
    FUZZ_OK(out->status);
}

/* ---- snapshots ---- */

static void snapshot(const scene *s, echo_party *party) {
    echo_snapshot_result result;
    echo_error err = ECHO_ERROR_INIT;
    FUZZ_STATUS(echo_party_snapshot(&result, party, &err), &err, ECHO_OK);
    if (result.number == 0) return; /* of nothing there is none */
    FUZZ_STATUS(echo_snapshot_verify(&s->store, &s->party, 0, &err), &err, ECHO_OK);
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    echo_hash digest;
    options.party = &s->party;
    options.models = s->models;
    options.feeds = &s->feeds;
    options.admitted = s->admitted;
    options.admitted_count = 2;
    FUZZ_STATUS(echo_snapshot_replay(&digest, &options, &s->store, 0, &err), &err, ECHO_OK);
    FUZZ_EQUAL(echo__bytes(digest.bytes, sizeof digest.bytes),
               echo__bytes(result.digest.bytes, sizeof result.digest.bytes));
}

static void prepare(scene *s) {
    const echo_snapshot_policy policy = ECHO_SNAPSHOT_POLICY_INIT;
    memset(s, 0, sizeof *s);
    s->policy = policy;
    s->policy.manual = true;
    s->policy.thread = false;
    memset(s->party.bytes, 'P', sizeof s->party.bytes);
    FUZZ_OK(echo_feeds_new_memory(&s->feeds));
    FUZZ_OK(echo_store_new_memory(&s->store));
    FUZZ_OK(echo_registry_new(&s->models));
    FUZZ_OK(echo_registry_add_object(s->models, NULL));
    for (int i = 0; i < 2; i++) {
        echo_keypair keys;
        memset(&keys, 0, sizeof keys);
        memset(s->admitted[i].bytes, 'A' + i, sizeof s->admitted[i].bytes);
        keys.public_key = s->admitted[i];
        FUZZ_OK(echo_feeds_memory_add(&s->feeds, &keys));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = fuzz_input_of(data, size);
    scene s;
    echo__buf on_the_way = ECHO__BUF_INIT, opened = ECHO__BUF_INIT, replayed = ECHO__BUF_INIT;
    echo_error err = ECHO_ERROR_INIT;
    prepare(&s);
    echo_party *party = open_party(&s, false);
    for (unsigned i = 0; i < BLOCKS && fuzz_left(&in) > 0; i++) {
        uint8_t how = fuzz_u8(&in);
        unsigned feed = how & 1;
        FUZZ_OK(echo_feeds_memory_put(&s.feeds, &s.admitted[feed], s.length[feed]++, fuzz_part(&in)));
        if ((how & 0x80) == 0) continue;
        FUZZ_STATUS(echo_party_poll(NULL, party, 0, &err), &err, ECHO_OK);
        snapshot(&s, party);
        if ((how & 0x40) == 0) continue;
        echo_party_free(party);
        party = open_party(&s, false);
    }
    FUZZ_STATUS(echo_party_poll(NULL, party, 0, &err), &err, ECHO_OK);
    state_of(&on_the_way, party);
    snapshot(&s, party);
    echo_party_free(party);
    party = open_party(&s, false);
    state_of(&opened, party);
    echo_party_free(party);
    party = open_party(&s, true);
    state_of(&replayed, party);
    echo_party_free(party);
    FUZZ_EQUAL(echo__buf_bytes(&on_the_way), echo__buf_bytes(&replayed));
    FUZZ_EQUAL(echo__buf_bytes(&opened), echo__buf_bytes(&replayed));
    echo__buf_free(&on_the_way);
    echo__buf_free(&opened);
    echo__buf_free(&replayed);
    echo_registry_free(s.models);
    echo_store_close(&s.store);
    echo_feeds_close(&s.feeds);
    return 0;
}
