#include "cli/net/peers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/folder.h"

#define WRITABLE_MAX 64u

static echo_status set(echo_error *err, echo_status code, const char *what, const char *name) {
    *err = (echo_error)ECHO_ERROR_INIT;
    err->code = code;
    (void)snprintf(err->message, sizeof err->message, "%.180s%s%.60s", name, name[0] != '\0' ? ": " : "", what);
    return code;
}

static char *join_path(const char *dir, const char *name) {
    size_t len = strlen(dir) + strlen(name) + 2;
    char *path = malloc(len);
    if (path != NULL) (void)snprintf(path, len, "%s/%s", dir, name);
    return path;
}

char *echo_cli_feeds_path(const echo_cli *cli) { return join_path(cli->dir, "feeds"); }

/* ---- the folder ---- */

static echo_status make_folder(const char *path, echo_error *err) {
    struct stat st;
    if (mkdir(path, 0777) == 0 || (stat(path, &st) == 0 && S_ISDIR(st.st_mode))) return ECHO_OK;
    int why = errno;
    return set(err, ECHO_ERR_IO, strerror(why), path);
}

echo_status echo_cli_side_feeds(echo_cli_side *side, bool make, bool read_only, echo_error *err) {
    echo_feeds_dir_options options = ECHO_FEEDS_DIR_OPTIONS_INIT;
    options.read_only = read_only;
    char *path = echo_cli_feeds_path(side->cli);
    if (path == NULL) return set(err, ECHO_ERR_NOMEM, "out of memory", "");
    echo_status status = make ? make_folder(side->cli->dir, err) : ECHO_OK;
    if (status == ECHO_OK && make) status = make_folder(path, err);
    if (status == ECHO_OK) status = echo_feeds_open_dir(&side->feeds, path, &options, err);
    free(path);
    return status;
}

echo_status echo_cli_side_store(echo_cli_side *side, bool read_only, echo_error *err) {
    echo_store_sqlite_options how = ECHO_STORE_SQLITE_OPTIONS_INIT;
    char *path = join_path(side->cli->dir, "snapshots.db");
    if (path == NULL) return set(err, ECHO_ERR_NOMEM, "out of memory", "");
    how.read_only = read_only;
    echo_status status = echo_store_open_sqlite(&side->store, path, &how, err);
    if (status == ECHO_ERR_NOT_FOUND && read_only) { /* a store in memory is as empty */
        *err = (echo_error)ECHO_ERROR_INIT;
        status = echo_store_new_memory(&side->store);
    }
    free(path);
    return status;
}

echo_status echo_cli_side_party(echo_cli_side *side, const echo_party_options *options, echo_error *err) {
    if (side->exchange != NULL) echo_exchange_set_party(side->exchange, NULL);
    echo_party_free(side->party);
    side->party = NULL;
    echo_party_options how = *options;
    how.party = &side->key;
    how.feeds = &side->feeds;
    echo_status status = echo_cli_restore_party(&side->party, side->cli, &how, err);
    if (status == ECHO_OK && side->exchange != NULL) echo_exchange_set_party(side->exchange, side->party);
    return status;
}

echo_status echo_cli_side_switch(echo_cli_side *side, echo_error *err) {
    echo_exchange_set_party(side->exchange, NULL);
    echo_status status = echo_party_switch(&side->party, NULL, NULL, err);
    echo_exchange_set_party(side->exchange, side->party);
    return status;
}

void echo_cli_side_close(echo_cli_side *side) {
    echo_cli_net_close(side->net);
    if (side->exchange != NULL) echo_exchange_set_party(side->exchange, NULL);
    echo_party_free(side->party);
    echo_exchange_free(side->exchange);
    echo_store_close(&side->store);
    echo_feeds_close(&side->feeds);
    memset(&side->keys, 0, sizeof side->keys);
    side->net = NULL;
    side->party = NULL;
    side->exchange = NULL;
}

/* ---- keys ---- */

static int digit(int c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool read_secret(echo_keypair *out, const char *text) {
    echo_keypair given;
    for (size_t i = 0; i < sizeof given.secret; i++) {
        int high = digit((unsigned char)text[2 * i]), low = high < 0 ? -1 : digit((unsigned char)text[2 * i + 1]);
        if (low < 0) return false;
        given.secret[i] = (uint8_t)(high << 4 | low);
    }
    const char *rest = text + 2 * sizeof given.secret;
    if (rest[strspn(rest, " \t\r\n")] != '\0') return false;
    return echo_keypair_from_seed(out, given.secret) == ECHO_OK &&
           memcmp(out->secret, given.secret, sizeof given.secret) == 0;
}

echo_status echo_cli_read_key(echo_keypair *out, const char *path, echo_error *err) {
    char text[200];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        int why = errno;
        return set(err, why == ENOENT ? ECHO_ERR_NOT_FOUND : ECHO_ERR_IO, strerror(why), path);
    }
    size_t len = fread(text, 1, sizeof text - 1, file);
    bool bad = ferror(file) != 0;
    (void)fclose(file);
    text[len] = '\0';
    if (bad) return set(err, ECHO_ERR_IO, "cannot be read", path);
    bool ok = read_secret(out, text);
    memset(text, 0, sizeof text);
    return ok ? ECHO_OK : set(err, ECHO_ERR_INVALID, "is not a key file: 128 hex digits, seed and public key", path);
}

