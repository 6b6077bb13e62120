/*
 * What is damaged, missing, foreign or hostile: each is told in its own class, older starts are tried, and nothing on
 * disk is lost.
 */
#include "support/test.h"

#include <cjson/cJSON.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feed/credentials.h"
#include "support/folder.h"
#include "support/state.h"
#include "support/still_clock.h"
#include "support/unpack_sql.h"
#include <echo/sys/codec.h>
#include <echo/sys/feed.h>

typedef struct place {
    char *dir, *db;
    echo_keypair party, feed;
    echo_registry *models;
    echo_party_options options;
    echo_error refused;
    int refusals;
} place;

static void on_refused(void *arg, const echo_error *err) {
    place *p = arg;
    p->refused = *err;
    p->refusals++;
}

/* A folder with a new party of our own. */
static place *place_new(void) {
    place *p = calloc(1, sizeof *p);
    echo_error err = ECHO_ERROR_INIT;
    assert_non_null(p);
    p->dir = folder_new();
    p->db = folder_path(p->dir, "snapshots.db");
    assert_int_equal(echo_keypair_new(&p->party), ECHO_OK);
    assert_int_equal(echo_keypair_new(&p->feed), ECHO_OK);
    assert_ok(echo_party_create(p->dir, &p->party, &p->feed, NULL, NULL, &err), &err);
    p->models = registry_object();
    p->options = (echo_party_options)ECHO_PARTY_OPTIONS_INIT;
    p->options.clock = still_clock;
    p->options.dir = p->dir;
    p->options.models = p->models;
    p->options.refused = on_refused;
    p->options.refused_arg = p;
    p->options.relaxed = true;
    return p;
}

static void place_free(place *p) {
    echo_registry_free(p->models);
    free(p->db);
    folder_remove(p->dir);
    free(p);
}

static void snapshot(echo_party *party) {
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_party_snapshot(NULL, party, &err), &err);
}

/* Snapshots 1 and 2 with different state; *state is the state at the end, with a tail behind 2. */
static place *place_with_two(char **state) {
    place *p = place_new();
    echo_party *party = party_open(&p->options);
    party_write_tail(party, 2, 300, 1);
    snapshot(party);
    party_write_tail(party, 2, 100, 1000);
    snapshot(party);
    party_write_tail(party, 2, 5, 2000);
    *state = state_of(party);
    echo_party_free(party);
    return p;
}

static void sql(const place *p, const char *text) {
    sqlite3 *db;
    char *message = NULL;
    assert_int_equal(sqlite3_open(p->db, &db), SQLITE_OK);
    assert_int_equal(unpack_sql(db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, &message) != SQLITE_OK) fail_msg("%s: %s", text, message);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void check(place *p, const char *state, uint64_t snapshot_number, size_t damage, echo_status first) {
    echo_party *party = party_open(&p->options);
    const echo_restore_report *report = echo_party_report(party);
    assert_int_equal(report->snapshot, snapshot_number);
    assert_int_equal(report->damage_count, damage);
    if (damage > 0) assert_int_equal(report->damage[0].code, first);
    char *is = state_of(party);
    assert_state_equal(is, state);
    free(is);
    echo_party_free(party);
}

/* ---- snapshots ---- */

static void test_damaged_manifest_falls_back(void **arg) {
    (void)arg;
    char *state;
    place *p = place_with_two(&state);
    check(p, state, 2, 0, ECHO_OK);
    sql(p, "UPDATE manifests SET data = CAST(replace(CAST(unpack(data) AS TEXT), '\"items\":', '\"itemz\":') AS BLOB) "
           "WHERE number = 2");
    check(p, state, 1, 1, ECHO_ERR_CORRUPT);
    sql(p, "UPDATE manifests SET data = CAST(replace(CAST(unpack(data) AS TEXT), '\"format\":2', '\"format\":3') AS "
           "BLOB) WHERE number = 1");
    check(p, state, 0, 2, ECHO_ERR_CORRUPT);
    echo_party *party = party_open(&p->options);
    assert_int_equal(echo_party_report(party)->damage[1].code, ECHO_ERR_VERSION);
    snapshot(party); /* behind the damaged ones, which are kept */
    echo_party_free(party);
    check(p, state, 3, 0, ECHO_OK);
    free(state);
    place_free(p);
}

static void test_flipped_bit_in_manifest(void **arg) {
    (void)arg;
    char *state;
    place *p = place_with_two(&state);
    sql(p, "UPDATE manifests SET data = CAST(replace(CAST(unpack(data) AS TEXT), '\"time\":', '\"time\":1') AS BLOB) "
           "WHERE number = 2");
    check(p, state, 1, 1, ECHO_ERR_CORRUPT);
    free(state);
    place_free(p);
}

static echo_status grab_root(void *arg, const echo_snapshot_info *info) {
    if (info->number == 2) echo_hash_hex(arg, &info->items.hash);
    return ECHO_OK;
}

static void root_of_two(const place *p, char hex[ECHO_HEX_CHARS]) {
    echo_store store;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_store_open_sqlite(&store, p->db, NULL, &err), &err);
    assert_ok(echo_snapshot_list(&store, &p->party.public_key, grab_root, hex, &err), &err);
    echo_store_close(&store);
}

