#include "snapshot/manifest.h"

#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/error.h"
#include "base/json.h"

static const char check_domain[] = "echo/manifest/1";
static const char digest_domain[] = "echo/state/1";
static const char attestation_domain[] = "echo/attestation/1";

void echo__manifest_free(echo__manifest *manifest) {
    echo_timeframe_free(manifest->timeframe);
    echo__models_free(&manifest->models);
    echo__free(manifest->attestations);
    echo__feed_roots_free(&manifest->roots);
    memset(manifest, 0, sizeof *manifest);
}

/* ---- writing: keys in ascending order ---- */

static void put_hash(echo__buf *out, const char *key, const uint8_t bytes[32]) {
    echo__buf_text(out, key);
    echo__buf_hex(out, bytes, 32);
    echo__buf_byte(out, '"');
}

static void put_number(echo__buf *out, const char *key, uint64_t value) {
    echo__buf_text(out, key);
    echo__buf_u64(out, value);
}

static void put_root(echo__buf *out, const char *key, const echo__root *root) {
    echo__buf_text(out, key);
    put_number(out, "{\"bytes\":", root->bytes);
    if (root->items > 0) put_hash(out, ",\"hash\":\"", root->hash.bytes);
    put_number(out, ",\"height\":", root->height);
    put_number(out, ",\"items\":", root->items);
    echo__buf_byte(out, '}');
}

/* The digest leaves counts and opacity out: they follow from the tree and the host. */
static void put_models(echo__buf *out, const echo__model_counts *models, bool digest) {
    echo__buf_text(out, ",\"models\":[");
    for (size_t i = 0; i < models->count; i++) {
        const echo__model_count *entry = &models->list[i];
        if (i > 0) echo__buf_byte(out, ',');
        echo__buf_byte(out, '{');
        if (!digest) {
            put_number(out, "\"items\":", entry->items);
            echo__buf_byte(out, ',');
        }
        echo__buf_text(out, "\"model\":");
        echo__json_string(out, entry->model, strlen(entry->model));
        if (!digest && entry->opaque) echo__buf_text(out, ",\"opaque\":true");
        put_number(out, ",\"version\":", entry->version);
        echo__buf_byte(out, '}');
    }
    echo__buf_byte(out, ']');
}

static void put_timeframe(echo__buf *out, const echo_timeframe *timeframe) {
    char *text;
    if (out->status != ECHO_OK) return;
    if (echo_timeframe_to_json(&text, timeframe) != ECHO_OK) {
        out->status = ECHO_ERR_NOMEM;
        return;
    }
    echo__buf_text(out, ",\"timeframe\":");
    echo__buf_text(out, text);
    echo_timeframe_text_free(text);
}

static void put_attestations(echo__buf *out, const echo__manifest *m) {
    echo__buf_text(out, "\"attestations\":[");
    for (size_t i = 0; i < m->attestation_count; i++) {
        put_hash(out, i > 0 ? ",{\"key\":\"" : "{\"key\":\"", m->attestations[i].member.bytes);
        echo__buf_text(out, ",\"signature\":\"");
        echo__buf_hex(out, m->attestations[i].signature, sizeof m->attestations[i].signature);
        echo__buf_text(out, "\"}");
    }
    echo__buf_text(out, "],");
}

static void put_feed_roots(echo__buf *out, const echo__feed_roots *roots) {
    echo__buf_text(out, ",\"roots\":{");
    for (size_t i = 0; i < roots->count; i++) {
        put_hash(out, i > 0 ? ",\"" : "\"", roots->list[i].feed.bytes);
        put_hash(out, ":\"", roots->list[i].root.bytes);
    }
    echo__buf_byte(out, '}');
}

/* The text; without check and signature, what the check is of. */
static void put_body(echo__buf *out, echo__manifest *m, const echo_hash *check, const uint8_t *signature) {
    echo__buf_byte(out, '{');
    if (m->attestation_count > 0) put_attestations(out, m);
    if (m->is_signed) {
        put_hash(out, "\"author\":\"", m->author.bytes);
        echo__buf_byte(out, ',');
    }
    if (check != NULL) {
        put_hash(out, "\"check\":\"", check->bytes);
        echo__buf_byte(out, ',');
    }
    put_root(out, "\"credentials\":", &m->credentials);
    put_number(out, ",\"format\":", ECHO__MANIFEST_FORMAT);
    put_number(out, ",\"generation\":", m->generation);
    put_root(out, ",\"items\":", &m->items);
    put_models(out, &m->models, false);
    put_number(out, ",\"number\":", m->number);
    put_hash(out, ",\"party\":\"", m->party.bytes);
    if (m->has_previous) put_hash(out, ",\"previous\":\"", m->previous.bytes);
    if (m->received) echo__buf_text(out, ",\"received\":true");
    if (m->roots.count > 0) put_feed_roots(out, &m->roots);
    if (signature != NULL) {
        echo__buf_text(out, ",\"signature\":\"");
        echo__buf_hex(out, signature, 64);
        echo__buf_byte(out, '"');
    }
    put_number(out, ",\"time\":", m->time < 0 ? 0 : (uint64_t)m->time);
    put_timeframe(out, m->timeframe);
    echo__buf_byte(out, '}');
}

