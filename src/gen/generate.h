/*
 * Makes parties of any shape, for measuring and for tests: the same options give the same messages, on every machine.
 *
 * Every feed has a writer with a clock of its own. A message carries what its writer had seen, and changes only items
 * that its writer knew, as in a party of real peers. Messages can be made a few at a time, so that a party gets a tail
 * after its snapshot was taken.
 */
#ifndef ECHO_GENERATE_H
#define ECHO_GENERATE_H

#include <echo/echo.h>

/* The model of `hookless` items: no snapshot hooks, and a state that depends on the order of its mutations. */
#define GENERATE_MODEL_LOG "example:model/log"

/* Shares are probabilities, 0.0 to 1.0. */
typedef struct generate_options {
    uint64_t seed;
    uint32_t generation; /* dialect: 2 (new) or 1 (old: no deletions, links, nested paths; no credentials either) */
    size_t feeds;        /* 1 to 1000 */
    uint64_t items;      /* the number of items in the end, 1 to 2^32 - 1 */
    double create; /* share of messages that make a new item while there are fewer than `items`; 1: all of them first */
    size_t value_bytes; /* of each string value; 18 make blocks of about 150 bytes in a party of one feed (each feed
                           adds 38) */
    size_t properties;  /* different keys per item, 1 or more */
    double hot;         /* share of mutations that go to the hot set, the first `hot_items` items */
    uint64_t hot_items;
    double concurrency; /* how often a writer has not seen what the others wrote last */
    double deletions;   /* share of messages that delete an item; one in four of them brings it back */
    double parents;     /* share of messages that set a parent; parents form no cycles */
    double links;       /* share of the new items that link two others */
    double nested;      /* share of mutations to a nested path */
    double varied; /* share of mutations that are not strings: other values, deletions of keys, arrays, sets, several in
                      one */
    double hookless;  /* share of items of GENERATE_MODEL_LOG */
    bool credentials; /* begin with the party's genesis and admit the feeds by credentials (folders only, not
                         deterministic: they hold the time). false: open the party with `admitted` = generate_feeds() */
    size_t batch;     /* blocks per append */
    size_t members;   /* with credentials: the number of further feeds to admit, which are not made and never write
                         (generate_keys()) */
} generate_options;
#define GENERATE_OPTIONS_INIT                                                                                          \
    { 1, 2, 1, 100, 0.5, 18, 8, 0.0, 0, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, false, 1000, 0 }

typedef struct generate_counts {
    uint64_t messages; /* credentials not counted */
    uint64_t items;
    uint64_t bytes;                         /* of their blocks */
    uint64_t mutations, deletions, parents; /* messages of that kind */
    uint64_t concurrent;                    /* messages whose writer had not seen the newest message */
} generate_counts;

typedef struct generator generator;

/*
 * dir: the party's folder, made if need be; its feeds must not exist yet (ECHO_ERR_EXISTS). NULL: feeds in memory.
 * Nothing is synced to disk: do not keep data this way.
 */
echo_status generate_open(generator **out, const generate_options *options, const char *dir,
                          echo_error *err) ECHO_MUST_USE;
/*
 * Makes n more messages. All of them are in the feeds when it returns. Dividing a number between calls changes no
 * message. After an error the generator can only be closed.
 */
echo_status generate_some(generator *g, uint64_t n, echo_error *err) ECHO_MUST_USE;
/* Makes a message for each of these items, in this order, by writers who have seen everything. ECHO_ERR_INVALID: an
 * item does not exist yet. */
echo_status generate_changes(generator *g, const uint32_t *items, size_t n, echo_error *err) ECHO_MUST_USE;
void generate_close(generator *g);

/* The source the messages went to: the only way to those in memory. Borrowed. */
const echo_feeds *generate_source(const generator *g);
/* The feeds, in order of their number. Borrowed. */
const echo_key *generate_feeds(const generator *g, size_t *count);
const echo_keypair *generate_party(const generator *g);
/* Key pair of feed i, for opening a party that writes to it. */
const echo_keypair *generate_feed(const generator *g, size_t i);
/* Key pair of feed i of a seed's parties; after the feeds come the members. */
echo_status generate_keys(echo_keypair *out, uint64_t seed, size_t i) ECHO_MUST_USE;
void generate_counts_get(generate_counts *out, const generator *g);
/* The id of item i of a seed's parties; they exist from 0 to counts.items - 1. */
void generate_item_id(char out[ECHO_HEX_CHARS], uint64_t seed, uint64_t i);
/* Registers the object model under both names, and GENERATE_MODEL_LOG. */
echo_status generate_models(echo_registry *registry, echo_error *err) ECHO_MUST_USE;

#endif