static void test_damaged_root_falls_back(void **arg) {
    (void)arg;
    static const char *const damages[] = {
        "DELETE FROM chunks WHERE hex(hash) = upper('%s')",
        "UPDATE chunks SET data = zeroblob(length(data)) WHERE hex(hash) = upper('%s')"};
    for (size_t i = 0; i < 2; i++) {
        char *state, hex[ECHO_HEX_CHARS], text[256];
        place *p = place_with_two(&state);
        root_of_two(p, hex);
        snprintf(text, sizeof text, damages[i], hex);
        sql(p, text);
        check(p, state, 1, 1, i == 0 ? ECHO_ERR_NOT_FOUND : ECHO_ERR_CORRUPT);
        free(state);
        place_free(p);
    }
}

static echo_status first_id(void *arg, const echo_item_head *head) {
    snprintf(arg, ECHO_HEX_CHARS, "%s", head->id);
    return ECHO_ERR_REFUSED; /* enough */
}

/* Damage below the root: found when touched, or at once when everything is checked first. */
static void test_damaged_leaf(void **arg) {
    (void)arg;
    char *state, hex[ECHO_HEX_CHARS], text[256], id[ECHO_HEX_CHARS] = "";
    place *p = place_with_two(&state);
    root_of_two(p, hex);
    echo_party *party = party_open(&p->options);
    echo_error err = ECHO_ERROR_INIT;
    assert_int_equal(echo_party_each_head(party, NULL, first_id, id, &err), ECHO_ERR_REFUSED);
    echo_party_free(party);
    snprintf(text, sizeof text,
             "UPDATE chunks SET data = CAST(replace(CAST(unpack(data) AS TEXT), '\"tail\":', '\"tale\":') AS BLOB) "
             "WHERE hex(hash) <> upper('%s')",
             hex);
    sql(p, text);
    p->options.verify = ECHO_VERIFY_FULL;
    check(p, state, 0, 2, ECHO_ERR_CORRUPT); /* both snapshots share leaves or are damaged themselves */
    p->options.verify = ECHO_VERIFY_ROOT;
    echo_status status = echo_party_restore(&party, &p->options, &err);
    assert_ok(status, &err);
    if (echo_party_report(party)->snapshot != 0) { /* the tail did not touch a damaged leaf */
        echo_item *item;
        assert_int_equal(echo_item_get(&item, party, id, &err), ECHO_ERR_CORRUPT);
        assert_string_equal(err.item, id);
        assert_null(item);
    }
    echo_party_free(party);
    p->options.eager = true;
    check(p, state, 0, 2, ECHO_ERR_CORRUPT);
    free(state);
    place_free(p);
}

static void test_manifest_of_a_stranger(void **arg) {
    (void)arg;
    char *state;
    place *p = place_with_two(&state);
    place *other = place_new();
    echo_party *party = party_open(&other->options);
    party_write_tail(party, 2, 10, 1);
    snapshot(party);
    echo_party_free(party);
    char text[1024];
    char hex[ECHO_HEX_CHARS];
    echo_key_hex(hex, &p->party.public_key);
    snprintf(text, sizeof text,
             "ATTACH '%s' AS o; INSERT INTO manifests SELECT x'%s', 3, data FROM o.manifests; INSERT OR IGNORE INTO "
             "chunks(hash, data) SELECT hash, data FROM o.chunks",
             other->db, hex);
    sql(p, text);
    check(p, state, 2, 1, ECHO_ERR_CORRUPT); /* of another party than it is stored under */
    place_free(other);
    free(state);
    place_free(p);
}

