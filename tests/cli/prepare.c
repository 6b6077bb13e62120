/*
 * What the tests of the command need and the command does not do: writing to parties, and meddling with their stores.
 *
 *   prepare party FOLDER                           a new party; prints its key
 *   prepare secret                                 that party's secret key, as a key file has it
 *   prepare items FOLDER PREFIX FROM TO TEXT       object items PREFIX<FROM>..PREFIX<TO - 1>, made or changed: "text"
 *                                                  becomes TEXT and the number
 *   prepare item FOLDER ID TYPE PARENT KEY JSON    a new object item ("-": no type, no parent) with one property
 *   prepare set FOLDER ID KEY JSON                 one property of an item
 *   prepare delete FOLDER ID
 *   prepare append FOLDER FEED TEXT                appends a block as it is, whether it is a good message or not
 *   prepare other FOLDER                           takes a snapshot in which the states are not what the messages say
 *   prepare sql FILE STATEMENT                     runs it; prints the first column of the first row. chunk(data)
 *                                                  unpacks a chunk
 *   prepare proxy PORT BYTES close|stall           a TCP proxy before 127.0.0.1:PORT for one connection, which prints
 *                                                  its own port; after that many bytes of the answer it closes, or
 *                                                  prints "stalled" and forwards nothing more
 *   prepare hold FILE                              writes to a store until its input ends; prints "held" once it does
 */
#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <echo/echo.h>
#include <echo/sys/feed.h>
#include <netinet/in.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../support/unpack_sql.h"

static int fail(const char *what, echo_status status, const echo_error *err) {
    fprintf(stderr, "prepare: %s: %s: %s\n", what, echo_status_name(status), err->message);
    return 1;
}

/* ---- parties ---- */

static const uint8_t party_seed[32] = "party of the tests of the CLI..",
                     feed_seed[32] = "feed of the tests of the CLI...";

static int print_secret(void) {
    echo_keypair party;
    if (echo_keypair_from_seed(&party, party_seed) != ECHO_OK) return 1;
    for (size_t i = 0; i < sizeof party.secret; i++) printf("%02x", party.secret[i]);
    puts("");
    return 0;
}

static int make_party(const char *folder) {
    echo_keypair party, feed;
    echo_error err = ECHO_ERROR_INIT;
    echo_status status = echo_keypair_from_seed(&party, party_seed);
    if (status == ECHO_OK) status = echo_keypair_from_seed(&feed, feed_seed);
    if (status == ECHO_OK) status = echo_party_create(folder, &party, &feed, NULL, NULL, &err);
    if (status != ECHO_OK) return fail("party", status, &err);
    char hex[ECHO_HEX_CHARS];
    echo_key_hex(hex, &party.public_key);
    puts(hex);
    return 0;
}

typedef struct opened {
    echo_registry *models;
    echo_party *party;
} opened;

static echo_status open_as(opened *out, const char *folder, const echo_model_ops *model, bool relaxed,
                           echo_error *err) {
    echo_snapshot_policy policy = ECHO_SNAPSHOT_POLICY_INIT;
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    policy.manual = true; /* none but those asked for, however slow the machine is */
    options.policy = &policy;
    options.relaxed = relaxed;
    echo_status status = echo_registry_new(&out->models);
    if (status == ECHO_OK)
        status = model != NULL ? echo_registry_add(out->models, model, NULL, err)
                               : echo_registry_add_object(out->models, err);
    options.dir = folder;
    options.models = out->models;
    options.use_snapshots = model == NULL;
    if (status == ECHO_OK) status = echo_party_restore(&out->party, &options, err);
    return status;
}

static echo_status open_party(opened *out, const char *folder, const echo_model_ops *model, echo_error *err) {
    return open_as(out, folder, model, false, err);
}

static void close_party(opened *o) {
    echo_party_free(o->party);
    echo_registry_free(o->models);
}

static int write_one(const char *folder, echo_write *what, const char *key, const char *json) {
    opened o = {NULL, NULL};
    echo_error err = ECHO_ERROR_INIT;
    echo_object_mutation *mutation = NULL;
    echo_bytes bytes;
    bool digits =
        json != NULL && json[strspn(json, "-0123456789")] == '\0'; /* exactly as they are: doubles end at 2^53 */
    cJSON *value = json == NULL ? NULL : digits ? cJSON_CreateRaw(json) : cJSON_Parse(json);
    if (json != NULL && value == NULL) return fail(json, ECHO_ERR_INVALID, &err);
    echo_status status = open_party(&o, folder, NULL, &err);
    if (status == ECHO_OK && key != NULL) {
        status = echo_object_mutation_new(&mutation, 2);
        if (status == ECHO_OK) {
            echo_object_set(mutation, key, value);
            status = echo_object_mutation_bytes(&bytes, mutation);
            what->mutation = &bytes;
        }
    }
    if (status == ECHO_OK) status = echo_party_write(NULL, o.party, what, 1, &err);
    echo_object_mutation_free(mutation);
    cJSON_Delete(value);
    close_party(&o);
    return status == ECHO_OK ? 0 : fail(what->id, status, &err);
}

