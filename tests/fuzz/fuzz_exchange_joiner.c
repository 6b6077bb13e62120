/*
 * An exchange that joins the party of exchange.h, or catches up, from one or two peers who say what the input encodes:
 * true answers, true answers that were changed, and what was never true, all through real channels. Then, behind all
 * that, an honest peer comes, and everything has to come to a good end.
 *
 * The input: two bytes of flags (OLD and so on), a part with chunks that a stranger made (chunks.h) and are given when
 * their hash is asked for, then moves (`enum move`): a byte whose low five bits are the move, 0x80 the second peer,
 * 0x40 nothing is carried and no time passes.
 *
 * Nothing crashes; no step goes on for ever; memory stays bounded; and unless a member itself lied, and was to be
 * trusted, no item is here that the honest member does not have.
 */
#include "chunks.h"
#include "exchange.h"

enum flag {
    OLD = 1,    /* it has the old state already, and goes on from there */
    TRUST = 6,  /* two bits: echo_trust */
    MEMBER = 8, /* who lies is member 2, and signs with its key; otherwise a stranger's */
    TWO = 16,   /* two peers at once */
    NAMED = 32, /* an invitation named members 0 and 2 */
    NO_MODELS = 64,
    NO_SERVE = 128
};

enum move {
    TRUE_ANSWER,  /* to what was asked first */
    TRUE_ANSWERS, /* to all, and what follows, for that many rounds */
    CHANGED,      /* a true answer in which a byte is changed: u16 place, u8 */
    CUT,          /* which ends early, and goes on with a part: u16 */
    RAW,          /* a message: u8 type, part */
    TIME,         /* u16 tenths of a second pass */
    OFFER,        /* a doctored offer */
    NOTHING,      /* "I have none" */
    DELTA,        /* a part as delta of the chunk */
    CHUNK,        /* another chunk: u8 which */
    BLOCKS,       /* other blocks: u8 from, u8 to, relative to those asked for, u8 form */
    WANT,         /* the host wants an item: part */
    START,
    FINISH, /* the host says goodbye */
    REOPEN, /* the connection ends, and is made again */
    READ,   /* the host reads items of what is usable */
    FORK,   /* member 2 writes a block: part */
    WORD,   /* an attestation of whatever was asked about */
    SKIP,   /* the first question is never answered */
    SWITCH, /* the host goes over to what was installed */
    MOVES
};

typedef struct joiner {
    const fuzz_world *w;
    unsigned flags;
    echo_feeds feeds, mad; /* mad: what member 2 wrote */
    echo_store store, own, hostile;
    fuzz_chunks chunks;
    echo_party *party;
    echo_exchange *x;
    fuzz_end ends[3];
    uint64_t now;
    unsigned events; /* in this step */
    unsigned up_to_date;
    bool lied;   /* a member signed what is not true */
    bool forked; /* or wrote blocks that the honest one does not have */
    size_t before;
} joiner;

/* ---- the joiner ---- */

static void note_event(void *arg, const echo_exchange_event *event) {
    joiner *j = arg;
    FUZZ_CHECK(++j->events < 1000);
    if (event->error != NULL) FUZZ_STATUS(event->error->code, event->error, event->error->code);
    if (event->kind == ECHO_EXCHANGE_EVENT_UP_TO_DATE) j->up_to_date++;
}

static void copy_feed(const fuzz_world *w, const echo_feeds *to, const echo_key *key, uint64_t length) {
    fuzz_blocks blocks = {NULL, 0, 0};
    echo_feed_proof proof;
    void *feed;
    if (to->ops->open(&feed, to->ctx, key, NULL) != ECHO_OK) {
        FUZZ_OK(to->ops->make(to->ctx, key, NULL));
        FUZZ_OK(to->ops->open(&feed, to->ctx, key, NULL));
    }
    if (length > 0) {
        FUZZ_CHECK(fuzz_prove(&blocks, &proof, &w->feeds, key, 0, length));
        FUZZ_OK(to->ops->put(to->ctx, feed, blocks.list, &proof, NULL));
    }
    fuzz_blocks_free(&blocks);
    to->ops->close(to->ctx, feed);
}