/* ---- the store ---- */

static void test_unusable_store(void **arg) {
    (void)arg;
    char *state;
    place *p = place_with_two(&state);
    static const struct {
        const char *sql;
        const char *content;
        echo_status status;
    } cases[] = {{NULL, "this is no database, but it is somebody's only copy of something", ECHO_ERR_CORRUPT},
                 {"PRAGMA user_version = 99", NULL, ECHO_ERR_VERSION},
                 {"PRAGMA application_id = 1", NULL, ECHO_ERR_CORRUPT}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t len;
        uint8_t *saved = file_read(p->db, &len);
        if (cases[i].sql != NULL)
            sql(p, cases[i].sql);
        else
            file_write(p->db, cases[i].content, strlen(cases[i].content));
        char *before = folder_digest(p->dir);
        check(p, state, 0, 1, cases[i].status);
        echo_party *party = party_open(&p->options);
        echo_error err = ECHO_ERROR_INIT;
        assert_int_equal(echo_party_snapshot(NULL, party, &err), cases[i].status);
        assert_true(strlen(err.message) > 0);
        echo_party_free(party);
        char *after = folder_digest(p->dir);
        assert_string_equal(before, after);
        free(before);
        free(after);
        file_write(p->db, saved, len);
        free(saved);
    }
    check(p, state, 2, 0, ECHO_OK);
    free(state);
    place_free(p);
}

