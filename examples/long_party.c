/* Makes a party with a long history, and measures opening it, for examples/run.sh.
 *   long_party FOLDER write MESSAGES ITEMS   makes a party whose items are changed over and over; prints nothing
 *   long_party FOLDER open [replay]          opens it (with `replay`, without its snapshot) and reads one item;
 *                                            prints one line: messages read, chunks read, their bytes,
 *                                            nanoseconds until it was open, nanoseconds until the item was read */
#include <echo/echo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH 500

static uint64_t now_ns(void) {
    struct timespec now;
    return timespec_get(&now, TIME_UTC) == 0 ? 0 : (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static echo_status open_party(echo_party **out, const char *dir, echo_registry *models, bool replay, echo_error *err) {
    echo_snapshot_policy policy = ECHO_SNAPSHOT_POLICY_INIT;
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    policy.manual = true; /* snapshots are taken by the command that examples/run.sh calls */
    options.dir = dir;
    options.models = models;
    options.policy = &policy;
    options.use_snapshots = !replay;
    options.relaxed = true; /* a demonstration's messages may be lost in a power failure */
    return echo_party_restore(out, &options, err);
}

/* The text of the nth message, as a mutation. */
static echo_status change_of(echo_bytes *bytes, echo_object_mutation **mutation, unsigned long n) {
    char text[64];
    (void)snprintf(text, sizeof text, "change number %lu of this party", n);
    echo_status status = echo_object_mutation_new(mutation, ECHO_GENERATION_NEW);
    if (status != ECHO_OK) return status;
    echo_object_set_string(*mutation, "text", text, ECHO_OBJECT_TEXT);
    return echo_object_mutation_bytes(bytes, *mutation);
}

static echo_status write_batch(echo_party *party, unsigned long from, size_t n, unsigned long items, echo_error *err) {
    static char ids[BATCH][32];
    static echo_write writes[BATCH];
    echo_bytes bytes[BATCH];
    echo_object_mutation *mutations[BATCH] = {NULL};
    echo_status status = ECHO_OK;
    for (size_t i = 0; i < n && status == ECHO_OK; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "note-%06lu", (from + i) % items);
        status = change_of(&bytes[i], &mutations[i], from + i);
        writes[i] = (echo_write){.id = ids[i], .mutation = &bytes[i]};
        if (from + i >= items) continue;
        writes[i].create = true;
        writes[i].type = "example.org/type/note";
        writes[i].model = ECHO_MODEL_OBJECT;
    }
    if (status == ECHO_OK) status = echo_party_write(NULL, party, writes, n, err);
    for (size_t i = 0; i < n; i++) echo_object_mutation_free(mutations[i]);
    return status;
}

static echo_status write_all(const char *dir, echo_registry *models, unsigned long messages, unsigned long items,
                             echo_error *err) {
    echo_keypair keys, feed;
    echo_party *party = NULL;
    echo_status status = echo_keypair_new(&keys) == ECHO_OK && echo_keypair_new(&feed) == ECHO_OK
                             ? echo_party_create(dir, &keys, &feed, NULL, NULL, err)
                             : ECHO_ERR_IO;
    if (status == ECHO_OK) status = open_party(&party, dir, models, false, err);
    for (unsigned long n = 0; n < messages && status == ECHO_OK; n += BATCH)
        status = write_batch(party, n, messages - n < BATCH ? (size_t)(messages - n) : BATCH, items, err);
    echo_party_free(party);
    return status;
}

static echo_status open_and_read(const char *dir, echo_registry *models, bool replay, echo_error *err) {
    echo_party *party = NULL;
    echo_item *item = NULL;
    uint64_t began = now_ns();
    echo_status status = open_party(&party, dir, models, replay, err);
    uint64_t open = now_ns();
    if (status == ECHO_OK) status = echo_item_get(&item, party, "note-000007", err);
    uint64_t read = now_ns();
    if (status == ECHO_OK) {
        const echo_restore_report *report = echo_party_report(party);
        printf("%llu %llu %llu %llu %llu\n", (unsigned long long)report->messages_read,
               (unsigned long long)report->chunks_read, (unsigned long long)report->chunk_bytes_read,
               (unsigned long long)(open - began), (unsigned long long)(read - began));
    }
    echo_party_free(party);
    return status;
}

int main(int argc, char **argv) {
    bool writing = argc == 5 && strcmp(argv[2], "write") == 0;
    bool opening = (argc == 3 || (argc == 4 && strcmp(argv[3], "replay") == 0)) && strcmp(argv[2], "open") == 0;
    unsigned long messages = writing ? strtoul(argv[3], NULL, 10) : 0, items = writing ? strtoul(argv[4], NULL, 10) : 1;
    if ((!writing && !opening) || items == 0) {
        fprintf(stderr, "usage: %s FOLDER write MESSAGES ITEMS, or %s FOLDER open [replay]\n", argv[0], argv[0]);
        return 2;
    }
    echo_error err = ECHO_ERROR_INIT;
    echo_registry *models = NULL;
    echo_status status = echo_registry_new(&models);
    if (status == ECHO_OK) status = echo_registry_add_object(models, &err);
    if (status == ECHO_OK)
        status = writing ? write_all(argv[1], models, messages, items, &err)
                         : open_and_read(argv[1], models, argc == 4, &err);
    echo_registry_free(models);
    if (status != ECHO_OK) fprintf(stderr, "%s: %s\n", echo_status_name(status), err.message);
    return status == ECHO_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