static void begin(joiner *j, const fuzz_world *w, fuzz_input *in) {
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    const echo_key members[2] = {w->keys[0].public_key, w->keys[2].public_key};
    memset(j, 0, sizeof *j);
    j->w = w;
    j->flags = fuzz_u8(in);
    uint8_t window = fuzz_u8(in);
    FUZZ_OK(echo_feeds_new_memory(&j->feeds));
    FUZZ_OK(echo_feeds_memory_add(&j->feeds, &w->keys[1]));
    FUZZ_OK(echo_feeds_new_memory(&j->mad));
    FUZZ_OK(echo_feeds_memory_add(&j->mad, &w->keys[2]));
    FUZZ_OK(echo_store_new_memory(&j->hostile));
    FUZZ_OK(echo_store_new_memory(&j->store));
    FUZZ_OK(j->store.ops->reopen(&j->own, j->store.ctx, NULL));
    echo_bytes part = fuzz_part(in);
    fuzz_input parts = fuzz_input_of(part.data, part.len);
    fuzz_chunks_make(&j->chunks, &j->hostile, &parts);
    if (j->flags & OLD) {
        fuzz_copy_store(&j->store, &w->old, &w->party.public_key, echo__buf_bytes(&w->manifests[1]));
        for (unsigned i = 0; i < FUZZ_MEMBERS; i++) copy_feed(w, &j->feeds, &w->keys[i].public_key, w->old_length[i]);
        j->party = fuzz_open_party(w, &j->feeds, &j->store, &w->keys[1].public_key);
    }
    options.party = &w->party.public_key;
    options.store = &j->own;
    options.feeds = &j->feeds;
    options.opened = j->party;
    options.trust = (echo_trust)((j->flags & TRUST) >> 1);
    options.models = (j->flags & NO_MODELS) && options.trust < ECHO_TRUST_SAMPLED ? NULL : w->models;
    options.members = j->flags & NAMED ? members : NULL;
    options.member_count = j->flags & NAMED ? 2 : 0;
    options.serve = (j->flags & NO_SERVE) == 0;
    options.samples = 3;
    if (options.trust > ECHO_TRUST_ATTESTED) options.attestations = 1;
    if (window > 0) options.window = (size_t)window << 10;
    options.event = note_event;
    options.event_arg = j;
    FUZZ_OK(echo_exchange_new(&j->x, &options, NULL));
    FUZZ_OK(echo_exchange_start(j->x, NULL));
    j->now = 1;
    j->before = fuzz_memory();
}

static void open_end(joiner *j, unsigned i) {
    const echo_key *who =
        i == 1 && (j->flags & OLD) == 0 ? &j->w->stranger.public_key : &j->w->keys[i == 0 ? 0 : 2].public_key;
    if (i < 2 && (j->flags & MEMBER)) who = &j->w->keys[2 - 2 * i].public_key;
    if (!fuzz_end_open(&j->ends[i], j->w, j->x, who, i == 0)) memset(&j->ends[i], 0, sizeof j->ends[i]);
}

static void step(joiner *j, uint64_t ns) {
    echo_error err = ECHO_ERROR_INIT;
    j->now += ns;
    j->events = 0;
    FUZZ_OK(echo_exchange_step(j->x, j->now, &err));
    fuzz_memory_check(j->before);
}

static void carry(joiner *j) {
    for (unsigned i = 0; i < 3; i++) {
        fuzz_end *e = &j->ends[i];
        if (e->peer == NULL) continue;
        for (bool moved = true; moved;) {
            moved = fuzz_pull(e, SIZE_MAX);
            fuzz_greet(e);
            j->events = 0;
            moved = fuzz_push(e) || moved;
        }
        fuzz_memory_check(j->before);
    }
}