static void test_locked_store(void **arg) {
    (void)arg;
    char *state;
    place *p = place_with_two(&state);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(p->db, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE; DELETE FROM manifests", NULL, NULL, NULL), SQLITE_OK);
    check(p, state, 2, 0, ECHO_OK); /* reading goes on beside a writer, from the last published state */
    echo_party *party = party_open(&p->options);
    party_write_tail(party, 2, 1, 7);
    echo_error err = ECHO_ERROR_INIT;
    assert_int_equal(echo_party_snapshot(NULL, party, &err), ECHO_ERR_BUSY);
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_ok(echo_party_snapshot(NULL, party, &err), &err); /* the next attempt works */
    echo_party_free(party);
    sqlite3_close(db);
    free(state);
    place_free(p);
}

static void test_two_writers(void **arg) {
    (void)arg;
    char *state;
    place *p = place_with_two(&state);
    echo_party *a = party_open(&p->options);
    echo_party *b = party_open(&p->options);
    echo_error err = ECHO_ERROR_INIT;
    snapshot(a);
    assert_int_equal(echo_party_snapshot(NULL, b, &err), ECHO_ERR_CONFLICT);
    echo_snapshot_result result;
    assert_ok(echo_party_snapshot(&result, b, &err), &err); /* the next attempt comes after it */
    assert_int_equal(result.number, 4);
    echo_party_free(a);
    echo_party_free(b);
    check(p, state, 4, 0, ECHO_OK);
    free(state);
    place_free(p);
}

static void test_no_write(void **arg) {
    (void)arg;
    char *state;
    place *p = place_with_two(&state);
    p->options.writable = false;
    char *before = folder_digest(p->dir);
    check(p, state, 2, 0, ECHO_OK);
    echo_party *party = party_open(&p->options);
    echo_error err = ECHO_ERROR_INIT;
    echo_write write = {.id = "x", .create = true, .model = ECHO_MODEL_OBJECT};
    assert_int_equal(echo_party_write(NULL, party, &write, 1, &err), ECHO_ERR_READONLY);
    assert_int_equal(echo_party_snapshot(NULL, party, &err), ECHO_ERR_READONLY);
    echo_party_free(party);
    char *after = folder_digest(p->dir);
    assert_string_equal(before, after);
    free(before);
    free(after);
    free(state);
    place_free(p);
}

/* The host's progress callback cancels, with any code, and it is not taken for damage. */
static echo_status cancel(void *arg, const char *phase, uint64_t done, uint64_t total) {
    (void)phase;
    (void)done;
    (void)total;
    ++*(int *)arg;
    return ECHO_ERR_CORRUPT;
}

static void test_cancelled(void **arg) {
    (void)arg;
    place *p = place_new();
    echo_party *party = party_open(&p->options);
    echo_error err = ECHO_ERROR_INIT;
    static echo_write writes[5000];
    static char ids[5000][8];
    for (size_t i = 0; i < 5000; i++) {
        snprintf(ids[i], sizeof ids[i], "%zu", i);
        writes[i] = (echo_write){.id = ids[i], .create = true, .model = ECHO_MODEL_OBJECT};
    }
    assert_ok(echo_party_write(NULL, party, writes, 5000, &err), &err);
    snapshot(party);
    echo_party_free(party);
    int calls = 0;
    p->options.progress = cancel;
    p->options.progress_arg = &calls;
    p->options.eager = true;
    assert_int_equal(echo_party_restore(&party, &p->options, &err), ECHO_ERR_CORRUPT);
    assert_null(party);
    assert_int_equal(calls, 1);
    place_free(p);
}

/* ---- feeds ---- */

/* The own feed restored from a backup: writing to it again would give one seq two contents. */
static void test_own_feed_behind(void **arg) {
    (void)arg;
    place *p = place_new();
    echo_party *party = party_open(&p->options);
    party_write_tail(party, 2, 10, 1);
    echo_party_free(party);
    char hex[ECHO_HEX_CHARS];
    echo_key_hex(hex, &p->feed.public_key);
    char *feeds = folder_path(p->dir, "feeds"), *feed = folder_path(feeds, hex), *backup = folder_new();
    folder_copy(feed, backup);
    party = party_open(&p->options);
    party_write_tail(party, 2, 10, 100);
    snapshot(party);
    char *state = state_of(party);
    echo_party_free(party);
    folder_copy(backup, feed);
    char *before = folder_digest(feed);
    check(p, state, 1, 1, ECHO_ERR_BEHIND);
    party = party_open(&p->options);
    echo_error err = ECHO_ERROR_INIT;
    echo_party_status status;
    echo_party_status_get(&status, party);
    assert_false(status.writable);
    echo_write write = {.id = "x", .create = true, .model = ECHO_MODEL_OBJECT};
    assert_int_equal(echo_party_write(NULL, party, &write, 1, &err), ECHO_ERR_BEHIND);
    assert_true(err.has_feed);
    assert_memory_equal(&err.feed, &p->feed.public_key, sizeof err.feed);
    echo_party_free(party);
    char *after = folder_digest(feed);
    assert_string_equal(before, after);
    free(before);
    free(after);
    free(state);
    folder_remove(backup);
    free(feed);
    free(feeds);
    place_free(p);
}

static void test_damaged_feed_is_told(void **arg) {
    (void)arg;
    place *p = place_new();
    echo_party *party = party_open(&p->options);
    party_write_tail(party, 2, 50, 1);
    echo_party_free(party);
    char hex[ECHO_HEX_CHARS];
    echo_key_hex(hex, &p->feed.public_key);
    char *feeds = folder_path(p->dir, "feeds"), *feed = folder_path(feeds, hex), *data = folder_path(feed, "data");
    size_t len;
    uint8_t *bytes = file_read(data, &len);
    bytes[len / 2] ^= 1;
    file_write(data, bytes, len);
    party = party_open(&p->options);
    echo_party_status status;
    echo_party_status_get(&status, party);
    assert_int_equal(status.stopped, 1);
    assert_int_equal(status.stop.code, ECHO_ERR_CORRUPT);
    assert_true(status.stop.has_feed && status.stop.has_seq);
    assert_memory_equal(&status.stop.feed, &p->feed.public_key, sizeof status.stop.feed);
    assert_int_equal(echo_party_report(party)->damage_count, 1);
    assert_int_equal(echo_timeframe_total(echo_party_clock(party)),
                     status.stop.seq); /* all before it was applied, nothing after */
    bytes[len / 2] ^= 1;
    file_write(data, bytes, len);
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_party_poll(NULL, party, 0, &err), &err); /* mended: reading goes on */
    echo_party_status_get(&status, party);
    assert_int_equal(status.stopped, 0);
    assert_int_equal(echo_timeframe_total(echo_party_clock(party)), 51);
    echo_party_free(party);
    free(bytes);
    free(data);
    free(feed);
    free(feeds);
    place_free(p);
}

