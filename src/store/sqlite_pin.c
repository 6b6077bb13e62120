/*
 * Pins in a SQLite store. Their table is made by the first pin, so every use of it looks first whether it stands; who
 * has the transaction, or one statement's view of the file, is sure of the answer.
 */
#include "store/sqlite_pin.h"

#include "base/error.h"
#include "store/sqlite_error.h"
#include "store/sqlite_file.h"
#include "store/sqlite_statement.h"

static void bind(sqlite3_stmt *statement, const echo_key *party, uint64_t number) {
    echo__sqlite_bind_key(statement, 1, party);
    (void)sqlite3_bind_int64(statement, 2, (int64_t)number);
}

/* Whether a statement about a manifest gives a row; party NULL: a statement without values. */
static echo_status ask(bool *out, echo__sqlite *s, echo__sql which, const echo_key *party, uint64_t number,
                       echo_error *err) {
    sqlite3_stmt *statement;
    bool row = false;
    *out = false;
    echo_status status = echo__sqlite_statement(&statement, s, which, err);
    if (status != ECHO_OK) return status;
    if (party != NULL) bind(statement, party, number);
    status = echo__sqlite_step(&row, s, statement, err, "cannot read the pins");
    echo__sqlite_done(statement);
    *out = status == ECHO_OK && row;
    return status;
}

/* Runs a statement about a manifest; party as above. */
static echo_status change(echo__sqlite *s, echo__sql which, const echo_key *party, uint64_t number, echo_error *err) {
    sqlite3_stmt *statement;
    echo_status status = echo__sqlite_statement(&statement, s, which, err);
    if (status != ECHO_OK) return status;
    if (party != NULL) bind(statement, party, number);
    return echo__sqlite_run(s, statement, err, "cannot pin");
}

echo_status echo__sqlite_is_pinned(bool *out, echo__sqlite *s, const echo_key *party, uint64_t number,
                                   echo_error *err) {
    echo_status status = ask(out, s, ECHO__SQL_PINS_STAND, NULL, 0, err);
    return status == ECHO_OK && *out ? ask(out, s, ECHO__SQL_PINNED, party, number, err) : status;
}

typedef struct pinned_args {
    const echo_key *party;
    uint64_t number;
    bool pinned;
} pinned_args;

static echo_status read_pin(void *args, echo__sqlite *s, echo_error *err) {
    pinned_args *p = args;
    return echo__sqlite_is_pinned(&p->pinned, s, p->party, p->number, err);
}

echo_status echo__sqlite_pinned(bool *out, void *ctx, const echo_key *party, uint64_t number, echo_error *err) {
    pinned_args p = {party, number, false};
    bool there;
    *out = false;
    if (number > INT64_MAX) return ECHO_OK;
    echo_status status = echo__sqlite_read(&there, ctx, read_pin, &p, err);
    *out = p.pinned;
    return status;
}

static echo_status pin(echo__sqlite *s, const echo_key *party, uint64_t number, bool pinned, echo_error *err) {
    bool there = false, table = pinned;
    echo_status status = echo__sqlite_begin(s, err);
    if (status == ECHO_OK) status = ask(&there, s, ECHO__SQL_STANDS, party, number, err);
    if (status == ECHO_OK && !there) status = echo__store_refuse_number(number, err);
    if (status == ECHO_OK)
        status =
            pinned ? change(s, ECHO__SQL_PINS_MAKE, NULL, 0, err) : ask(&table, s, ECHO__SQL_PINS_STAND, NULL, 0, err);
    if (status == ECHO_OK && table) status = change(s, pinned ? ECHO__SQL_PIN : ECHO__SQL_UNPIN, party, number, err);
    return status == ECHO_OK ? echo__sqlite_commit(s, err) : status;
}

echo_status echo__sqlite_pin(void *ctx, const echo_key *party, uint64_t number, bool pinned, echo_error *err) {
    echo__sqlite *s = ctx;
    if (s->read_only) return echo__sqlite_refuse_read_only(s, err);
    if (s->writing) return echo__store_refuse_pending(err);
    if (number > INT64_MAX) return echo__store_refuse_number(number, err);
    echo_status status = echo__sqlite_ready(s, err);
    if (status == ECHO_ERR_NOT_FOUND) return echo__store_refuse_number(number, err);
    if (status == ECHO_OK) status = pin(s, party, number, pinned, err);
    if (status != ECHO_OK) echo__sqlite_abandon(s);
    return status;
}