static echo_status check_of(echo_hash *out, echo__manifest *m) {
    echo__buf body = ECHO__BUF_INIT;
    put_body(&body, m, NULL, NULL);
    echo_status status = body.status;
    if (status == ECHO_OK) {
        echo_bytes parts[] = {echo__bytes(check_domain, sizeof check_domain), echo__buf_bytes(&body)};
        echo__hash_parts(out, parts, 2);
    }
    echo__buf_free(&body);
    return status;
}

/* What is signed: the domain with its NUL, then the check. */
static void signed_text(uint8_t out[sizeof check_domain + ECHO_HASH_BYTES], const echo_hash *check) {
    memcpy(out, check_domain, sizeof check_domain);
    memcpy(out + sizeof check_domain, check->bytes, sizeof check->bytes);
}

echo_status echo__manifest_write(echo__buf *out, echo__manifest *m, const echo_keypair *signer, echo_error *err) {
    echo_hash check;
    uint8_t signature[64];
    m->is_signed = signer != NULL;
    if (signer != NULL) m->author = signer->public_key;
    if (check_of(&check, m) != ECHO_OK) return echo__nomem(err);
    if (signer != NULL) {
        uint8_t text[sizeof check_domain + ECHO_HASH_BYTES];
        signed_text(text, &check);
        echo__sign(signature, text, sizeof text, signer);
    }
    size_t start = out->len;
    put_body(out, m, &check, signer != NULL ? signature : NULL);
    if (out->status != ECHO_OK) return echo__nomem(err);
    if (out->len - start > ECHO__MANIFEST_MAX)
        return echo__error(err, ECHO_ERR_LIMIT, "manifest of %zu bytes is too long", out->len - start);
    return ECHO_OK;
}

echo_status echo__manifest_digest(echo_hash *out, echo__manifest *m) {
    echo__buf body = ECHO__BUF_INIT;
    put_root(&body, "{\"credentials\":", &m->credentials);
    put_root(&body, ",\"items\":", &m->items);
    put_models(&body, &m->models, true);
    put_hash(&body, ",\"party\":\"", m->party.bytes);
    put_timeframe(&body, m->timeframe);
    echo__buf_byte(&body, '}');
    echo_status status = body.status;
    if (status == ECHO_OK) {
        echo_bytes parts[] = {echo__bytes(digest_domain, sizeof digest_domain), echo__buf_bytes(&body)};
        echo__hash_parts(out, parts, 2);
    }
    echo__buf_free(&body);
    return status;
}

/* ---- attestations ---- */

static void attested_text(uint8_t out[sizeof attestation_domain + ECHO_HASH_BYTES], const echo_hash *digest) {
    memcpy(out, attestation_domain, sizeof attestation_domain);
    memcpy(out + sizeof attestation_domain, digest->bytes, sizeof digest->bytes);
}

void echo__attest(echo__attestation *out, const echo_hash *digest, const echo_keypair *member) {
    uint8_t text[sizeof attestation_domain + ECHO_HASH_BYTES];
    attested_text(text, digest);
    out->member = member->public_key;
    echo__sign(out->signature, text, sizeof text, member);
}

bool echo__attestation_ok(const echo__attestation *attestation, const echo_hash *digest) {
    uint8_t text[sizeof attestation_domain + ECHO_HASH_BYTES];
    attested_text(text, digest);
    return echo__verify(attestation->signature, text, sizeof text, &attestation->member);
}

echo_status echo__manifest_attested(echo__manifest *m, const echo__attestation *attestation) {
    size_t at = 0;
    while (at < m->attestation_count && echo__key_compare(&m->attestations[at].member, &attestation->member) < 0) at++;
    if (at < m->attestation_count && echo__key_equal(&m->attestations[at].member, &attestation->member)) return ECHO_OK;
    if (m->attestation_count == ECHO__ATTESTATIONS_MAX) return ECHO_OK;
    echo__attestation *grown = echo__realloc_array(m->attestations, m->attestation_count + 1, sizeof *grown);
    if (grown == NULL) return ECHO_ERR_NOMEM;
    memmove(grown + at + 1, grown + at, (m->attestation_count - at) * sizeof *grown);
    grown[at] = *attestation;
    m->attestations = grown;
    m->attestation_count++;
    return ECHO_OK;
}