static void test_missing_folder_and_party(void **arg) {
    (void)arg;
    place *p = place_new();
    echo_party *party = (echo_party *)1;
    echo_error err = ECHO_ERROR_INIT;
    echo_party_options options = p->options;
    char *gone = folder_path(p->dir, "gone");
    options.dir = gone;
    assert_int_equal(echo_party_restore(&party, &options, &err), ECHO_ERR_NOT_FOUND);
    assert_null(party);
    assert_non_null(strstr(err.message, "gone"));
    options = p->options;
    options.party = &p->feed.public_key; /* not a party */
    assert_int_equal(echo_party_restore(&party, &options, &err), ECHO_ERR_NOT_FOUND);
    options = p->options;
    options.models = NULL;
    assert_int_equal(echo_party_restore(&party, &options, &err), ECHO_ERR_INVALID);
    options = p->options;
    options.version = 3;
    assert_int_equal(echo_party_restore(&party, &options, &err), ECHO_ERR_VERSION);
    echo_keypair second, feed;
    assert_int_equal(echo_keypair_new(&second), ECHO_OK);
    assert_int_equal(echo_keypair_new(&feed), ECHO_OK);
    assert_ok(echo_party_create(p->dir, &second, &feed, NULL, NULL, &err), &err);
    assert_int_equal(echo_party_restore(&party, &p->options, &err), ECHO_ERR_INVALID);
    assert_non_null(strstr(err.message, "2 parties"));
    p->options.party = &second.public_key;
    party = party_open(&p->options);
    assert_memory_equal(echo_party_key(party), &second.public_key, sizeof(echo_key));
    echo_party_status status;
    echo_party_status_get(&status, party);
    assert_int_equal(status.feeds, 1); /* the other party's feed is left alone */
    echo_party_free(party);
    free(gone);
    place_free(p);
}

/* ---- items ---- */

static void append_raw(place *p, const void *block, size_t len) {
    char *path = folder_path(p->dir, "feeds");
    echo_feeds feeds;
    void *feed;
    uint64_t first;
    echo_error err = ECHO_ERROR_INIT;
    echo_bytes blocks = {block, len};
    assert_ok(echo_feeds_open_dir(&feeds, path, NULL, &err), &err);
    assert_ok(feeds.ops->open(&feed, feeds.ctx, &p->feed.public_key, &err), &err);
    assert_ok(feeds.ops->append(&first, feeds.ctx, feed, &blocks, 1, &err), &err);
    feeds.ops->close(feeds.ctx, feed);
    echo_feeds_close(&feeds);
    free(path);
}

static void append_message(place *p, const echo_message *message) {
    echo_codec codec = echo_codec_dxos();
    uint8_t *block;
    size_t len;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(codec.ops->encode(&block, &len, codec.ctx, message, &err), &err);
    append_raw(p, block, len);
    codec.ops->release(codec.ctx, block);
}

static echo_message genesis_of(const void *id, size_t len) {
    return (echo_message){.kind = ECHO_MESSAGE_ITEM,
                          .generation = 2,
                          .item = {id, len},
                          .has_genesis = true,
                          .model = {(const uint8_t *)ECHO_MODEL_OBJECT, strlen(ECHO_MODEL_OBJECT)}};
}

/* The same by hand: the codec would not write such an id. */
static void put_field(echo__buf *out, uint8_t field, const void *data, size_t len) {
    echo__buf_byte(out, (uint8_t)(field << 3 | 2));
    size_t rest = len;
    for (; rest >= 128; rest >>= 7) echo__buf_byte(out, (uint8_t)(rest | 128));
    echo__buf_byte(out, (uint8_t)rest);
    echo__buf_append(out, data, len);
}

static void append_hostile(place *p, const void *id, size_t len) {
    echo__buf genesis = ECHO__BUF_INIT, envelope = ECHO__BUF_INIT, block = ECHO__BUF_INIT;
    put_field(&genesis, 2, ECHO_MODEL_OBJECT, strlen(ECHO_MODEL_OBJECT));
    put_field(&envelope, 1, id, len);
    put_field(&envelope, 10, genesis.data, genesis.len);
    put_field(&block, 11, envelope.data, envelope.len);
    append_raw(p, block.data, block.len);
    echo__buf_free(&genesis);
    echo__buf_free(&envelope);
    echo__buf_free(&block);
}

