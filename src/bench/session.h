/*
 * A party that grows while it is open: a generator, and the party that reads what it makes. For one process, which ends
 * with the measurement; what is still open at its end is not released.
 */
#ifndef ECHO_BENCH_SESSION_H
#define ECHO_BENCH_SESSION_H

#include "gen/generate.h"

typedef struct bench_session {
    const char *dir; /* holds snapshots.db, and with `disk` the feeds */
    bool disk;       /* false: feeds in memory, and admitted without credentials */
    generator *generator;
    echo_registry *models;
    echo_party_options options; /* may be changed before it is opened */
    echo_party *party;
} bench_session;

/* Makes one of `items` items, each by one message (about 150 bytes; a record of about 410), in an existing folder.
 * Not open yet. */
echo_status bench_session_make(bench_session *s, const char *dir, bool disk, uint64_t seed, uint64_t items,
                               echo_error *err) ECHO_MUST_USE;
/* Makes one of `messages` messages. With credentials it is on disk, otherwise in memory. */
echo_status bench_session_generate(bench_session *s, const char *dir, const generate_options *options,
                                   uint64_t messages, echo_error *err) ECHO_MUST_USE;
/* Opens it with a policy (NULL: the default). */
echo_status bench_session_open(bench_session *s, const echo_snapshot_policy *policy, echo_error *err) ECHO_MUST_USE;
/* Polls until all messages are applied; ECHO_ERR_CORRUPT when fewer than `messages` come. */
echo_status bench_session_apply(bench_session *s, uint64_t messages, echo_error *err) ECHO_MUST_USE;
/* Polls until no snapshot is running. */
echo_status bench_session_settle(bench_session *s, echo_error *err) ECHO_MUST_USE;
void bench_session_close(bench_session *s);
/* The state digest of replaying exactly what a snapshot of its store covers. Any time. */
echo_status bench_session_replay(echo_hash *digest, const bench_session *s, uint64_t number,
                                 echo_error *err) ECHO_MUST_USE;
bool bench_snapshot_runs(const bench_session *s);
/* Lets other threads work for a moment. */
void bench_rest(uint64_t ns);
/* Begins nothing by itself, keeps all snapshots, removes no chunks. */
echo_snapshot_policy bench_policy_manual(void);

#endif
