/*
 * Two members in one process, connected by a pair of sockets on a libuv loop, as the hosts of a real network would be:
 * Alice has a party and admits Bob, Bob joins from her snapshot, prints an item before the rest has arrived, and
 * catches up after she has written more.
 */
#include <echo/echo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <uv.h>

#define NOTES 3000

typedef struct member {
    const char *name;
    echo_key key;      /* the party's */
    echo_keypair keys; /* of the own feed: who this member is */
    echo_registry *models;
    echo_feeds feeds;
    echo_store store; /* the exchange's handle */
    echo_party *party, *preview;
    echo_exchange *exchange;
    echo_peer *peer; /* the connection to the other */
    bool usable, up_to_date, shown;
    uv_pipe_t socket;
    char in[65536];
} member;

static void must(echo_status status, const echo_error *err) {
    if (status == ECHO_OK) return;
    fprintf(stderr, "%s: %s\n", echo_status_name(status), err->message);
    exit(EXIT_FAILURE);
}

/* ---- the party ---- */

static void write_note(echo_party *party, int n, bool create, const char *text) {
    echo_error err = ECHO_ERROR_INIT;
    echo_object_mutation *mutation;
    echo_bytes bytes;
    char id[32];
    snprintf(id, sizeof id, "note-%d", n);
    must(echo_object_mutation_new(&mutation, ECHO_GENERATION_NEW), &err);
    echo_object_set_string(mutation, "text", text, ECHO_OBJECT_TEXT);
    must(echo_object_mutation_bytes(&bytes, mutation), &err);
    echo_write write = {.id = id, .create = create, .mutation = &bytes};
    if (create) write.type = "note";
    if (create) write.model = ECHO_MODEL_OBJECT;
    must(echo_party_write(NULL, party, &write, 1, &err), &err);
    echo_object_mutation_free(mutation);
}

static echo_status show_note(member *m, echo_party *party, const char *id) {
    echo_error err = ECHO_ERROR_INIT;
    echo_item *item;
    echo_bytes text;
    echo_status status = echo_item_get(&item, party, id, &err);
    if (status == ECHO_ERR_PENDING) return status; /* has not arrived yet */
    must(status, &err);
    must(echo_object_get_string(&text, item, "text", &err), &err);
    printf("%s reads %s: %.*s\n", m->name, id, (int)text.len, (const char *)text.data);
    return ECHO_OK;
}

static void open_party(echo_party **out, member *m, const echo_store *store) {
    echo_error err = ECHO_ERROR_INIT;
    echo_party_options options = ECHO_PARTY_OPTIONS_INIT;
    options.party = &m->key;
    options.feeds = &m->feeds;
    options.store = store;
    options.models = m->models;
    options.own_feed = &m->keys.public_key;
    options.relaxed = true; /* an example: thousands of notes need not survive a power failure one by one */
    must(echo_party_restore(out, &options, &err), &err);
}

/* ---- the exchange ---- */

static void on_event(void *arg, const echo_exchange_event *event) {
    member *m = arg;
    if (event->kind == ECHO_EXCHANGE_EVENT_USABLE) m->usable = true;
    if (event->kind == ECHO_EXCHANGE_EVENT_UP_TO_DATE) m->up_to_date = true;
    if (event->error != NULL) printf("%s: %s\n", m->name, event->error->message);
}

static void open_member(member *m, const char *dir, const echo_store *store) {
    echo_error err = ECHO_ERROR_INIT;
    char feeds[1000];
    snprintf(feeds, sizeof feeds, "%s/feeds", dir);
    echo_feeds_dir_options options = ECHO_FEEDS_DIR_OPTIONS_INIT;
    options.relaxed = true;
    must(echo_registry_new(&m->models), &err);
    must(echo_registry_add_object(m->models, &err), &err);
    must(echo_feeds_open_dir(&m->feeds, feeds, &options, &err), &err);
    must(echo_store_reopen(&m->store, store, &err), &err);
}

