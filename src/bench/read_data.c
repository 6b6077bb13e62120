#include "bench/read_data.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/child.h"
#include "bench/folder.h"
#include "bench/session.h"
#include "gen/generate_random.h"

#define ROUNDS 10u
#define BATCH 1000u
#define TITLE_CHARS 32u
#define NOTE_CHARS 28u

typedef struct values {
    char title[TITLE_CHARS + 1], note[NOTE_CHARS + 1], state[8];
    int64_t count; /* five digits */
} values;

static const char *const keys[] = {"count", "note", "state", "title"};

void bench_read_id(char out[BENCH_READ_ID_CHARS], uint64_t i) {
    (void)snprintf(out, BENCH_READ_ID_CHARS, "item-%07" PRIu64, i % 10000000);
}

uint64_t bench_read_text(const void *text, size_t len) {
    const uint8_t *bytes = text;
    return len == 0 ? 0 : len + bytes[0] + bytes[len - 1];
}

/* ---- the party ---- */

static void draw_text(char *out, size_t len, generate_random *random) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz     ";
    for (size_t i = 0; i < len; i++) out[i] = letters[generate_random_below(random, sizeof letters - 1)];
    out[len] = '\0';
}

static void draw_mutation(echo_object_mutation *m, bool first, generate_random *random) {
    static const char *const states[] = {"open", "done", "wait", "next"};
    char text[TITLE_CHARS + 1];
    uint64_t key = generate_random_below(random, 4);
    echo_object_mutation_reset(m);
    if (first || key == 0) {
        draw_text(text, TITLE_CHARS, random);
        echo_object_set_string(m, "title", text, TITLE_CHARS);
    }
    if (first || key == 1) {
        draw_text(text, NOTE_CHARS, random);
        echo_object_set_string(m, "note", text, NOTE_CHARS);
    }
    if (first || key == 2) echo_object_set_string(m, "state", states[generate_random_below(random, 4)], 4);
    if (first || key == 3) echo_object_set_int64(m, "count", (int64_t)(10000 + generate_random_below(random, 90000)));
}

/* Messages first..first + n - 1, of which the first `items` make the items. */
static echo_status write_batch(echo_party *party, echo_object_mutation *m, generate_random *random, uint64_t items,
                               uint64_t first, size_t n, echo_error *err) {
    static echo_write writes[BATCH];
    static char ids[BATCH][BENCH_READ_ID_CHARS];
    static uint8_t rooms[BATCH][256];
    static echo_bytes mutations[BATCH];
    for (size_t i = 0; i < n; i++) {
        echo_bytes bytes;
        bool make = first + i < items;
        draw_mutation(m, make, random);
        echo_status status = echo_object_mutation_bytes(&bytes, m);
        if (status != ECHO_OK || bytes.len > sizeof rooms[i]) return bench_fail(err, ECHO_ERR_LIMIT, "a mutation");
        memcpy(rooms[i], bytes.data, bytes.len);
        mutations[i] = (echo_bytes){rooms[i], bytes.len};
        bench_read_id(ids[i], (first + i) % items);
        writes[i] = (echo_write){.id = ids[i],
                                 .create = make,
                                 .type = make ? "example:type/task" : NULL,
                                 .model = make ? ECHO_MODEL_OBJECT : NULL,
                                 .mutation = &mutations[i]};
    }
    return echo_party_write(NULL, party, writes, n, err);
}

static echo_status write_party(echo_party *party, uint64_t seed, uint64_t items, echo_error *err) {
    generate_random random;
    echo_object_mutation *m;
    generate_random_seed(&random, seed);
    echo_status status = echo_object_mutation_new(&m, ECHO_GENERATION_NEW);
    if (status != ECHO_OK) return bench_fail(err, status, "out of memory");
    for (uint64_t done = 0; status == ECHO_OK && done < ROUNDS * items;) {
        uint64_t left = ROUNDS * items - done, n = left < BATCH ? left : BATCH;
        if (done < items && done + n > items) n = items - done;
        status = write_batch(party, m, &random, items, done, (size_t)n, err);
        done += n;
    }
    echo_object_mutation_free(m);
    return status;
}

static echo_status open_party(echo_party **out, echo_registry **models, const char *dir, bool eager,
                              const echo_snapshot_policy *policy, echo_error *err) {
    *out = NULL;
    echo_status status = echo_registry_new(models);
    if (status == ECHO_OK) status = echo_registry_add_object(*models, err);
    if (status != ECHO_OK) return bench_fail(err, status, "out of memory");
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    options.dir = dir;
    options.models = *models;
    options.eager = eager;
    options.relaxed = true;
    options.policy = policy;
    return echo_party_restore(out, &options, err);
}

echo_status bench_read_open(echo_party **out, echo_registry **models, const char *dir, bool eager, echo_error *err) {
    return open_party(out, models, dir, eager, NULL, err);
}