static void test_odd_ids(void **arg) {
    (void)arg;
    place *p = place_new();
    static const char odd[] = "quote\" back\\slash \x01\x1f\x7f tab\t newline\n \xc3\xa9 \xf0\x9f\x98\x80";
    size_t big_len = (size_t)7 << 20; /* a block of a feed on disk has at most 8 MiB */
    uint8_t *big = malloc(big_len);
    memset(big, 'x', big_len);
    echo_message m = genesis_of(odd, strlen(odd));
    append_message(p, &m);
    m = genesis_of(big, ECHO_ID_BYTES_MAX);
    append_message(p, &m);
    static const struct {
        const char *id;
        size_t len;
        echo_status code;
    } refused[] = {{NULL, (size_t)7 << 20, ECHO_ERR_LIMIT}, {NULL, ECHO_ID_BYTES_MAX + 1, ECHO_ERR_LIMIT},
                   {"\xff\xfe", 2, ECHO_ERR_CORRUPT},       {"a\0b", 3, ECHO_ERR_CORRUPT},
                   {"\xed\xa0\x80", 3, ECHO_ERR_CORRUPT},   {"", 0, ECHO_ERR_CORRUPT}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        append_hostile(p, refused[i].id != NULL ? (const void *)refused[i].id : big, refused[i].len);
        echo_party *party = party_open(&p->options);
        assert_int_equal(p->refusals, (int)i + 1); /* told, passed over, and the party goes on */
        assert_int_equal(p->refused.code, refused[i].code);
        assert_int_equal(p->refused.seq, 3 + i);
        assert_true(strlen(p->refused.item) < sizeof p->refused.item);
        assert_int_equal(echo_timeframe_total(echo_party_clock(party)), 4 + i);
        snapshot(party); /* covers it, so that the next opening tells only the next */
        echo_party_free(party);
    }
    echo_party *party = party_open(&p->options);
    char *state = state_of(party);
    snapshot(party);
    echo_item *item;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_item_get(&item, party, odd, &err), &err);
    echo_party_free(party);
    p->options.verify = ECHO_VERIFY_FULL;
    party = party_open(&p->options);
    assert_ok(echo_item_get(&item, party, odd, &err), &err);
    char *again = state_of(party);
    assert_string_equal(again, state);
    echo_party_free(party);
    free(state);
    free(again);
    free(big);
    place_free(p);
}

static void test_garbage_blocks_and_unknown_fields(void **arg) {
    (void)arg;
    place *p = place_new();
    append_raw(p, "\xff\xff\xff\xff garbage", 12);
    append_raw(p, "", 0);
    append_raw(p,
               "\x9a\x06\x03"
               "abc",
               6); /* an unknown field alone */
    echo_message m = genesis_of("x", 1);
    append_message(p, &m);
    echo_party *party = party_open(&p->options);
    assert_int_equal(echo_timeframe_total(echo_party_clock(party)), 5);
    assert_true(p->refusals >= 1);
    assert_int_equal(echo_party_report(party)->messages_refused, (uint64_t)p->refusals);
    echo_item *item;
    echo_error err = ECHO_ERROR_INIT;
    assert_ok(echo_item_get(&item, party, "x", &err), &err);
    echo_party_free(party);
    place_free(p);
}

/* Faults the original had: links, deletion and missing parents through a snapshot, and a time that fits no int32. */
static int64_t far_future(void *arg) {
    (void)arg;
    return INT64_C(4102444800123);
}

static echo_status grab_time(void *arg, const echo_snapshot_info *info) {
    *(int64_t *)arg = info->time;
    return ECHO_OK;
}