static void open_exchange(member *m, const echo_invitation *invitation) {
    echo_error err = ECHO_ERROR_INIT;
    echo_exchange_options options = ECHO_EXCHANGE_OPTIONS_INIT;
    options.party = &m->key;
    options.store = &m->store;
    options.feeds = &m->feeds;
    options.keys = &m->keys;
    options.opened = m->party;
    options.models = m->models;
    options.members = invitation->members;
    options.member_count = invitation->member_count;
    options.event = on_event;
    options.event_arg = m;
    must(echo_exchange_new(&m->exchange, &options, &err), &err);
}

/* Sends what the socket takes; the rest waits for the next turn. */
static void turn(member *m) {
    echo_error err = ECHO_ERROR_INIT;
    must(echo_exchange_step(m->exchange, uv_hrtime(), &err), &err);
    for (echo_bytes bytes; (bytes = echo_peer_pending(m->peer)).len > 0;) {
        uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)bytes.data, (unsigned)bytes.len);
        int sent = uv_try_write((uv_stream_t *)&m->socket, &buffer, 1);
        if (sent <= 0) return;
        echo_peer_sent(m->peer, (size_t)sent);
    }
}

static void on_room(uv_handle_t *socket, size_t suggested, uv_buf_t *buffer) {
    member *m = socket->data;
    (void)suggested;
    *buffer = uv_buf_init(m->in, sizeof m->in);
}

static void on_bytes(uv_stream_t *socket, ssize_t n, const uv_buf_t *buffer) {
    member *m = socket->data;
    echo_error err = ECHO_ERROR_INIT;
    if (n < 0) must(ECHO_ERR_IO, &err);
    echo_bytes bytes = {(const uint8_t *)buffer->base, (size_t)n};
    must(echo_peer_receive(m->peer, bytes, &err), &err); /* hosts drop the peer and go on */
    turn(m);
}

static void connect_members(uv_loop_t *loop, member *const members[2]) {
    uv_os_sock_t sockets[2];
    echo_error err = {.code = ECHO_ERR_IO, .message = "no pair of sockets"};
    if (uv_socketpair(SOCK_STREAM, 0, sockets, UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE) != 0) must(ECHO_ERR_IO, &err);
    for (int i = 0; i < 2; i++) {
        echo_peer_options options = ECHO_PEER_OPTIONS_INIT;
        options.initiator = i == 0;
        must(echo_peer_open(&members[i]->peer, members[i]->exchange, &options, &err), &err);
        uv_pipe_init(loop, &members[i]->socket, 0);
        members[i]->socket.data = members[i];
        if (uv_pipe_open(&members[i]->socket, sockets[i]) != 0) must(ECHO_ERR_IO, &err);
        uv_read_start((uv_stream_t *)&members[i]->socket, on_room, on_bytes);
    }
}

/* Bob's part of a turn: the note he wants to see first. */
static void look(member *bob) {
    echo_error err = ECHO_ERROR_INIT;
    echo_exchange_state state;
    if (bob->shown || !bob->usable) return;
    if (bob->preview == NULL) open_party(&bob->preview, bob, echo_exchange_store(bob->exchange));
    bob->shown = show_note(bob, bob->preview, "note-1234") == ECHO_OK;
    if (!bob->shown) must(echo_exchange_want(bob->exchange, "note-1234", &err), &err);
    echo_exchange_state_get(&state, bob->exchange);
    const char *when = state.items_here < state.items ? "before all is here" : "with all here";
    if (bob->shown) printf("  %s, after %llu bytes\n", when, (unsigned long long)state.bytes_received);
}

static void on_timer(uv_timer_t *timer) { (void)timer; }

static void run(uv_loop_t *loop, member *const members[2]) { /* until Bob has everything */
    echo_error err = ECHO_ERROR_INIT;
    member *bob = members[0];
    bob->up_to_date = false;
    must(echo_exchange_start(bob->exchange, &err), &err);
    while (!bob->up_to_date) {
        look(bob);
        for (int i = 0; i < 2; i++) turn(members[i]);
        if (!bob->up_to_date) uv_run(loop, UV_RUN_ONCE);
    }
}