/* ---- answers ---- */

static void write_feeds(echo__buf *out, const joiner *j, fuzz_input *in) {
    echo__offered_feed feeds[FUZZ_MEMBERS + 1];
    uint8_t how = in == NULL ? 0 : fuzz_u8(in);
    unsigned n = 0;
    for (unsigned i = 0; i < FUZZ_MEMBERS; i++) {
        feeds[n].key = j->w->keys[i].public_key;
        feeds[n].length = fuzz_length(&j->w->feeds, &feeds[n].key);
        if (i == 2 && j->forked) feeds[n].length = fuzz_length(&j->mad, &feeds[n].key);
        feeds[n].bytes = 100 * feeds[n].length;
        if (how & 1u << i) feeds[n].length = fuzz_u64(in, how & 8 ? 8 : 1);
        if (how & 16u << i) feeds[n].bytes = fuzz_u64(in, how & 8 ? 8 : 1);
        n++;
    }
    if (how & 128) feeds[n++] = (echo__offered_feed){j->w->stranger.public_key, 5, 500};
    for (unsigned i = 1; i < n; i++)
        for (unsigned k = i; k > 0 && echo__key_compare(&feeds[k - 1].key, &feeds[k].key) > 0; k--) {
            echo__offered_feed swap = feeds[k];
            feeds[k] = feeds[k - 1];
            feeds[k - 1] = swap;
        }
    echo__write_u32(out, n);
    for (unsigned i = 0; i < n; i++) echo__write_offered_feed(out, &feeds[i]);
}

static void write_manifest(echo__buf *out, echo_bytes text) {
    echo__write_u32(out, (uint32_t)text.len);
    echo__buf_append(out, text.data, text.len);
}

/* What an honest member answers, with the chunks of the stranger beside its own. */
static uint8_t true_answer(echo__buf *out, const joiner *j, const fuzz_ask *ask) {
    fuzz_blocks blocks = {NULL, 0, 0};
    echo_feed_proof proof;
    echo_key key;
    echo__attestation word;
    echo__buf chunk = ECHO__BUF_INIT;
    echo__write_u32(out, ask->id);
    switch (ask->type) {
    case ECHO__MESSAGE_ASK:
        write_manifest(out, echo__buf_bytes(&j->w->manifests[0]));
        write_feeds(out, j, NULL);
        return ECHO__MESSAGE_OFFER;
    case ECHO__MESSAGE_WANT:
        if (j->w->store.ops->get(j->w->store.ctx, &ask->hash, fuzz_copy_bytes, &chunk, NULL) == ECHO_OK ||
            j->hostile.ops->get(j->hostile.ctx, &ask->hash, fuzz_copy_bytes, &chunk, NULL) == ECHO_OK) {
            echo__buf_byte(out, ECHO__CHUNK_WHOLE);
            echo__buf_append(out, chunk.data, chunk.len);
        } else {
            echo__buf_byte(out, ECHO__CHUNK_ABSENT);
        }
        echo__buf_free(&chunk);
        return ECHO__MESSAGE_CHUNK;
    case ECHO__MESSAGE_TAIL:
        memcpy(key.bytes, ask->hash.bytes, sizeof key.bytes);
        if (fuzz_prove(&blocks, &proof, &j->w->feeds, &key, ask->from, ask->to) ||
            fuzz_prove(&blocks, &proof, &j->mad, &key, ask->from, ask->to)) {
            echo__buf_byte(out, ECHO__BLOCKS_LAST);
            echo__write_proof(out, &proof);
            for (size_t i = 0; i < blocks.count; i++) {
                echo__write_u32(out, (uint32_t)blocks.list[i].len);
                echo__buf_append(out, blocks.list[i].data, blocks.list[i].len);
            }
        } else {
            echo__buf_byte(out, ECHO__BLOCKS_ABSENT);
        }
        fuzz_blocks_free(&blocks);
        return ECHO__MESSAGE_BLOCKS;
    default:
        echo__buf_byte(out, echo__hash_equal(&ask->hash, &j->w->digest));
        if (echo__hash_equal(&ask->hash, &j->w->digest)) {
            echo__attest(&word, &ask->hash, &j->w->keys[0]);
            echo__buf_append(out, word.member.bytes, sizeof word.member.bytes);
            echo__buf_append(out, word.signature, sizeof word.signature);
        }
        return ECHO__MESSAGE_ATTESTED;
    }
}

