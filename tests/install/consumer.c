/* A host: makes a party in the folder it is given, takes a snapshot, and opens the party from it. */
#include <echo/echo.h>

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

static int check(echo_status status, const char *what, const echo_error *err) {
    if (status == ECHO_OK) return 1;
    fprintf(stderr, "%s: %s: %s\n", what, echo_status_name(status), err->message);
    return 0;
}

static int open_twice(const char *dir, echo_registry *models) {
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    echo_error err = ECHO_ERROR_INIT;
    echo_snapshot_result snapshot;
    echo_party *party;
    uint64_t number;
    options.dir = dir;
    options.models = models;
    if (!check(echo_party_restore(&party, &options, &err), "first opening", &err)) return 0;
    number = echo_party_report(party)->snapshot;
    if (!check(echo_party_snapshot(&snapshot, party, &err), "snapshot", &err)) number = 1;
    echo_party_free(party);
    if (number != 0) return 0;
    if (!check(echo_party_restore(&party, &options, &err), "second opening", &err)) return 0;
    number = echo_party_report(party)->snapshot;
    echo_party_free(party);
    return number == 1;
}

int main(int argc, char **argv) {
    static const uint8_t seeds[2][32] = {{1}, {2}};
    echo_error err = ECHO_ERROR_INIT;
    echo_keypair keys, feed;
    echo_registry *models;
    cJSON *value = cJSON_CreateNumber(1); /* cJSON is part of the interface, so it comes along */
    int opened;
    cJSON_Delete(value);
    if (argc != 2) return 2;
    if (strcmp(echo_version(), ECHO_VERSION_STRING) != 0) return 3;
    if (echo_keypair_from_seed(&keys, seeds[0]) != ECHO_OK || echo_keypair_from_seed(&feed, seeds[1]) != ECHO_OK)
        return 4;
    if (echo_registry_new(&models) != ECHO_OK) return 5;
    if (!check(echo_registry_add_object(models, &err), "models", &err)) return 6;
    if (!check(echo_party_create(argv[1], &keys, &feed, NULL, NULL, &err), "party", &err)) return 7;
    opened = open_twice(argv[1], models);
    echo_registry_free(models);
    if (!opened) return 8;
    printf("echo-snapshot %s\n", echo_version());
    return 0;
}
