/*
 * Invitations as text: "echo:" and the base64 (RFC 4648 section 5, without padding) of version, flags, the number of
 * members, the party's key, the members' keys, the digest if there is one, and the first four bytes of the hash of all
 * that.
 */
#include <string.h>

#include <sodium.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/error.h"
#include "echo/exchange.h"

#define VERSION 1u
#define HAS_DIGEST 1u
#define HEAD 3u
#define CHECK 4u
#define BYTES_MAX (HEAD + 32u + 32u * ECHO_INVITATION_MEMBERS_MAX + 32u + CHECK)

static const char prefix[] = "echo:";

echo_status echo_invitation_write(char out[ECHO_INVITATION_CHARS], const echo_invitation *invitation) {
    uint8_t bytes[BYTES_MAX], *at = bytes;
    echo_hash hash;
    if (invitation->member_count > ECHO_INVITATION_MEMBERS_MAX || !echo__crypto_init()) return ECHO_ERR_INVALID;
    *at++ = VERSION;
    *at++ = invitation->has_digest ? HAS_DIGEST : 0;
    *at++ = (uint8_t)invitation->member_count;
    memcpy(at, invitation->party.bytes, 32);
    at += 32;
    for (size_t i = 0; i < invitation->member_count; i++, at += 32) memcpy(at, invitation->members[i].bytes, 32);
    if (invitation->has_digest) {
        memcpy(at, invitation->digest.bytes, 32);
        at += 32;
    }
    echo__hash(&hash, bytes, (size_t)(at - bytes));
    memcpy(at, hash.bytes, CHECK);
    at += CHECK;
    memcpy(out, prefix, sizeof prefix);
    (void)sodium_bin2base64(out + sizeof prefix - 1, ECHO_INVITATION_CHARS - sizeof prefix + 1, bytes,
                            (size_t)(at - bytes), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return ECHO_OK;
}

echo_status echo_invitation_read(echo_invitation *out, const char *text, echo_error *err) {
    uint8_t bytes[BYTES_MAX];
    size_t len = 0;
    const char *end;
    echo_invitation read;
    echo_hash hash;
    memset(&read, 0, sizeof read);
    if (text == NULL || strncmp(text, prefix, sizeof prefix - 1) != 0 || !echo__crypto_init())
        return echo__error(err, ECHO_ERR_INVALID, "not an invitation: it does not begin with \"%s\"", prefix);
    text += sizeof prefix - 1;
    for (const char *at = text; *at != '\0'; at++) /* sodium takes some of these for others */
        if ((unsigned char)*at > 0x7f)
            return echo__error(err, ECHO_ERR_INVALID, "not an invitation: it contains a character that is not allowed");
    if (sodium_base642bin(bytes, sizeof bytes, text, strlen(text), NULL, &len, &end,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        *end != '\0' || len < HEAD + 32 + CHECK)
        return echo__error(err, ECHO_ERR_INVALID,
                           "not an invitation: it is incomplete, or contains a character that is not allowed");
    if (bytes[0] != VERSION)
        return echo__error(err, ECHO_ERR_INVALID, "the invitation has version %u, this library reads %u", bytes[0],
                           VERSION);
    read.has_digest = (bytes[1] & HAS_DIGEST) != 0;
    read.member_count = bytes[2];
    if (read.member_count > ECHO_INVITATION_MEMBERS_MAX ||
        len != HEAD + 32 + 32 * read.member_count + (read.has_digest ? 32u : 0u) + CHECK)
        return echo__error(err, ECHO_ERR_INVALID, "not an invitation: it is incomplete");
    echo__hash(&hash, bytes, len - CHECK);
    if (memcmp(hash.bytes, bytes + len - CHECK, CHECK) != 0)
        return echo__error(err, ECHO_ERR_INVALID,
                           "not an invitation: its checksum does not match, so a character is wrong");
    memcpy(read.party.bytes, bytes + HEAD, 32);
    for (size_t i = 0; i < read.member_count; i++) memcpy(read.members[i].bytes, bytes + HEAD + 32 + 32 * i, 32);
    if (read.has_digest) memcpy(read.digest.bytes, bytes + len - CHECK - 32, 32);
    *out = read;
    return ECHO_OK;
}