/* Whose manifest says what is not true. */
static const echo_keypair *liar(joiner *j) {
    j->lied |= (j->flags & MEMBER) != 0;
    return j->flags & MEMBER ? &j->w->keys[2] : &j->w->stranger;
}

/* A byte: what is changed of a true manifest. */
static void doctor(echo__buf *out, joiner *j, fuzz_input *in) {
    echo__manifest m;
    echo__buf text = ECHO__BUF_INIT;
    uint8_t how = fuzz_u8(in);
    FUZZ_OK(echo__manifest_read(&m, echo__buf_bytes(&j->w->manifests[how & 1]), NULL));
    if (how & 2) {
        size_t count = fuzz_u8(in);
        fuzz_chunks_root(&m.items, &j->chunks, count, fuzz_u8(in));
    }
    if (how & 4) {
        size_t count = fuzz_u8(in);
        fuzz_chunks_root(&m.credentials, &j->chunks, count, fuzz_u8(in));
    }
    if (how & 8) {
        m.items.items = fuzz_u64(in, 8);
        m.items.bytes = fuzz_u64(in, 8);
        m.items.height = fuzz_u8(in);
    }
    if (how & 16)
        FUZZ_OK(echo_timeframe_set(m.timeframe, &j->w->keys[fuzz_u8(in) % FUZZ_MEMBERS].public_key,
                                   fuzz_u64(in, 8) & ECHO_SEQ_MAX));
    if (how & 32) m.attestation_count = 0;
    const echo_keypair *signer = (how & 64) ? NULL : liar(j);
    if (how & 128) { /* words that are none */
        m.attestation_count = 0;
        for (unsigned i = 0; i < ECHO__ATTESTATIONS_MAX; i++) {
            echo__attestation word;
            memset(&word, (int)i + 1, sizeof word);
            FUZZ_OK(echo__manifest_attested(&m, &word));
        }
    }
    if (echo__manifest_write(&text, &m, signer, NULL) == ECHO_OK)
        write_manifest(out, echo__buf_bytes(&text));
    else
        echo__write_u32(out, 0);
    echo__buf_free(&text);
    echo__manifest_free(&m);
}

static void pop(fuzz_end *e) {
    if (e->count > 0) memmove(e->asks, e->asks + 1, --e->count * sizeof *e->asks);
}

static void answer_truly(joiner *j, fuzz_end *e) {
    echo__buf out = ECHO__BUF_INIT;
    uint8_t type = true_answer(&out, j, &e->asks[0]);
    fuzz_send_buf(e, type, &out);
    pop(e);
}

static void fork_block(joiner *j, echo_bytes block) {
    void *feed;
    uint64_t first;
    FUZZ_OK(j->mad.ops->open(&feed, j->mad.ctx, &j->w->keys[2].public_key, NULL));
    FUZZ_OK(j->mad.ops->append(&first, j->mad.ctx, feed, &block, 1, NULL));
    j->mad.ops->close(j->mad.ctx, feed);
    j->forked = true;
}

static void other_blocks(joiner *j, fuzz_end *e, fuzz_input *in) {
    fuzz_ask ask = e->asks[0];
    echo__buf out = ECHO__BUF_INIT;
    ask.from += (uint64_t)(int64_t)(int8_t)fuzz_u8(in);
    ask.to = ask.from + fuzz_u8(in);
    uint8_t form = fuzz_u8(in), type = true_answer(&out, j, &ask);
    if (out.len > 4 && form < 3) out.data[4] = form;
    fuzz_send_buf(e, type, &out);
    if (form != ECHO__BLOCKS_MORE) pop(e);
}