echo_status bench_read_make(echo_key *key, const char *dir, uint64_t seed, uint64_t items, echo_error *err) {
    echo_keypair party_keys, feed_keys;
    uint8_t bytes[32] = {1};
    echo_registry *models;
    echo_party *party;
    echo_snapshot_policy policy = bench_policy_manual();
    echo_status status = echo_keypair_from_seed(&party_keys, bytes);
    bytes[0] = 2;
    if (status == ECHO_OK) status = echo_keypair_from_seed(&feed_keys, bytes);
    if (status == ECHO_OK) status = echo_party_create(dir, &party_keys, &feed_keys, NULL, NULL, err);
    if (status != ECHO_OK) return status;
    *key = party_keys.public_key;
    status = open_party(&party, &models, dir, false, &policy, err);
    if (status == ECHO_OK) status = write_party(party, seed, items, err);
    if (status == ECHO_OK) status = echo_party_snapshot(NULL, party, err);
    echo_party_free(party);
    echo_registry_free(models);
    return status;
}

/* ---- reading the party ---- */

echo_status bench_read_item(uint64_t *sum, const echo_item *item, echo_error *err) {
    echo_bytes text;
    int64_t number;
    echo_status status = echo_object_get_int64(&number, item, keys[0], err);
    if (status != ECHO_OK) return status;
    *sum += (uint64_t)number;
    for (size_t i = 1; i < 4; i++) {
        status = echo_object_get_string(&text, item, keys[i], err);
        if (status != ECHO_OK) return status;
        *sum += bench_read_text(text.data, text.len);
    }
    return ECHO_OK;
}

/* ---- the same values elsewhere ---- */

typedef struct exporting {
    FILE *json, *flat;
    sqlite3_stmt *insert;
    uint64_t items, values, sum;
    bool failed;
    echo_error *err;
} exporting;

static void put_flat(FILE *file, const void *data, size_t len) {
    uint8_t length = (uint8_t)len;
    (void)fwrite(&length, 1, 1, file);
    (void)fwrite(data, 1, len, file);
}