static void close_member(member *m) {
    uv_close((uv_handle_t *)&m->socket, NULL);
    echo_exchange_set_party(m->exchange, NULL);
    echo_party_free(m->party);
    echo_exchange_free(m->exchange); /* closes its peers */
    echo_store_close(&m->store);
    echo_feeds_close(&m->feeds);
    echo_registry_free(m->models);
}

int main(int argc, char **argv) {
    static member alice = {.name = "Alice"}, bob = {.name = "Bob"};
    echo_error err = ECHO_ERROR_INIT;
    echo_keypair party;
    echo_store stores[2];
    char dirs[2][1000], path[1100], text[ECHO_INVITATION_CHARS];
    if (argc != 2 || strlen(argv[1]) > 900) {
        fprintf(stderr, "usage: %s FOLDER   (which exists; alice and bob are made in it)\n", argv[0]);
        return 2;
    }
    snprintf(dirs[0], sizeof dirs[0], "%s/alice", argv[1]);
    snprintf(dirs[1], sizeof dirs[1], "%s/bob", argv[1]);

    /* Alice makes a party and writes to it. */
    must(echo_keypair_new(&party), &err);
    must(echo_keypair_new(&alice.keys), &err);
    must(echo_keypair_new(&bob.keys), &err);
    must(echo_party_create(dirs[0], &party, &alice.keys, NULL, NULL, &err), &err);
    alice.key = party.public_key;
    snprintf(path, sizeof path, "%s/snapshots.db", dirs[0]);
    must(echo_store_open_sqlite(&stores[0], path, NULL, &err), &err);
    open_member(&alice, dirs[0], &stores[0]);
    open_party(&alice.party, &alice, &stores[0]);
    for (int n = 0; n < NOTES; n++) write_note(alice.party, n, true, "first version");
    must(echo_party_snapshot(NULL, alice.party, &err), &err);

    /* Bob has a feed; its key goes to Alice, who admits it and gives him an invitation. */
    must(echo_party_admit_feed(alice.party, &bob.keys.public_key, &party, &err), &err);
    echo_invitation invitation = {.party = alice.key, .members = {alice.keys.public_key}, .member_count = 1};
    must(echo_invitation_write(text, &invitation), &err);
    printf("invitation: %.40s...\n", text);
    (void)mkdir(dirs[1], 0777);
    snprintf(path, sizeof path, "%s/feeds", dirs[1]);
    (void)mkdir(path, 0777);
    must(echo_feed_create(path, &bob.keys, &err), &err);
    must(echo_invitation_read(&invitation, text, &err), &err);
    bob.key = invitation.party;
    snprintf(path, sizeof path, "%s/snapshots.db", dirs[1]);
    must(echo_store_open_sqlite(&stores[1], path, NULL, &err), &err);
    open_member(&bob, dirs[1], &stores[1]);

    /* They meet. */
    uv_loop_t loop;
    uv_timer_t timer; /* turns also when nothing comes */
    member *const members[2] = {&bob, &alice};
    uv_loop_init(&loop);
    uv_timer_init(&loop, &timer);
    uv_timer_start(&timer, on_timer, 50, 50);
    open_exchange(&alice, &invitation);
    open_exchange(&bob, &invitation);
    connect_members(&loop, members);
    run(&loop, members);
    echo_party_free(bob.preview);
    open_party(&bob.party, &bob, &stores[1]);
    echo_exchange_set_party(bob.exchange, bob.party);
    echo_exchange_state state;
    echo_exchange_state_get(&state, bob.exchange);
    printf("Bob has joined: %llu items; %llu messages are covered by the snapshot, %llu blocks were transferred\n",
           (unsigned long long)state.items, (unsigned long long)state.covered,
           (unsigned long long)state.blocks_received);

    /* Alice goes on, Bob catches up. */
    for (int n = 1234; n < 1240; n++) write_note(alice.party, n, false, "second version");
    run(&loop, members);
    must(echo_party_poll(NULL, bob.party, 0, &err), &err);
    (void)show_note(&bob, bob.party, "note-1234");

    close_member(&bob);
    close_member(&alice);
    for (int i = 0; i < 2; i++) echo_store_close(&stores[i]);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return 0;
}
