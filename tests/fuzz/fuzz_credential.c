/* Credentials of strangers: signatures and key chains, what they claim, and the text that is signed, which is a JSON
 * object. */
#include "base/alloc.h"
#include "base/json.h"
#include "base/scratch.h"
#include "feed/credentials.h"
#include "feed/credentials_json.h"
#include "feed/credentials_message.h"
#include "fuzz.h"

static void print(echo_bytes credential, bool empty_lists) {
    echo_scratch scratch;
    echo__pb pb;
    ProtobufCMessage *message;
    echo_error err = ECHO_ERROR_INIT;
    echo__buf text = ECHO__BUF_INIT;
    bool has_empty = false;
    echo__scratch_init(&scratch, (size_t)64 << 20);
    echo__pb_init(&pb, &scratch);
    const ProtobufCMessageDescriptor *type = echo__credential_type(echo__bytes_text("dxos.credentials.Message"));
    FUZZ_CHECK(type != NULL);
    echo_status status = echo__pb_unpack(&message, &pb, type, credential, "credential", &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT);
    if (status == ECHO_OK) {
        status = echo__credential_json(&text, &pb, message, empty_lists, &has_empty, &err);
        FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT, ECHO_ERR_UNSUPPORTED);
    }
    if (status == ECHO_OK) { /* U+0000 is refused by the parser, and is all that may be wrong */
        cJSON *node;
        status = echo__json_parse(&node, text.data, text.len, &err);
        if (status == ECHO_OK) {
            echo__buf again = ECHO__BUF_INIT;
            FUZZ_OK(echo__json_print(&again, node));
            FUZZ_EQUAL(echo__buf_bytes(&text), echo__buf_bytes(&again));
            echo__buf_free(&again);
            cJSON_Delete(node);
        } else {
            bool nul = false;
            for (size_t i = 0; i + 6 <= text.len; i++) nul |= memcmp(text.data + i, "\\u0000", 6) == 0;
            FUZZ_CHECK(nul || status == ECHO_ERR_LIMIT);
        }
    }
    echo__buf_free(&text);
    echo__scratch_free(&scratch);
}

static void read_claim(echo_bytes credential) {
    echo__verifier verifier;
    echo__claim *first, *second;
    echo_error err = ECHO_ERROR_INIT;
    echo__verifier_init(&verifier);
    echo_status status = echo__claim_read(&first, &verifier, credential, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_SIGNATURE, ECHO_ERR_LIMIT);
    FUZZ_CHECK((status == ECHO_OK) == (first != NULL));
    FUZZ_CHECK(echo__claim_read(&second, NULL, credential, NULL) ==
               status); /* what the verifier remembers makes no difference */
    if (status == ECHO_OK) {
        FUZZ_CHECK(first->kind == second->kind && first->anchor_count == second->anchor_count);
        FUZZ_CHECK(first->anchor_count <= ECHO__CREDENTIAL_SIGNATURES_MAX);
        FUZZ_CHECK(first->kind == ECHO__CLAIM_NOTHING || first->enveloped || first->anchor_count > 0 ||
                   first->kind != ECHO__CLAIM_GENESIS);
    }
    echo__free(first);
    echo__free(second);
    echo__verifier_free(&verifier);
}

static void admit(echo_bytes credential) {
    echo__genesis genesis;
    echo_key party = {{0}};
    echo_error err = ECHO_ERROR_INIT;
    bool grew = false;
    echo_status status = echo__credential_genesis(&genesis, NULL, credential);
    FUZZ_CHECK(status == ECHO_OK || status == ECHO_ERR_REFUSED);
    bool is_genesis = status == ECHO_OK;
    if (is_genesis) party = genesis.party;
    echo__admission *admission;
    FUZZ_OK(echo__admission_new(&admission, &party));
    status = echo__admission_accepts_outsider(admission, is_genesis ? &genesis.feed : &party, credential);
    FUZZ_CHECK(status == ECHO_OK || status == ECHO_ERR_REFUSED);
    FUZZ_CHECK(!is_genesis || status == ECHO_OK || genesis.identity);
    status = echo__admission_add(admission, &party, 0, credential, &grew, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_CORRUPT, ECHO_ERR_SIGNATURE, ECHO_ERR_LIMIT);
    if (is_genesis)
        FUZZ_CHECK(grew && echo__admission_has_genesis(admission) && echo__admission_admits(admission, &genesis.feed));
    else
        FUZZ_CHECK(echo__admission_feed_count(admission) == 0 || grew);
    echo__admission_free(admission);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const echo_bytes credential = {data, size};
    print(credential, true);
    print(credential, false);
    read_claim(credential);
    admit(credential);
    return 0;
}