/* An answer that was made for what was asked first. */
static void answer(joiner *j, fuzz_end *e, unsigned move, fuzz_input *in) {
    echo__buf out = ECHO__BUF_INIT;
    fuzz_ask ask = e->asks[0];
    uint8_t type;
    size_t at;
    echo_bytes part;
    switch (move) {
    case CHANGED:
        type = true_answer(&out, j, &ask);
        at = fuzz_u16(in);
        out.data[at % out.len] ^= fuzz_u8(in);
        break;
    case CUT:
        type = true_answer(&out, j, &ask);
        at = fuzz_u16(in);
        if (at < out.len) out.len = at;
        part = fuzz_part(in);
        echo__buf_append(&out, part.data, part.len);
        break;
    case OFFER:
        echo__write_u32(&out, ask.id);
        doctor(&out, j, in);
        write_feeds(&out, j, in);
        type = ECHO__MESSAGE_OFFER;
        break;
    case NOTHING:
        echo__write_u32(&out, ask.id);
        type = ask.type == ECHO__MESSAGE_ASK    ? ECHO__MESSAGE_OFFER
               : ask.type == ECHO__MESSAGE_WANT ? ECHO__MESSAGE_CHUNK
               : ask.type == ECHO__MESSAGE_TAIL ? ECHO__MESSAGE_BLOCKS
                                                : ECHO__MESSAGE_ATTESTED;
        if (type == ECHO__MESSAGE_OFFER)
            echo__write_u64(&out, 0);
        else
            echo__buf_byte(&out, type == ECHO__MESSAGE_ATTESTED ? 0 : 2);
        break;
    case DELTA:
        echo__write_u32(&out, ask.id);
        echo__buf_byte(&out, ECHO__CHUNK_DELTA);
        part = fuzz_part(in);
        echo__buf_append(&out, part.data, part.len);
        type = ECHO__MESSAGE_CHUNK;
        break;
    case CHUNK:
        at = fuzz_u8(in);
        if (at < 128 || j->chunks.count == 0)
            ask.hash = j->w->chunks[at % j->w->chunk_count];
        else
            ask.hash = j->chunks.hash[at % j->chunks.count];
        ask.type = ECHO__MESSAGE_WANT;
        type = true_answer(&out, j, &ask);
        break;
    default: { /* WORD */
        echo__attestation word;
        echo__attest(&word, &ask.hash, liar(j));
        echo__write_u32(&out, ask.id);
        echo__buf_byte(&out, 1);
        echo__buf_append(&out, word.member.bytes, sizeof word.member.bytes);
        echo__buf_append(&out, word.signature, sizeof word.signature);
        type = ECHO__MESSAGE_ATTESTED;
    }
    }
    fuzz_send_buf(e, type, &out);
    pop(e);
}

/* ---- what is here ---- */

static echo_status check_item(void *arg, const echo_item_head *head) {
    const joiner *j = arg;
    echo_item *item;
    echo_error err = ECHO_ERROR_INIT;
    FUZZ_STATUS(echo_item_get(&item, j->w->opened, head->id, &err), &err, ECHO_OK);
    return ECHO_OK;
}

static bool is_trusted_lie(const joiner *j) {
    unsigned trust = (j->flags & TRUST) >> 1;
    return j->forked || (j->lied && trust != ECHO_TRUST_ATTESTED && trust != ECHO_TRUST_REPLAYED);
}