typedef struct found {
    echo_key keys[WRITABLE_MAX * 16];
    size_t count;
} found;

static echo_status note_feed(void *arg, const echo_key *key) {
    found *f = arg;
    if (f->count == sizeof f->keys / sizeof f->keys[0]) return ECHO_ERR_LIMIT;
    f->keys[f->count++] = *key;
    return ECHO_OK;
}

/* The only writable feed. Feeds that the party's clock knows take precedence over the others. */
static echo_status own_feed(echo_keypair *out, const echo_cli_side *side, found *f, echo_error *err) {
    const echo_feeds *feeds = &side->feeds;
    size_t writable[2] = {0, 0}; /* others, the party's */
    echo_status status = echo_feeds_list(feeds, note_feed, f, err);
    for (size_t i = 0; status == ECHO_OK && i < f->count; i++) {
        echo_feed_info info;
        echo_keypair keys;
        echo_error ignored = ECHO_ERROR_INIT;
        if (echo_feeds_info(&info, feeds, &f->keys[i], &ignored) != ECHO_OK ||
            echo_feeds_keypair(&keys, feeds, &f->keys[i], &ignored) != ECHO_OK)
            continue;
        bool ours = side->party != NULL && echo_timeframe_get(NULL, echo_party_clock(side->party), &f->keys[i]);
        writable[ours]++;
        if (ours || writable[1] == 0) *out = keys;
    }
    if (status != ECHO_OK) return status;
    size_t count = writable[1] > 0 ? writable[1] : writable[0];
    if (count == 0) return set(err, ECHO_ERR_NOT_FOUND, "no feed is writable: `join DIR --new-key` makes one", "");
    return count == 1 ? ECHO_OK
                      : set(err, ECHO_ERR_INVALID, "several feeds are writable: name the key file with --key", "");
}

echo_status echo_cli_side_keys(echo_cli_side *side, echo_error *err) {
    if (side->cli->cmd->key != NULL) return echo_cli_read_key(&side->keys, side->cli->cmd->key, err);
    found *f = calloc(1, sizeof *f);
    if (f == NULL) return set(err, ECHO_ERR_NOMEM, "out of memory", "");
    echo_status status = own_feed(&side->keys, side, f, err);
    free(f);
    return status;
}

/* ---- snapshots ---- */

typedef struct newest {
    uint64_t number;
    echo_hash digest;
} newest;

static echo_status note_newest(void *arg, const echo_snapshot_info *info) {
    newest *n = arg;
    if (n->number != 0 || info->status != ECHO_OK) return ECHO_OK;
    n->number = info->number;
    n->digest = info->digest;
    return ECHO_OK;
}

echo_status echo_cli_newest(uint64_t *number, echo_hash *digest, const echo_store *store, const echo_key *party,
                            echo_error *err) {
    newest n = {0, {{0}}};
    echo_status status = echo_snapshot_list(store, party, note_newest, &n, err);
    *number = n.number;
    *digest = n.digest;
    return status;
}

/* ---- events ---- */

void echo_cli_event(echo_cli *cli, const char *name, const char *place, const echo_key *member,
                    const echo_error *error) {
    echo_cli_out *out = &cli->out;
    echo_cli_progress_clear(&cli->progress);
    if (cli->json) {
        echo_cli_json_object(out, NULL);
        echo_cli_json_string(out, "event", name);
        if (place != NULL) echo_cli_json_string(out, "peer", place);
        if (member != NULL) echo_cli_json_hex(out, "member", member->bytes);
        if (error != NULL) echo_cli_json_error(out, "error", error, NULL);
        return;
    }
    echo_cli_print(out, "%-12s", name);
    if (place != NULL) {
        echo_cli_print(out, " ");
        echo_cli_print_text(out, place, 0);
    }
    if (member != NULL) {
        echo_cli_print(out, " member ");
        echo_cli_print_hex(out, member->bytes);
    }
    if (error == NULL) return;
    echo_cli_print(out, " ");
    echo_cli_print_error(out, error);
}

void echo_cli_event_number(echo_cli *cli, const char *name, uint64_t value) {
    if (cli->json)
        echo_cli_json_number(&cli->out, name, value);
    else
        echo_cli_print(&cli->out, " %s %" PRIu64, name, value);
}

void echo_cli_event_end(echo_cli *cli) {
    if (cli->json)
        echo_cli_json_end(&cli->out);
    else
        echo_cli_print(&cli->out, "\n");
    (void)echo_cli_out_flush(&cli->out);
}
