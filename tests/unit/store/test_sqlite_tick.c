/*
 * A file that is read without locks and was written within this tick of the kernel's clock: a write that follows would
 * leave its time unchanged, so that what looks like damage may be a mixture of old and new pages.
 */
#include "support/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/folder.h"
#include "support/store_contract.h"
#include "support/store_place.h"

static const char *touched; /* the file that a writer writes during each wait; NULL: nobody writes */
static unsigned waits;

/* Stands before SQLite's. */
int __real_sqlite3_sleep(int ms);
int __wrap_sqlite3_sleep(int ms);
int __wrap_sqlite3_sleep(int ms) {
    waits++;
    if (touched == NULL) return __real_sqlite3_sleep(ms);
    file_stamp(touched, 0);
    return ms;
}

/* A store with one snapshot, whose pages after the first are overwritten. */
static store_place damaged_place(void) {
    store_place place = store_place_new();
    echo_store store = store_place_open(&place, STORE_CREATE);
    echo_key party = store_party(1);
    echo_bytes manifest = {(const uint8_t *)"m", 1};
    assert_int_equal(store.ops->publish(store.ctx, &party, 0, manifest, NULL), ECHO_OK);
    echo_store_close(&store);
    struct stat at;
    assert_int_equal(stat(place.path, &at), 0);
    int fd = open(place.path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    for (off_t i = 32768; i < at.st_size; i += 512) assert_int_equal(pwrite(fd, "damage", 6, i), 6);
    assert_int_equal(close(fd), 0);
    return place;
}

static echo_status ignore_manifest(void *arg, uint64_t number, echo_bytes manifest) {
    (void)arg;
    (void)number;
    (void)manifest;
    return ECHO_OK;
}

static echo_status read_damaged(const store_place *place, uint32_t busy_ms) {
    echo_store_sqlite_options options = ECHO_STORE_SQLITE_OPTIONS_INIT;
    options.read_only = true;
    options.busy_ms = busy_ms;
    echo_store store;
    echo_key party = store_party(1);
    echo_status status = echo_store_open_sqlite(&store, place->path, &options, NULL);
    if (status == ECHO_OK) status = store.ops->list(store.ctx, &party, ignore_manifest, NULL, NULL);
    echo_store_close(&store);
    return status;
}

/* Damage is damage at once in a file that was not written just now, and after one tick in one that was. */
static void test_damage(void **state) {
    (void)state;
    store_place place = damaged_place();
    touched = NULL;
    file_stamp(place.path, 3600);
    waits = 0;
    assert_int_equal(read_damaged(&place, 1000), ECHO_ERR_CORRUPT);
    assert_int_equal(waits, 0);
    file_stamp(place.path, 0);
    assert_int_equal(read_damaged(&place, 0), ECHO_ERR_CORRUPT);
    assert_int_equal(waits, 1);
    store_place_free(&place);
}

/* While a writer goes on, what looks like damage may be its doing; the wait for it is bounded. */
static void test_writer(void **state) {
    (void)state;
    store_place place = damaged_place();
    static const uint32_t patience[] = {0, 1000};
    for (size_t i = 0; i < 2; i++) {
        touched = place.path;
        file_stamp(place.path, 0);
        waits = 0;
        assert_int_equal(read_damaged(&place, patience[i]), ECHO_ERR_BUSY);
        assert_true(waits >= 1 && waits <= 12);
    }
    touched = NULL;
    store_place_free(&place);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_damage), cmocka_unit_test(test_writer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