static void test_links_parents_deletion_time(void **arg) {
    (void)arg;
    place *p = place_new();
    p->options.now = far_future;
    echo_party *party = party_open(&p->options);
    echo_error err = ECHO_ERROR_INIT;
    echo_write writes[] = {
        {.id = "a", .create = true, .model = ECHO_MODEL_OBJECT, .type = "t"},
        {.id = "b", .create = true, .model = ECHO_MODEL_OBJECT, .set_parent = true, .parent = "not here yet"},
        {.id = "link", .create = true, .model = ECHO_MODEL_OBJECT, .source = "a", .target = "b"},
        {.id = "a", .action = ECHO_ACTION_DELETE},
    };
    assert_ok(echo_party_write(NULL, party, writes, 4, &err), &err);
    snapshot(party);
    echo_party_free(party);
    party = party_open(&p->options);
    assert_int_equal(echo_party_report(party)->messages_read, 0);
    echo_item *item;
    echo_item_head head;
    assert_ok(echo_item_get(&item, party, "link", &err), &err);
    echo_item_head_get(&head, item);
    assert_string_equal(head.source, "a");
    assert_string_equal(head.target, "b");
    assert_ok(echo_item_get(&item, party, "b", &err), &err);
    echo_item_head_get(&head, item);
    assert_string_equal(head.parent, "not here yet");
    assert_ok(echo_item_get(&item, party, "a", &err), &err);
    echo_item_head_get(&head, item);
    assert_true(head.deleted);
    echo_party_free(party);
    int64_t time = 0;
    echo_store store;
    assert_ok(echo_store_open_sqlite(&store, p->db, NULL, &err), &err);
    assert_ok(echo_snapshot_list(&store, &p->party.public_key, grab_time, &time, &err), &err);
    assert_int_equal(time, INT64_C(4102444800123));
    echo_store_close(&store);
    place_free(p);
}

static void test_write_checks(void **arg) {
    (void)arg;
    place *p = place_new();
    echo_party *party = party_open(&p->options);
    echo_error err = ECHO_ERROR_INIT;
    static const struct {
        echo_write write;
        echo_status status;
    } cases[] = {
        {{.id = "x", .create = true, .model = ECHO_MODEL_OBJECT}, ECHO_OK},
        {{.id = "x", .create = true, .model = ECHO_MODEL_OBJECT}, ECHO_ERR_EXISTS},
        {{.id = "y", .action = ECHO_ACTION_DELETE}, ECHO_ERR_NOT_FOUND},
        {{.id = "y", .create = true}, ECHO_ERR_INVALID},
        {{.id = "", .create = true, .model = ECHO_MODEL_OBJECT}, ECHO_ERR_INVALID},
        {{.id = NULL, .create = true, .model = ECHO_MODEL_OBJECT}, ECHO_ERR_INVALID},
        {{.id = "\xff", .create = true, .model = ECHO_MODEL_OBJECT}, ECHO_ERR_INVALID},
        {{.id = "x", .type = "t"}, ECHO_ERR_INVALID},
        {{.id = "x"}, ECHO_ERR_INVALID}, /* it says nothing */
        {{.id = "x", .parent = "p"}, ECHO_ERR_INVALID},
        {{.id = "x", .action = ECHO_ACTION_DELETE, .parent = ""}, ECHO_ERR_INVALID},
        {{.id = "x", .action = ECHO_ACTION_DELETE, .model = ECHO_MODEL_OBJECT}, ECHO_ERR_INVALID},
        {{.id = "x", .action = (echo_item_action)7}, ECHO_ERR_INVALID},
        {{.id = "x", .set_parent = true, .parent = "x"}, ECHO_ERR_INVALID},
        {{.id = "y", .create = true, .model = ECHO_MODEL_OBJECT, .set_parent = true, .parent = "y"}, ECHO_ERR_INVALID},
        {{.id = "y", .create = true, .model = ECHO_MODEL_OBJECT, .source = "x"}, ECHO_ERR_INVALID},
        {{.id = "y", .create = true, .model = ECHO_MODEL_OBJECT, .target = "x"}, ECHO_ERR_INVALID},
        {{.id = "u", .create = true, .model = "not registered"}, ECHO_OK},
        {{.id = "x", .set_parent = true}, ECHO_OK},
    };
    uint64_t length = 1;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(echo_party_write(NULL, party, &cases[i].write, 1, &err), cases[i].status);
        length += cases[i].status == ECHO_OK;
        assert_int_equal(echo_timeframe_total(echo_party_clock(party)), length);
    }
    echo_write batch[] = {{.id = "z", .create = true, .model = ECHO_MODEL_OBJECT},
                          {.id = "z", .action = ECHO_ACTION_DELETE},
                          {.id = "nobody", .action = ECHO_ACTION_DELETE}};
    assert_int_equal(echo_party_write(NULL, party, batch, 3, &err), ECHO_ERR_NOT_FOUND); /* all or none */
    assert_string_equal(err.item, "nobody");
    assert_int_equal(echo_timeframe_total(echo_party_clock(party)), length);
    assert_ok(echo_party_write(NULL, party, batch, 2, &err), &err);
    echo_write order[] = {{.id = "w", .action = ECHO_ACTION_DELETE}, {.id = "w", .create = true, .model = "m"}};
    assert_int_equal(echo_party_write(NULL, party, order, 2, &err), ECHO_ERR_NOT_FOUND); /* created too late */
    echo_write twice[] = {{.id = "w", .create = true, .model = "m"},
                          {.id = "ww", .create = true, .model = "m"},
                          {.id = "w", .create = true, .model = "m"}};
    assert_int_equal(echo_party_write(NULL, party, twice, 3, &err), ECHO_ERR_EXISTS);
    assert_string_equal(err.item, "w");
    assert_ok(echo_party_write(NULL, party, twice, 2, &err), &err);
    echo_party_free(party);
    place_free(p);
}

