/*
 * The canonical JSON of credentials, which is what their signatures cover.
 */
#ifndef ECHO_FEED_CREDENTIALS_JSON_H
#define ECHO_FEED_CREDENTIALS_JSON_H

#include "feed/codec_pb.h"

#define ECHO__CREDENTIAL_DEPTH_MAX 16u /* envelopes within envelopes, and links of a key chain */

/* The type that the name in an Any stands for; NULL when it is not known. */
const ProtobufCMessageDescriptor *echo__credential_type(echo_bytes url);
#define ECHO__TYPE_SIGNED_MESSAGE "dxos.credentials.SignedMessage"
#define ECHO__TYPE_PARTY_CREDENTIAL "dxos.credentials.party.PartyCredential"

/*
 * Canonical JSON of a message of dxos.proto: names sorted, no spaces, bytes and keys as lower-case hex, an Any as what
 * it holds. Fields that are absent are left out; a list without elements is `[]` when empty_lists, else left out too
 * (the two dialects differ there). *has_empty (optional) becomes true when there was one. ECHO_ERR_UNSUPPORTED for a
 * type that is not known.
 */
echo_status echo__credential_json(echo__buf *out, echo__pb *pb, const ProtobufCMessage *message, bool empty_lists,
                                  bool *has_empty, echo_error *err) ECHO_MUST_USE;

#endif
