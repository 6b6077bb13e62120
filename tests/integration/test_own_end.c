/*
 * Writing where the own feed has blocks that were not applied: nothing is appended, and the error names the feed and
 * seq in the way. What would be appended would not be applied either, and nobody would notice.
 */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/folder.h"
#include "support/replica.h"
#include "support/state.h"

#define MODEL "test:model/any"

static bool is_writable(const echo_party *party) {
    echo_party_status status;
    echo_party_status_get(&status, party);
    return status.writable;
}

/* Every way of appending to the own feed. */
static void expect_refusal(echo_party *party, echo_status status, const echo_key *feed, uint64_t seq) {
    const echo_feeds *feeds = echo_party_feeds(party);
    echo_key own = *echo_party_own_feed(party);
    echo_keypair any;
    assert_int_equal(echo_keypair_new(&any), ECHO_OK);
    uint64_t length = replica_length(feeds, &own);
    assert_false(is_writable(party));
    for (int way = 0; way < 3; way++) {
        bool written = true;
        echo_error err = ECHO_ERROR_INIT;
        echo_write write = {.id = way == 0 ? "new" : "x", .create = way == 0, .model = way == 0 ? MODEL : NULL};
        write.action = way == 0 ? ECHO_ACTION_NONE : ECHO_ACTION_DELETE;
        echo_status got = way == 2 ? echo_party_admit_feed(party, &any.public_key, &any, &err)
                                   : echo_party_write(&written, party, &write, 1, &err);
        if (got != status) fail_msg("way %d: %s (%s)", way, echo_status_name(got), err.message);
        assert_true(way == 2 || !written);
        assert_true(err.has_seq);
        assert_memory_equal(&err.feed, feed, sizeof err.feed);
        assert_int_equal(err.seq, seq);
    }
    assert_int_equal(replica_length(feeds, &own), length);
}

static echo_party *open_dir(const char *dir, echo_registry *models) {
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    static echo_snapshot_policy policy = ECHO_SNAPSHOT_POLICY_INIT;
    policy.manual = true;
    options.policy = &policy;
    options.dir = dir;
    options.models = models;
    return party_open(&options);
}

/* A block of the own feed is damaged, with and without a snapshot that covers it. */
static void test_damaged(void **state) {
    (void)state;
    for (int snapshot = 0; snapshot < 2; snapshot++) {
        char *dir = folder_new(), hex[ECHO_HEX_CHARS], name[100];
        echo_keypair party_keys, keys;
        echo_registry *models = registry_object();
        echo_error err = ECHO_ERROR_INIT;
        size_t len;
        assert_int_equal(echo_keypair_new(&party_keys), ECHO_OK);
        assert_int_equal(echo_keypair_new(&keys), ECHO_OK);
        assert_ok(echo_party_create(dir, &party_keys, &keys, NULL, NULL, &err), &err);
        echo_party *party = open_dir(dir, models);
        echo_write write = {.id = "x", .create = true, .model = MODEL};
        assert_ok(echo_party_write(NULL, party, &write, 1, &err), &err);
        if (snapshot) assert_ok(echo_party_snapshot(NULL, party, &err), &err);
        write = (echo_write){.id = "x", .action = ECHO_ACTION_RESTORE};
        for (int i = 0; i < 3; i++) assert_ok(echo_party_write(NULL, party, &write, 1, &err), &err);
        assert_true(is_writable(party));
        echo_party_free(party);
        echo_key_hex(hex, &keys.public_key);
        (void)snprintf(name, sizeof name, "feeds/%s/data", hex);
        char *path = folder_path(dir, name);
        uint8_t *data = file_read(path, &len);
        data[len - len / 10] ^= 1; /* of the last block but one, or the last */
        file_write(path, data, len);
        free(data);
        free(path);
        party = open_dir(dir, models);
        const echo_restore_report *report = echo_party_report(party);
        assert_int_equal(report->damage_count, 1);
        echo_error damage = report->damage[0];
        assert_true(damage.has_seq && damage.seq >= 3);
        expect_refusal(party, damage.code, &keys.public_key, damage.seq);
        echo_party_free(party);
        echo_registry_free(models);
        folder_remove(dir);
    }
}

/* A message of the own feed comes after one of another feed, which is not here; it is written to again when it is. */
static void test_waits(void **state) {
    (void)state;
    replica_party with;
    replica a, b, back;
    echo_registry *models = registry_object();
    replica_party_make(&with, 5, 2, NULL, 0);
    replica_init(&a, &with, 0, models);
    replica_init(&b, &with, 1, models);
    replica_open(&a);
    replica_open(&b);
    replica_write(&b, "y", MODEL, "\1", 1);
    replica_write(&a, "x", MODEL, "\1", 1);
    replica_fetch_all(&a, &b.feeds);
    replica_poll(&a);
    replica_write(&a, "x", NULL, "\2", 1);

    replica_init(&back, &with, 0, models); /* a's feed alone, as after a folder was copied in part */
    replica_fetch(&back, &a.feeds, &with.feeds[0], UINT64_MAX);
    replica_open(&back);
    expect_refusal(back.party, ECHO_ERR_GAP, &with.feeds[1], 0);
    replica_fetch_all(&back, &b.feeds);
    replica_write(&back, "x", NULL, "\3", 1); /* what has arrived is applied first */
    assert_true(is_writable(back.party));
    replica_close(&a);
    replica_close(&b);
    replica_close(&back);
    echo_registry_free(models);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_damaged), cmocka_unit_test(test_waits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
