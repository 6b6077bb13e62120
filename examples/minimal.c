/* The smallest host: opens the party in a folder, adds an item, prints all items, and saves a snapshot for the next
 * start. */
#include <echo/echo.h>
#include <stdio.h>
#include <stdlib.h>

static echo_status print_item(void *arg, const echo_item *item) {
    echo_item_head head;
    echo_bytes title;
    (void)arg;
    echo_item_head_get(&head, item);
    printf("%.12s  %s", head.id, head.type != NULL ? head.type : "-");
    if (echo_object_get_string(&title, item, "title", NULL) == ECHO_OK) /* borrowed from the item */
        printf("  %.*s", (int)title.len, (const char *)title.data);
    printf("\n");
    return ECHO_OK;
}

static echo_status add_note(echo_party *party, const char *text, echo_error *err) {
    char id[ECHO_HEX_CHARS];
    echo_bytes bytes;
    echo_object_mutation *mutation = NULL;
    echo_status status = echo_object_mutation_new(&mutation, ECHO_GENERATION_NEW);
    if (status == ECHO_OK) {
        echo_object_set_string(mutation, "title", text, ECHO_OBJECT_TEXT);
        status = echo_object_mutation_bytes(&bytes, mutation);
    }
    if (status == ECHO_OK) {
        echo_id_new(id);
        echo_write write = {
            .id = id, .create = true, .type = "example.org/type/note", .model = ECHO_MODEL_OBJECT, .mutation = &bytes};
        status = echo_party_write(NULL, party, &write, 1, err);
    }
    echo_object_mutation_free(mutation);
    return status;
}

static echo_status run(const char *dir, echo_registry *models, echo_error *err) {
    echo_party *party;
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    options.dir = dir;
    options.models = models;
    echo_status status = echo_party_restore(&party, &options, err); /* newest good snapshot, then the tail */
    if (status != ECHO_OK) return status;
    const echo_restore_report *report = echo_party_report(party);
    printf("opened from snapshot %llu: %llu messages skipped, %llu read\n", (unsigned long long)report->snapshot,
           (unsigned long long)report->messages_skipped, (unsigned long long)report->messages_read);
    status = add_note(party, "written by the minimal host", err);
    if (status == ECHO_OK) status = echo_party_each(party, NULL, print_item, NULL, err);
    if (status == ECHO_OK) status = echo_party_snapshot(NULL, party, err);
    echo_party_free(party);
    return status;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER   (made, with a new party, when it does not exist)\n", argv[0]);
        return 2;
    }
    echo_error err = ECHO_ERROR_INIT;
    echo_registry *models = NULL;
    echo_status status = echo_registry_new(&models);
    if (status == ECHO_OK) status = echo_registry_add_object(models, &err);
    if (status == ECHO_OK) status = run(argv[1], models, &err);
    if (status == ECHO_ERR_NOT_FOUND) { /* a first run: a party of our own, then the same call */
        echo_keypair party, feed;
        status = echo_keypair_new(&party) == ECHO_OK && echo_keypair_new(&feed) == ECHO_OK
                     ? echo_party_create(argv[1], &party, &feed, NULL, NULL, &err)
                     : ECHO_ERR_IO;
        if (status == ECHO_OK) status = run(argv[1], models, &err);
    }
    echo_registry_free(models);
    if (status != ECHO_OK) fprintf(stderr, "%s: %s\n", echo_status_name(status), err.message);
    return status == ECHO_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