static int write_many(const char *folder, const char *prefix, unsigned long from, unsigned long to, const char *text) {
    opened o = {NULL, NULL};
    echo_error err = ECHO_ERROR_INIT;
    echo_status status = open_as(&o, folder, NULL, true, &err); /* a sync for each would take its time */
    for (unsigned long n = from; status == ECHO_OK && n < to; n++) {
        char id[120], value[1000];
        echo_item *item;
        echo_object_mutation *mutation = NULL;
        echo_bytes bytes;
        (void)snprintf(id, sizeof id, "%.80s%lu", prefix, n);
        (void)snprintf(value, sizeof value, "%.900s %lu", text, n);
        cJSON *node = cJSON_CreateString(value);
        bool create = echo_item_get(&item, o.party, id, &err) != ECHO_OK;
        status = echo_object_mutation_new(&mutation, 2);
        if (status == ECHO_OK) {
            echo_object_set(mutation, "text", node);
            status = echo_object_mutation_bytes(&bytes, mutation);
        }
        const echo_write w = {.id = id,
                              .create = create,
                              .type = create ? "note" : NULL,
                              .model = create ? ECHO_MODEL_OBJECT : NULL,
                              .mutation = &bytes};
        if (status == ECHO_OK) status = echo_party_write(NULL, o.party, &w, 1, &err);
        echo_object_mutation_free(mutation);
        cJSON_Delete(node);
    }
    close_party(&o);
    return status == ECHO_OK ? 0 : fail(prefix, status, &err);
}

static int append(const char *folder, const char *feed, const char *text) {
    char path[1000];
    echo_key key;
    echo_feeds feeds;
    void *handle;
    uint64_t first;
    echo_error err = ECHO_ERROR_INIT;
    echo_bytes block = {(const uint8_t *)text, strlen(text)};
    (void)snprintf(path, sizeof path, "%s/feeds", folder);
    echo_status status = echo_key_parse(&key, feed);
    if (status == ECHO_OK) status = echo_feeds_open_dir(&feeds, path, NULL, &err);
    if (status != ECHO_OK) return fail(feed, status, &err);
    status = feeds.ops->open(&handle, feeds.ctx, &key, &err);
    if (status == ECHO_OK) {
        status = feeds.ops->append(&first, feeds.ctx, handle, &block, 1, &err);
        feeds.ops->close(feeds.ctx, handle);
    }
    echo_feeds_close(&feeds);
    return status == ECHO_OK ? 0 : fail(feed, status, &err);
}

/* ---- a model by the object model's name that is another ---- */

static echo_status other_create(void **state, void *ctx, const echo_item_info *item) {
    static int only;
    (void)ctx;
    (void)item;
    *state = &only;
    return ECHO_OK;
}

static void other_destroy(void *ctx, void *state) {
    (void)ctx;
    (void)state;
}

static echo_status other_apply(void *ctx, void *state, const echo_mutation *mutation, echo_error *err) {
    (void)ctx;
    (void)state;
    (void)mutation;
    (void)err;
    return ECHO_OK;
}

static echo_status other_snapshot(cJSON **out, void *ctx, const void *state, echo_error *err) {
    (void)ctx;
    (void)state;
    (void)err;
    *out = cJSON_CreateObject();
    return *out != NULL ? ECHO_OK : ECHO_ERR_NOMEM;
}

static echo_status other_restore(void *ctx, void *state, uint32_t stored, cJSON *value, echo_error *err) {
    (void)ctx;
    (void)state;
    (void)stored;
    (void)value;
    (void)err;
    return ECHO_OK;
}

static int snapshot_other(const char *folder) {
    const echo_model_ops ops = {.version = ECHO_MODEL_OPS_VERSION,
                                .type = ECHO_MODEL_OBJECT,
                                .state_version = 1,
                                .create = other_create,
                                .destroy = other_destroy,
                                .apply = other_apply,
                                .snapshot = other_snapshot,
                                .restore = other_restore};
    opened o = {NULL, NULL};
    echo_error err = ECHO_ERROR_INIT;
    echo_status status = open_party(&o, folder, &ops, &err);
    if (status == ECHO_OK) status = echo_party_snapshot(NULL, o.party, &err);
    close_party(&o);
    return status == ECHO_OK ? 0 : fail("other", status, &err);
}