/* Items of a party: none that the honest one does not have. */
static void check_party(joiner *j, echo_party *party) {
    echo_error err = ECHO_ERROR_INIT;
    char id[16];
    if (is_trusted_lie(j)) return;
    const echo_query query = {NULL, NULL, NULL, true};
    echo_status status = echo_party_each_head(party, &query, check_item, j, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_PENDING, ECHO_ERR_CORRUPT);
    for (unsigned n = 0; n < FUZZ_ITEMS + 3; n += 17) {
        echo_item *item;
        cJSON *view;
        (void)snprintf(id, sizeof id, "item%03u", n);
        status = echo_item_get(&item, party, id, &err);
        FUZZ_STATUS(status, &err, ECHO_ERR_PENDING, ECHO_ERR_NOT_FOUND, ECHO_ERR_CORRUPT);
        if (status != ECHO_OK) continue;
        FUZZ_CHECK(n <= FUZZ_ITEMS);
        FUZZ_OK(echo_item_view(&view, item, &err));
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(view, "k");
        FUZZ_CHECK(cJSON_IsString(value) &&
                   (strcmp(value->valuestring, "one") == 0 || strcmp(value->valuestring, "two") == 0));
        cJSON_Delete(view);
    }
}

static void free_party(joiner *j) {
    echo_exchange_set_party(j->x, NULL);
    echo_party_free(j->party);
    j->party = NULL;
}

static echo_party *restore(joiner *j, const echo_store *store, bool pending) {
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    echo_party *party;
    echo_error err = ECHO_ERROR_INIT;
    echo_snapshot_policy policy = ECHO_SNAPSHOT_POLICY_INIT;
    policy.manual = true;
    policy.thread = false;
    policy.collect_garbage = false;
    options.party = &j->w->party.public_key;
    options.feeds = &j->feeds;
    options.store = store;
    options.models = j->w->models;
    options.own_feed = &j->w->keys[1].public_key;
    options.policy = &policy;
    options.writable = !pending;
    echo_status status = echo_party_restore(&party, &options, &err);
    FUZZ_STATUS(status, &err, ECHO_ERR_PENDING, ECHO_ERR_CORRUPT, ECHO_ERR_GAP, ECHO_ERR_NOT_FOUND, ECHO_ERR_SIGNATURE,
                ECHO_ERR_BEHIND);
    return status == ECHO_OK ? party : NULL;
}

/* The host reads what is half here, over the exchange's own store; only for the time of the call. */
static void read_usable(joiner *j) {
    const echo_store *store = echo_exchange_store(j->x);
    if (store == NULL) return;
    echo_party *party = restore(j, store, true);
    if (party == NULL) return;
    check_party(j, party);
    echo_party_free(party);
}

static void switch_party(joiner *j) {
    if (j->party != NULL) free_party(j);
    j->party = restore(j, &j->store, false);
    if (j->party == NULL) return;
    check_party(j, j->party);
    echo_exchange_set_party(j->x, j->party);
}

/* ---- moves ---- */

static void play(joiner *j, fuzz_input *in) {
    uint8_t how = fuzz_u8(in);
    unsigned move = how & 31, which = (how & 0x80) != 0 && (j->flags & TWO) ? 1 : 0;
    fuzz_end *e = &j->ends[which];
    echo_bytes part;
    char *text;
    uint8_t type;
    bool asked = e->peer != NULL && e->count > 0;
    switch (move) {
    case TRUE_ANSWER:
        if (asked) answer_truly(j, e);
        break;
    case TRUE_ANSWERS:
        for (unsigned rounds = 1 + fuzz_u8(in) % 20; rounds > 0; rounds--) {
            while (e->peer != NULL && e->count > 0) answer_truly(j, e);
            carry(j);
            step(j, 1000000);
            carry(j);
        }
        break;
    case CHANGED:
    case CUT:
    case OFFER:
    case NOTHING:
    case DELTA:
    case CHUNK:
    case WORD:
        if (asked) answer(j, e, move, in);
        break;
    case BLOCKS:
        if (asked) other_blocks(j, e, in);
        break;
    case RAW:
        type = fuzz_u8(in);
        part = fuzz_part(in);
        if (e->peer != NULL) fuzz_send(e, type, part);
        break;
    case TIME: step(j, (uint64_t)fuzz_u16(in) * 100000000); break;
    case WANT:
        text = (char *)fuzz_copy(fuzz_part(in), true);
        (void)!echo_exchange_want(j->x, text, NULL);
        free(text);
        break;
    case START: FUZZ_OK(echo_exchange_start(j->x, NULL)); break;
    case FINISH:
        if (e->peer != NULL) echo_peer_finish(e->peer);
        break;
    case REOPEN:
        fuzz_end_close(e);
        open_end(j, which);
        break;
    case READ: read_usable(j); break;
    case FORK: fork_block(j, fuzz_part(in)); break;
    case SKIP: pop(e); break;
    case SWITCH: switch_party(j); break;
    default: break;
    }
    if (how & 0x40) return;
    carry(j);
    step(j, 1000000);
    carry(j);
}