/* ---- reading ---- */

static echo_status bad(echo_error *err, const char *what) {
    return echo__error(err, ECHO_ERR_CORRUPT, "manifest: %s", what);
}

static bool get_hex(const cJSON *object, const char *key, uint8_t *out, size_t len) {
    const cJSON *node = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(node) && strlen(node->valuestring) == 2 * len &&
           echo__hex_decode(out, node->valuestring, 2 * len);
}

static bool get_number(const cJSON *object, const char *key, uint64_t max, uint64_t *out) {
    return echo__json_get_uint64(cJSON_GetObjectItemCaseSensitive(object, key), out) && *out <= max;
}

static bool get_root(const cJSON *manifest, const char *key, echo__root *out) {
    const cJSON *node = cJSON_GetObjectItemCaseSensitive(manifest, key);
    uint64_t height;
    if (!cJSON_IsObject(node) || !get_number(node, "bytes", UINT64_MAX, &out->bytes) ||
        !get_number(node, "items", UINT64_MAX, &out->items) ||
        !get_number(node, "height", ECHO__TREE_HEIGHT_MAX, &height))
        return false;
    out->height = (uint32_t)height;
    return out->items == 0 || get_hex(node, "hash", out->hash.bytes, sizeof out->hash.bytes);
}

static echo_status get_models(const cJSON *manifest, echo__model_counts *out, echo_error *err) {
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(manifest, "models");
    const cJSON *node;
    if (!cJSON_IsArray(list)) return bad(err, "models are missing");
    cJSON_ArrayForEach(node, list) {
        const cJSON *model = cJSON_GetObjectItemCaseSensitive(node, "model");
        uint64_t items, version;
        if (!cJSON_IsString(model) || !get_number(node, "items", INT64_MAX, &items) || items == 0 ||
            !get_number(node, "version", UINT32_MAX, &version))
            return bad(err, "a model entry has the wrong shape");
        echo_status status = echo__models_append(out, model->valuestring, (uint32_t)version, items);
        if (status == ECHO_ERR_INVALID) return bad(err, "model entries are not in order");
        if (status != ECHO_OK) return echo__nomem(err);
        out->list[out->count - 1].opaque = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(node, "opaque"));
    }
    return ECHO_OK;
}

static echo_status get_timeframe(const cJSON *manifest, echo_timeframe **out, echo_error *err) {
    const cJSON *node = cJSON_GetObjectItemCaseSensitive(manifest, "timeframe");
    const cJSON *frame;
    if (!cJSON_IsObject(node)) return bad(err, "timeframe is missing");
    if (echo_timeframe_new(out) != ECHO_OK) return echo__nomem(err);
    cJSON_ArrayForEach(frame, node) {
        echo_key feed;
        uint64_t seq;
        if (echo_key_parse(&feed, frame->string) != ECHO_OK || !echo__json_get_uint64(frame, &seq) ||
            seq > ECHO_SEQ_MAX)
            return bad(err, "a frame of the timeframe has the wrong shape");
        if (echo_timeframe_set(*out, &feed, seq) != ECHO_OK) return echo__nomem(err);
    }
    return ECHO_OK;
}

static echo_status get_attestations(const cJSON *manifest, echo__manifest *m, echo_error *err) {
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(manifest, "attestations");
    const cJSON *node;
    if (list == NULL) return ECHO_OK;
    if (!cJSON_IsArray(list)) return bad(err, "attestations have the wrong shape");
    cJSON_ArrayForEach(node, list) {
        echo__attestation one;
        if (!get_hex(node, "key", one.member.bytes, sizeof one.member.bytes) ||
            !get_hex(node, "signature", one.signature, sizeof one.signature))
            return bad(err, "an attestation has the wrong shape");
        if (echo__manifest_attested(m, &one) != ECHO_OK) return echo__nomem(err);
    }
    return ECHO_OK;
}