/* ---- connections ---- */

static int listen_somewhere(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 1) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        return -1;
    printf("%u\n", (unsigned)ntohs(at.sin_port));
    (void)fflush(stdout);
    return accept(fd, NULL, NULL);
}

static int connect_to(unsigned long port) {
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0 ? fd : -1;
}

static bool pass_on(int from, int to, size_t most, size_t *passed) {
    char bytes[4096];
    ssize_t n = read(from, bytes, most < sizeof bytes ? most : sizeof bytes);
    for (ssize_t at = 0, done; at < n; at += done)
        if ((done = send(to, bytes + at, (size_t)(n - at), MSG_NOSIGNAL)) <= 0) return false;
    *passed = n > 0 ? (size_t)n : 0;
    return n > 0;
}

static int run_proxy(unsigned long port, size_t left, bool stall) {
    int client = listen_somewhere(), server = client >= 0 ? connect_to(port) : -1;
    if (server < 0) return 1;
    struct pollfd ends[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    size_t passed = 0;
    while (left > 0 && poll(ends, 2, -1) > 0) {
        if (ends[0].revents != 0 && !pass_on(client, server, SIZE_MAX, &passed)) return 0;
        if (ends[1].revents == 0) continue;
        if (!pass_on(server, client, left, &passed)) return 0;
        left -= passed;
    }
    if (!stall) return 0;
    puts("stalled");
    (void)fflush(stdout);
    for (char byte; read(client, &byte, 1) > 0;) continue; /* until the client gives up */
    return 0;
}

/* ---- stores ---- */

static int run_sql(const char *file, const char *sql, bool hold) {
    sqlite3 *db;
    sqlite3_stmt *statement;
    int rc = sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE, NULL);
    if (rc == SQLITE_OK) rc = unpack_sql(db);
    if (rc == SQLITE_OK) rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(statement);
        if (rc == SQLITE_ROW) puts((const char *)sqlite3_column_text(statement, 0));
        if (rc == SQLITE_ROW) rc = SQLITE_DONE;
        (void)sqlite3_finalize(statement);
    }
    if (rc != SQLITE_DONE) fprintf(stderr, "prepare: %s: %s\n", sql, sqlite3_errmsg(db));
    if (rc == SQLITE_DONE && hold) {
        puts("held");
        (void)fflush(stdout);
        while (getchar() != EOF) continue;
    }
    (void)sqlite3_close(db);
    return rc == SQLITE_DONE ? 0 : 1;
}

static const char *or_none(const char *text) { return strcmp(text, "-") == 0 ? NULL : text; }

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "secret") == 0 && argc == 2) return print_secret();
    if (strcmp(what, "items") == 0 && argc == 7)
        return write_many(argv[2], argv[3], strtoul(argv[4], NULL, 10), strtoul(argv[5], NULL, 10), argv[6]);
    if (strcmp(what, "proxy") == 0 && argc == 5)
        return run_proxy(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10), strcmp(argv[4], "stall") == 0);
    if (strcmp(what, "party") == 0 && argc == 3) return make_party(argv[2]);
    if (strcmp(what, "append") == 0 && argc == 5) return append(argv[2], argv[3], argv[4]);
    if (strcmp(what, "other") == 0 && argc == 3) return snapshot_other(argv[2]);
    if (strcmp(what, "sql") == 0 && argc == 4) return run_sql(argv[2], argv[3], false);
    if (strcmp(what, "hold") == 0 && argc == 3) return run_sql(argv[2], "BEGIN IMMEDIATE", true);
    if (strcmp(what, "item") == 0 && argc == 8) {
        echo_write w = {.id = argv[3],
                        .create = true,
                        .type = or_none(argv[4]),
                        .model = ECHO_MODEL_OBJECT,
                        .parent = or_none(argv[5])};
        w.set_parent = w.parent != NULL;
        return write_one(argv[2], &w, argv[6], argv[7]);
    }
    if (strcmp(what, "set") == 0 && argc == 6)
        return write_one(argv[2], &(echo_write){.id = argv[3]}, argv[4], argv[5]);
    if (strcmp(what, "delete") == 0 && argc == 4)
        return write_one(argv[2], &(echo_write){.id = argv[3], .action = ECHO_ACTION_DELETE}, NULL, NULL);
    fputs("prepare: not understood; see the top of prepare.c\n", stderr);
    return 2;
}