/* ---- members ---- */

static void test_second_feed(void **arg) {
    (void)arg;
    place *p = place_new();
    echo_keypair second, stranger;
    echo_error err = ECHO_ERROR_INIT;
    char *feeds = folder_path(p->dir, "feeds");
    assert_int_equal(echo_keypair_new(&second), ECHO_OK);
    assert_int_equal(echo_keypair_new(&stranger), ECHO_OK);
    assert_ok(echo_feed_create(feeds, &second, &err), &err);
    echo_party *party = party_open(&p->options);
    assert_ok(echo_party_admit_feed(party, &second.public_key, &p->party, &err), &err);
    uint64_t before = echo_timeframe_total(echo_party_clock(party));
    echo_keypair mixed = p->party; /* the right name and another's secret */
    memcpy(mixed.secret, stranger.secret, sizeof mixed.secret);
    assert_int_equal(echo_party_admit_feed(party, &stranger.public_key, &stranger, &err), ECHO_ERR_REFUSED);
    assert_int_equal(echo_party_admit_feed(party, &stranger.public_key, &mixed, &err), ECHO_ERR_INVALID);
    assert_int_equal(echo_timeframe_total(echo_party_clock(party)), before); /* nothing is written */
    assert_int_equal(p->refusals, 0);
    party_write_tail(party, 2, 3, 1);
    snapshot(party);
    echo_party_free(party);
    for (int round = 0; round < 2; round++) { /* admission from the snapshot, then from the feeds */
        p->options.use_snapshots = round != 1;
        p->options.own_feed = &second.public_key;
        party = party_open(&p->options);
        echo_party_status status;
        echo_party_status_get(&status, party);
        assert_int_equal(status.feeds, 2);
        assert_true(status.writable);
        party_write_tail(party, 2, 3, 10);
        echo_party_free(party);
    }
    p->options.use_snapshots = true;
    party = party_open(&p->options);
    char *state = state_of(party);
    echo_party_free(party);
    p->options.use_snapshots = false;
    party = party_open(&p->options);
    char *oracle = state_of(party);
    assert_string_equal(state, oracle);
    echo_party_free(party);
    free(state);
    free(oracle);
    free(feeds);
    place_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_damaged_manifest_falls_back),
        cmocka_unit_test(test_flipped_bit_in_manifest),
        cmocka_unit_test(test_damaged_root_falls_back),
        cmocka_unit_test(test_damaged_leaf),
        cmocka_unit_test(test_manifest_of_a_stranger),
        cmocka_unit_test(test_unusable_store),
        cmocka_unit_test(test_locked_store),
        cmocka_unit_test(test_two_writers),
        cmocka_unit_test(test_no_write),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_own_feed_behind),
        cmocka_unit_test(test_damaged_feed_is_told),
        cmocka_unit_test(test_missing_folder_and_party),
        cmocka_unit_test(test_odd_ids),
        cmocka_unit_test(test_garbage_blocks_and_unknown_fields),
        cmocka_unit_test(test_links_parents_deletion_time),
        cmocka_unit_test(test_write_checks),
        cmocka_unit_test(test_second_feed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