/* An honest member comes, and they are done after a while. */
static void come_to_an_end(joiner *j) {
    echo_exchange_state state;
    for (unsigned i = 0; i < 2; i++) fuzz_end_close(&j->ends[i]);
    step(j, 1000000);
    open_end(j, 2); /* member 2's key, which tells the truth for once */
    fuzz_end *e = &j->ends[2];
    for (unsigned times = 0; times < 3; times++) {
        FUZZ_OK(echo_exchange_start(j->x, NULL));
        j->up_to_date = 0;
        for (unsigned rounds = 0; rounds < 200 && e->peer != NULL; rounds++) {
            carry(j);
            if (j->up_to_date > 0 || echo_peer_is_over(e->peer)) break;
            while (e->count > 0) answer_truly(j, e);
            carry(j);
            step(j, 1000000);
        }
        echo_exchange_state_get(&state, j->x);
        if (is_trusted_lie(j) || j->up_to_date > 0) break;
    }
    if (is_trusted_lie(j) || e->peer == NULL) return;
    FUZZ_CHECK(!echo_peer_is_over(e->peer));
    FUZZ_CHECK(j->up_to_date > 0 && state.phase == ECHO_EXCHANGE_PHASE_IDLE);
    /* Whatever was said before, the honest snapshot was taken; when two were to attest it there is no second one. */
    if ((j->flags & OLD) == 0 && j->party == NULL && (j->flags & TRUST) != ECHO_TRUST_ATTESTED << 1)
        FUZZ_CHECK(state.installed > 0);
    switch_party(j);
    FUZZ_CHECK(j->party != NULL);
    echo_error err = ECHO_ERROR_INIT;
    FUZZ_STATUS(echo_party_poll(NULL, j->party, 0, &err), &err, ECHO_OK);
    echo_item *item;
    FUZZ_STATUS(echo_item_get(&item, j->party, "item120", &err), &err, ECHO_OK); /* the last message of all */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static joiner j;
    fuzz_input in = fuzz_input_of(data, size);
    fuzz_random_begin();
    const fuzz_world *w = fuzz_world_get();
    fuzz_random_begin();
    begin(&j, w, &in);
    open_end(&j, 0);
    if (j.flags & TWO) open_end(&j, 1);
    carry(&j);
    step(&j, 1000000);
    carry(&j);
    for (unsigned moves = 0; moves < 200 && fuzz_left(&in) > 0; moves++) play(&j, &in);
    come_to_an_end(&j);
    for (unsigned i = 0; i < 3; i++) fuzz_end_close(&j.ends[i]);
    if (j.party != NULL) free_party(&j);
    echo_exchange_free(j.x);
    echo_party *party = restore(&j, &j.store, false);
    if (party != NULL) check_party(&j, party);
    echo_party_free(party);
    echo_store_close(&j.own);
    echo_store_close(&j.store);
    echo_store_close(&j.hostile);
    echo_feeds_close(&j.mad);
    echo_feeds_close(&j.feeds);
    return 0;
}
