/*
 * Invitations: the input as text, and as bytes that are wrapped into a text with the right hash. What is read is
 * written as something that reads as the same.
 */
#include <echo/exchange.h>
#include <sodium.h>

#include "base/crypto.h"
#include "fuzz.h"

static bool same(const echo_invitation *a, const echo_invitation *b) {
    return echo__key_equal(&a->party, &b->party) && a->member_count == b->member_count &&
           memcmp(a->members, b->members, sizeof a->members) == 0 && a->has_digest == b->has_digest &&
           echo__hash_equal(&a->digest, &b->digest);
}

static void read_text(const char *text) {
    echo_invitation invitation, again;
    echo_error err = ECHO_ERROR_INIT;
    char out[ECHO_INVITATION_CHARS];
    echo_status status = echo_invitation_read(&invitation, text, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_INVALID);
    if (status != ECHO_OK) return;
    FUZZ_CHECK(invitation.member_count <= ECHO_INVITATION_MEMBERS_MAX);
    FUZZ_OK(echo_invitation_write(out, &invitation));
    FUZZ_CHECK(memchr(out, '\0', sizeof out) != NULL);
    FUZZ_OK(echo_invitation_read(&again, out, &err));
    FUZZ_CHECK(same(&invitation, &again));
    FUZZ_CHECK(strlen(out) == strlen(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *text = fuzz_copy(echo__bytes(data, size), true);
    uint8_t bytes[600];
    char wrapped[1024] = "echo:";
    echo_hash hash;
    size_t len = size < sizeof bytes - 4 ? size : sizeof bytes - 4;
    FUZZ_CHECK(echo__crypto_init());
    read_text((const char *)text);
    if (len > 0) memcpy(bytes, data, len);
    echo__hash(&hash, bytes, len);
    memcpy(bytes + len, hash.bytes, 4);
    (void)sodium_bin2base64(wrapped + 5, sizeof wrapped - 5, bytes, len + 4, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    read_text(wrapped);
    free(text);
    return 0;
}