static echo_status export_item(void *arg, const echo_item *item) {
    exporting *e = arg;
    echo_item_head head;
    echo_bytes texts[3];
    int64_t number;
    echo_item_head_get(&head, item);
    echo_status status = echo_object_get_int64(&number, item, keys[0], e->err);
    for (size_t i = 0; status == ECHO_OK && i < 3; i++)
        status = echo_object_get_string(&texts[i], item, keys[i + 1], e->err);
    if (status == ECHO_OK) status = bench_read_item(&e->sum, item, e->err);
    if (status != ECHO_OK) return status;
    (void)fprintf(e->json,
                  "%s{\"id\":\"%s\",\"properties\":{\"count\":%" PRId64
                  ",\"note\":\"%.*s\",\"state\":\"%.*s\",\"title\":\"%.*s\"}}",
                  e->items == 0 ? "[" : ",", head.id, number, (int)texts[0].len, (const char *)texts[0].data,
                  (int)texts[1].len, (const char *)texts[1].data, (int)texts[2].len, (const char *)texts[2].data);
    put_flat(e->flat, head.id, strlen(head.id));
    put_flat(e->flat, &number, sizeof number);
    (void)sqlite3_bind_text(e->insert, 1, head.id, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_int64(e->insert, 2, number);
    e->values += 5;
    for (size_t i = 0; i < 3; i++) {
        put_flat(e->flat, texts[i].data, texts[i].len);
        (void)sqlite3_bind_text(e->insert, 3 + (int)i, (const char *)texts[i].data, (int)texts[i].len,
                                SQLITE_TRANSIENT);
        e->values += texts[i].len;
    }
    if (sqlite3_step(e->insert) != SQLITE_DONE) e->failed = true;
    (void)sqlite3_reset(e->insert);
    e->items++;
    return ECHO_OK;
}

static FILE *create(const char *dir, const char *name, echo_error *err) {
    char path[BENCH_PATH_MAX];
    return bench_path(path, dir, name, err) == ECHO_OK ? fopen(path, "wb") : NULL;
}

static sqlite3 *open_sqlite(const char *dir, int flags, echo_error *err) {
    char path[BENCH_PATH_MAX];
    sqlite3 *db = NULL;
    if (bench_path(path, dir, BENCH_READ_SQLITE_FILE, err) != ECHO_OK) return NULL;
    if (sqlite3_open_v2(path, &db, flags, NULL) == SQLITE_OK) return db;
    (void)sqlite3_close(db);
    return NULL;
}

static echo_status export_all(exporting *e, sqlite3 *db, const char *dir, echo_error *err) {
    echo_registry *models;
    echo_party *party;
    e->json = create(dir, BENCH_READ_JSON_FILE, err);
    e->flat = create(dir, BENCH_READ_FLAT_FILE, err);
    bool ready =
        e->json != NULL && e->flat != NULL && db != NULL &&
        sqlite3_exec(db,
                     "CREATE TABLE items(id TEXT PRIMARY KEY, count INTEGER, note TEXT, state TEXT, title "
                     "TEXT) WITHOUT ROWID; BEGIN",
                     NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, "INSERT INTO items VALUES(?1, ?2, ?3, ?4, ?5)", -1, &e->insert, NULL) == SQLITE_OK;
    if (!ready) return bench_fail(err, ECHO_ERR_IO, "the files to compare with cannot be made");
    echo_status status = bench_read_open(&party, &models, dir, false, err);
    if (status == ECHO_OK) status = echo_party_each(party, NULL, export_item, e, err);
    (void)fputs("]", e->json);
    echo_party_free(party);
    echo_registry_free(models);
    if (status == ECHO_OK && (e->failed || sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK))
        status = bench_fail(err, ECHO_ERR_IO, "the SQLite file to compare with cannot be written");
    return status;
}

echo_status bench_read_export(uint64_t *out_values, uint64_t *sum, const char *dir, echo_error *err) {
    exporting e;
    memset(&e, 0, sizeof e);
    e.err = err;
    sqlite3 *db = open_sqlite(dir, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
    echo_status status = export_all(&e, db, dir, err);
    (void)sqlite3_finalize(e.insert);
    (void)sqlite3_close(db);
    bool written = e.json == NULL || fclose(e.json) == 0;
    if (e.flat != NULL && fclose(e.flat) != 0) written = false;
    if (status == ECHO_OK && !written)
        status = bench_fail(err, ECHO_ERR_IO, "the files to compare with cannot be written");
    *out_values = e.values;
    *sum = e.sum;
    return status;
}

/* A whole file, with a NUL behind it, for free(). */
static char *read_file(size_t *len, const char *dir, const char *name, echo_error *err) {
    char path[BENCH_PATH_MAX];
    FILE *file = bench_path(path, dir, name, err) == ECHO_OK ? fopen(path, "rb") : NULL;
    char *data = NULL;
    long size = 0;
    if (file != NULL && fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0) data = malloc((size_t)size + 1);
    if (data != NULL) {
        rewind(file);
        *len = fread(data, 1, (size_t)size, file);
        data[*len] = '\0';
    }
    if (file != NULL) (void)fclose(file);
    if (data == NULL) (void)bench_fail(err, ECHO_ERR_IO, "%s cannot be read", name);
    return data;
}

echo_status bench_read_cjson(uint64_t *sum, const char *dir, echo_error *err) {
    size_t len;
    char *text = read_file(&len, dir, BENCH_READ_JSON_FILE, err);
    if (text == NULL) return ECHO_ERR_IO;
    cJSON *all = cJSON_Parse(text);
    if (all == NULL) return bench_fail(err, ECHO_ERR_CORRUPT, "the JSON file cannot be parsed");
    const cJSON *item;
    cJSON_ArrayForEach(item, all) {
        const cJSON *properties = cJSON_GetObjectItemCaseSensitive(item, "properties");
        *sum += (uint64_t)cJSON_GetObjectItemCaseSensitive(properties, keys[0])->valuedouble;
        for (size_t i = 1; i < 4; i++) {
            const char *value = cJSON_GetObjectItemCaseSensitive(properties, keys[i])->valuestring;
            *sum += bench_read_text(value, strlen(value));
        }
    }
    cJSON_Delete(all);
    free(text);
    return ECHO_OK;
}

echo_status bench_read_flat(uint64_t *sum, const char *dir, echo_error *err) {
    size_t len;
    char *data = read_file(&len, dir, BENCH_READ_FLAT_FILE, err);
    if (data == NULL) return ECHO_ERR_IO;
    const uint8_t *at = (const uint8_t *)data, *end = at + len;
    while (at < end) {
        int64_t number;
        at += 1 + at[0];
        memcpy(&number, at + 1, sizeof number);
        *sum += (uint64_t)number;
        at += 1 + at[0];
        for (int i = 0; i < 3; i++, at += 1 + at[0]) *sum += bench_read_text(at + 1, at[0]);
    }
    free(data);
    return ECHO_OK;
}

echo_status bench_read_sqlite(uint64_t *sum, const char *dir, const char *id, echo_error *err) {
    sqlite3 *db = open_sqlite(dir, SQLITE_OPEN_READONLY, err);
    sqlite3_stmt *select = NULL;
    const char *sql = id == NULL ? "SELECT count, note, state, title FROM items"
                                 : "SELECT count, note, state, title FROM items WHERE id = ?1";
    int rc = db == NULL ? SQLITE_CANTOPEN : sqlite3_prepare_v2(db, sql, -1, &select, NULL);
    if (rc == SQLITE_OK && id != NULL) rc = sqlite3_bind_text(select, 1, id, -1, SQLITE_TRANSIENT);
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(select);
        if (rc != SQLITE_ROW) break;
        *sum += (uint64_t)sqlite3_column_int64(select, 0);
        for (int i = 1; i < 4; i++) {
            const void *text = sqlite3_column_text(select, i);
            *sum += bench_read_text(text, (size_t)sqlite3_column_bytes(select, i));
        }
    }
    (void)sqlite3_finalize(select);
    (void)sqlite3_close(db);
    return rc == SQLITE_DONE ? ECHO_OK : bench_fail(err, ECHO_ERR_IO, "the SQLite file cannot be read");
}