static echo_status get_feed_roots(const cJSON *manifest, echo__manifest *m, echo_error *err) {
    const cJSON *node = cJSON_GetObjectItemCaseSensitive(manifest, "roots");
    const cJSON *root;
    if (node == NULL) return ECHO_OK;
    if (!cJSON_IsObject(node) || node->child == NULL) return bad(err, "roots have the wrong shape");
    cJSON_ArrayForEach(root, node) {
        echo_key feed;
        echo_hash hash;
        if (echo_key_parse(&feed, root->string) != ECHO_OK || !cJSON_IsString(root) ||
            echo_hash_parse(&hash, root->valuestring) != ECHO_OK)
            return bad(err, "a root has the wrong shape");
        if (!echo_timeframe_get(NULL, m->timeframe, &feed))
            return bad(err, "a root is of a feed that is not in the timeframe");
        if (m->roots.count > 0 && echo__key_compare(&m->roots.list[m->roots.count - 1].feed, &feed) >= 0)
            return bad(err, "roots are not in order");
        if (echo__feed_roots_add(&m->roots, &feed, &hash) != ECHO_OK) return echo__nomem(err);
    }
    return ECHO_OK;
}

static echo_status read_fields(echo__manifest *m, const cJSON *node, echo_error *err) {
    uint64_t format, generation, time;
    if (!cJSON_IsObject(node) || !get_number(node, "format", UINT32_MAX, &format)) return bad(err, "format is missing");
    if (format != ECHO__MANIFEST_FORMAT)
        return echo__error(err, ECHO_ERR_VERSION, "manifest has format %u, this library reads format %u",
                           (unsigned)format, ECHO__MANIFEST_FORMAT);
    if (!get_hex(node, "party", m->party.bytes, sizeof m->party.bytes) ||
        !get_number(node, "number", INT64_MAX, &m->number) ||
        !get_number(node, "generation", UINT32_MAX, &generation) || !get_number(node, "time", INT64_MAX, &time) ||
        !get_root(node, "items", &m->items) || !get_root(node, "credentials", &m->credentials))
        return bad(err, "a field is missing or has the wrong shape");
    m->generation = (uint32_t)generation;
    m->time = (int64_t)time;
    m->has_previous = get_hex(node, "previous", m->previous.bytes, sizeof m->previous.bytes);
    m->is_signed = get_hex(node, "author", m->author.bytes, sizeof m->author.bytes);
    m->received = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(node, "received"));
    echo_status status = get_models(node, &m->models, err);
    if (status == ECHO_OK) status = get_attestations(node, m, err);
    if (status == ECHO_OK) status = get_timeframe(node, &m->timeframe, err);
    return status == ECHO_OK ? get_feed_roots(node, m, err) : status;
}

static echo_status check_text(echo__manifest *m, const cJSON *node, echo_bytes text, echo_error *err) {
    echo_hash check, claimed;
    uint8_t signature[64];
    bool has_signature = get_hex(node, "signature", signature, sizeof signature);
    if (check_of(&check, m) != ECHO_OK) return echo__nomem(err);
    if (!get_hex(node, "check", claimed.bytes, sizeof claimed.bytes) || !echo__hash_equal(&check, &claimed))
        return bad(err, "the check does not match the text");
    if (has_signature != m->is_signed)
        return bad(err, "it has an author without a signature, or a signature without an author");
    if (has_signature) {
        uint8_t signed_bytes[sizeof check_domain + ECHO_HASH_BYTES];
        signed_text(signed_bytes, &check);
        if (!echo__verify(signature, signed_bytes, sizeof signed_bytes, &m->author))
            return echo__error(err, ECHO_ERR_SIGNATURE, "manifest: signature does not verify");
    }
    echo__buf again = ECHO__BUF_INIT; /* what we understood is all there is */
    put_body(&again, m, &check, has_signature ? signature : NULL);
    echo_status status = again.status != ECHO_OK ? echo__nomem(err) : ECHO_OK;
    if (status == ECHO_OK && !echo__bytes_equal(echo__buf_bytes(&again), text))
        status = bad(err, "the text is not in canonical form");
    echo__buf_free(&again);
    return status;
}

echo_status echo__manifest_read(echo__manifest *out, echo_bytes text, echo_error *err) {
    cJSON *node = NULL;
    memset(out, 0, sizeof *out);
    if (text.data == NULL) return echo__error(err, ECHO_ERR_LIMIT, "manifest is too long to be read from the store");
    if (text.len > ECHO__MANIFEST_MAX)
        return echo__error(err, ECHO_ERR_LIMIT, "manifest of %zu bytes is too long", text.len);
    echo_status status = echo__json_parse(&node, text.data, text.len, err);
    if (status == ECHO_OK) status = read_fields(out, node, err);
    if (status == ECHO_OK) status = check_text(out, node, text, err);
    cJSON_Delete(node);
    if (status != ECHO_OK) echo__manifest_free(out);
    return status;
}
