#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "echo/exchange.h"
#include "support/random.h"

static echo_invitation make(test_random *rng, size_t members, bool digest) {
    echo_invitation i;
    memset(&i, 0, sizeof i);
    i.member_count = members;
    i.has_digest = digest;
    for (size_t k = 0; k < 32; k++) {
        i.party.bytes[k] = (uint8_t)test_random_u64(rng);
        for (size_t m = 0; m < members; m++) i.members[m].bytes[k] = (uint8_t)test_random_u64(rng);
        if (digest) i.digest.bytes[k] = (uint8_t)test_random_u64(rng);
    }
    return i;
}

static void test_round_trip(void **state) {
    (void)state;
    test_random rng = {1};
    for (size_t members = 0; members <= ECHO_INVITATION_MEMBERS_MAX; members++)
        for (unsigned digest = 0; digest < 2; digest++) {
            char text[ECHO_INVITATION_CHARS];
            echo_invitation i = make(&rng, members, digest), read;
            echo_error err = ECHO_ERROR_INIT;
            memset(text, 'x', sizeof text);
            assert_int_equal(echo_invitation_write(text, &i), ECHO_OK);
            assert_true(memchr(text, '\0', sizeof text) != NULL);
            assert_int_equal(echo_invitation_read(&read, text, &err), ECHO_OK);
            assert_memory_equal(&read, &i, sizeof i);
        }
    char text[ECHO_INVITATION_CHARS];
    echo_invitation i = make(&rng, ECHO_INVITATION_MEMBERS_MAX, false);
    i.member_count++;
    assert_int_equal(echo_invitation_write(text, &i), ECHO_ERR_INVALID);
}

static void assert_refused(const char *text) {
    echo_error err = ECHO_ERROR_INIT;
    echo_invitation read, before;
    memset(&read, 7, sizeof read);
    memset(&before, 7, sizeof before);
    if (echo_invitation_read(&read, text, &err) != ECHO_ERR_INVALID)
        fail_msg("taken: %s", text == NULL ? "NULL" : text);
    assert_true(err.message[0] != '\0');
    assert_memory_equal(&read, &before, sizeof read); /* untouched */
}

/* Every truncation, every bit and every character more is refused. */
static void test_damage(void **state) {
    (void)state;
    test_random rng = {2};
    for (size_t members = 0; members < 4; members++) {
        char text[ECHO_INVITATION_CHARS];
        echo_invitation i = make(&rng, members, members == 2);
        assert_int_equal(echo_invitation_write(text, &i), ECHO_OK);
        size_t len = strlen(text);
        for (size_t cut = 0; cut < len; cut++) {
            char *copy = malloc(cut + 1);
            memcpy(copy, text, cut);
            copy[cut] = '\0';
            assert_refused(copy);
            free(copy);
        }
        for (size_t at = 0; at < len; at++)
            for (unsigned bit = 0; bit < 8; bit++) {
                char *copy = malloc(len + 1);
                memcpy(copy, text, len + 1);
                copy[at] = (char)(copy[at] ^ (char)(1u << bit));
                assert_refused(copy);
                free(copy);
            }
        for (unsigned more = 1; more < 256; more++) {
            char copy[ECHO_INVITATION_CHARS + 1];
            memcpy(copy, text, len);
            copy[len] = (char)more;
            copy[len + 1] = '\0';
            assert_refused(copy);
        }
    }
}

static void test_nonsense(void **state) {
    (void)state;
    char long_one[4096];
    assert_refused(NULL);
    assert_refused("");
    assert_refused("echo:");
    assert_refused("ECHO:AQAA");
    assert_refused("echo:====");
    memset(long_one, 'A', sizeof long_one);
    memcpy(long_one, "echo:", 5);
    long_one[sizeof long_one - 1] = '\0';
    assert_refused(long_one);
    echo_invitation read;
    assert_int_equal(echo_invitation_read(&read, "no", NULL), ECHO_ERR_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip), cmocka_unit_test(test_damage),
                                       cmocka_unit_test(test_nonsense)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
