#include "model/object_branch.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"

bool echo__pos_after(const echo_key *feeds, const echo__pos *a, const echo__pos *b) {
    if (a->time != b->time) return a->time > b->time;
    if (a->feed != b->feed) return echo__key_compare(&feeds[a->feed], &feeds[b->feed]) > 0;
    if (a->seq != b->seq) return a->seq > b->seq;
    return a->order > b->order;
}

static bool makes(echo__op_kind kind) { return kind != ECHO__OP_DELETE; }
static bool resets(echo__op_kind kind) { return kind == ECHO__OP_SET || kind == ECHO__OP_DELETE; }

echo__branch *echo__branch_new(echo__branch *parent, const echo__seg *seg) {
    size_t len = seg == NULL ? 0 : seg->len;
    echo__branch *branch = echo__calloc(1, sizeof *branch + len + 1);
    if (branch == NULL) return NULL;
    branch->parent = parent;
    branch->named = parent == NULL || (parent->named && seg->index == ECHO__NAMED);
    if (parent == NULL) return branch;
    branch->depth = parent->depth + 1;
    if (len > 0) memcpy(branch->text, seg->text, len);
    branch->node.key = (echo__seg){branch->text, seg->len, seg->index};
    echo__avl_insert(&parent->branches, &branch->node);
    return branch;
}

static void free_branches(echo__avl_node *node) {
    if (node == NULL) return;
    free_branches(node->left);
    free_branches(node->right);
    echo__branch_free((echo__branch *)node);
}

void echo__branch_free(echo__branch *branch) {
    if (branch == NULL) return;
    free_branches(branch->branches);
    for (size_t i = 0; i < branch->count; i++) echo__value_unref(branch->entries[i].value);
    echo__free(branch->entries);
    echo__free(branch);
}

void echo__branch_path(const echo__branch *branch, echo__seg *path) {
    for (; branch->parent != NULL; branch = branch->parent) path[branch->depth - 1] = branch->node.key;
}

static bool is_empty(const echo__branch *branch) {
    return branch->count == 0 && !branch->touched && branch->branches == NULL && branch->need == 0;
}

static void prune(echo__branch *branch) {
    while (branch->parent != NULL && is_empty(branch)) {
        echo__branch *parent = branch->parent;
        echo__avl_remove(&parent->branches, &branch->node.key);
        echo__branch_free(branch);
        branch = parent;
    }
}

echo__branch *echo__branch_promise(echo__branch *root, const echo__seg *path, uint32_t count) {
    echo__branch *branch = root;
    bool ok = true;
    for (uint32_t i = 0; ok && i < count; i++) {
        echo__branch *next = (echo__branch *)echo__avl_find(branch->branches, &path[i]);
        if (next == NULL) next = echo__branch_new(branch, &path[i]);
        ok = next != NULL;
        if (ok) branch = next;
    }
    /* room for one more, for echo__branch_start */
    if (ok && echo__grow(&branch->entries, &branch->cap, branch->count + branch->need + 2, sizeof *branch->entries)) {
        branch->need++;
        return branch;
    }
    prune(branch);
    return NULL;
}

void echo__branch_release(echo__branch *branch) {
    branch->need--;
    prune(branch);
}

void echo__branch_start(echo__branch *root, const echo__entry *entry) { root->entries[root->count++] = *entry; }

static void insert(const echo_key *feeds, echo__branch *branch, const echo__entry *entry) {
    size_t at = branch->count;
    while (at > 0 && echo__pos_after(feeds, &branch->entries[at - 1].pos, &entry->pos)) at--;
    memmove(branch->entries + at + 1, branch->entries + at, (branch->count - at) * sizeof *branch->entries);
    branch->entries[at] = *entry;
    branch->count++;
}

/* What a SET or DELETE that sweeps its subtree learns. */
typedef struct sweep {
    const echo_key *feeds;
    const echo__pos *before; /* what is older is dropped */
    bool made;               /* something that makes maps was dropped, the latest at `latest` */
    bool later;              /* something that makes maps stays */
    echo__pos latest;
} sweep;

static void note_dropped(sweep *s, const echo__pos *pos) {
    if (s->made && !echo__pos_after(s->feeds, pos, &s->latest)) return;
    s->made = true;
    s->latest = *pos;
}

static void sweep_branch(sweep *s, echo__branch *branch);

/* Sweeps a tree of branches and plants those that still hold something anew. */
static void sweep_branches(sweep *s, echo__avl_node *node, echo__avl_node **kept) {
    if (node == NULL) return;
    echo__avl_node *left = node->left, *right = node->right;
    echo__branch *branch = (echo__branch *)node;
    sweep_branch(s, branch);
    if (is_empty(branch))
        echo__branch_free(branch);
    else
        echo__avl_insert(kept, node);
    sweep_branches(s, left, kept);
    sweep_branches(s, right, kept);
}

static void sweep_branch(sweep *s, echo__branch *branch) {
    size_t dropped = 0;
    for (; dropped < branch->count && echo__pos_after(s->feeds, s->before, &branch->entries[dropped].pos); dropped++) {
        if (makes(branch->entries[dropped].kind)) note_dropped(s, &branch->entries[dropped].pos);
        echo__value_unref(branch->entries[dropped].value);
    }
    branch->count -= dropped;
    if (dropped > 0) memmove(branch->entries, branch->entries + dropped, branch->count * sizeof *branch->entries);
    for (size_t i = 0; i < branch->count; i++) s->later = s->later || makes(branch->entries[i].kind);
    if (branch->touched && echo__pos_after(s->feeds, s->before, &branch->touch)) {
        note_dropped(s, &branch->touch);
        branch->touched = false;
    }
    s->later = s->later || branch->touched;
    echo__avl_node *below = branch->branches;
    branch->branches = NULL;
    sweep_branches(s, below, &branch->branches);
}

static bool tree_makes_after(const echo_key *feeds, const echo__avl_node *node, const echo__pos *pos);

/* Whether something at or below a branch makes maps later than pos. */
static bool makes_after(const echo_key *feeds, const echo__branch *branch, const echo__pos *pos) {
    for (size_t i = branch->count; i-- > 0 && echo__pos_after(feeds, &branch->entries[i].pos, pos);)
        if (makes(branch->entries[i].kind)) return true;
    if (branch->touched && echo__pos_after(feeds, &branch->touch, pos)) return true;
    return tree_makes_after(feeds, branch->branches, pos);
}

static bool tree_makes_after(const echo_key *feeds, const echo__avl_node *node, const echo__pos *pos) {
    return node != NULL && (makes_after(feeds, (const echo__branch *)node, pos) ||
                            tree_makes_after(feeds, node->left, pos) || tree_makes_after(feeds, node->right, pos));
}

/* Something from `branch` down makes maps: no TOUCH from there up is needed. They all are older, for else they would
 * overtake it.
 */
static void untouch(echo__branch *branch) {
    for (; branch != NULL; branch = branch->parent) branch->touched = false;
}

/* The topmost branch from here up whose SET or DELETE overtakes an operation at pos. */
static echo__branch *overtaker(const echo_key *feeds, echo__branch *branch, const echo__pos *pos) {
    echo__branch *top = NULL;
    for (; branch != NULL; branch = branch->parent)
        if (branch->named && branch->count > 0 && resets(branch->entries[0].kind) &&
            echo__pos_after(feeds, &branch->entries[0].pos, pos))
            top = branch;
    return top;
}

static bool leave_touch(const echo_key *feeds, echo__branch *by, const echo__entry *entry) {
    if (!makes(entry->kind) || by->depth == 0 || by->entries[0].kind != ECHO__OP_DELETE) return false;
    if (by->touched && !echo__pos_after(feeds, &entry->pos, &by->touch)) return false;
    if (!by->touched && makes_after(feeds, by, &by->entries[0].pos)) return false;
    untouch(by);
    by->touched = true;
    by->touch = entry->pos;
    return true;
}

echo__branch_outcome echo__branch_add(const echo_key *feeds, echo__branch *branch, const echo__entry *entry) {
    echo__branch *by = overtaker(feeds, branch, &entry->pos);
    if (by != NULL) {
        bool touched = leave_touch(feeds, by, entry);
        echo__value_unref(entry->value);
        return touched ? ECHO__BRANCH_TOUCHED : ECHO__BRANCH_NONE;
    }
    sweep s = {feeds, &entry->pos, false, false, {0, 0, 0, 0}};
    if (resets(entry->kind) && branch->named) sweep_branch(&s, branch);
    if (makes(entry->kind)) untouch(branch);
    if (entry->kind == ECHO__OP_TOUCH) {
        branch->touched = true;
        branch->touch = entry->pos;
        return ECHO__BRANCH_ADDED;
    }
    if (entry->kind == ECHO__OP_DELETE && branch->depth > 0 && s.made && !s.later) {
        branch->touched = true;
        branch->touch = s.latest;
    }
    insert(feeds, branch, entry);
    return ECHO__BRANCH_ADDED;
}

static bool tree_is_sound(const echo_key *feeds, const echo__avl_node *node) {
    return node == NULL || (echo__branch_is_sound(feeds, (const echo__branch *)node) &&
                            tree_is_sound(feeds, node->left) && tree_is_sound(feeds, node->right));
}

bool echo__branch_is_sound(const echo_key *feeds, const echo__branch *branch) {
    if (branch->touched && (branch->count == 0 || branch->entries[0].kind != ECHO__OP_DELETE ||
                            !echo__pos_after(feeds, &branch->entries[0].pos, &branch->touch)))
        return false;
    return tree_is_sound(feeds, branch->branches);
}

static void tree_feeds(const echo__avl_node *node, bool *used) {
    if (node == NULL) return;
    tree_feeds(node->left, used);
    echo__branch_feeds((const echo__branch *)node, used);
    tree_feeds(node->right, used);
}

void echo__branch_feeds(const echo__branch *branch, bool *used) {
    for (size_t i = 0; i < branch->count; i++) used[branch->entries[i].pos.feed] = true;
    if (branch->touched) used[branch->touch.feed] = true;
    tree_feeds(branch->branches, used);
}

typedef struct gathering {
    echo__past *list;
    size_t count, cap;
    const uint32_t *ranks;
    bool failed;
} gathering;

static void gather(gathering *g, const echo__branch *branch, const echo__pos *pos, echo__op_kind kind,
                   echo__value *value) {
    g->failed = g->failed || !echo__grow(&g->list, &g->cap, g->count + 1, sizeof *g->list);
    if (!g->failed) g->list[g->count++] = (echo__past){branch, *pos, g->ranks[pos->feed], kind, value};
}

static void gather_tree(gathering *g, const echo__avl_node *node);

static void gather_branch(gathering *g, const echo__branch *branch) {
    for (size_t i = 0; i < branch->count; i++)
        gather(g, branch, &branch->entries[i].pos, branch->entries[i].kind, branch->entries[i].value);
    if (branch->touched) gather(g, branch, &branch->touch, ECHO__OP_TOUCH, NULL);
    gather_tree(g, branch->branches);
}

static void gather_tree(gathering *g, const echo__avl_node *node) {
    if (node == NULL) return;
    gather_tree(g, node->left);
    gather_branch(g, (const echo__branch *)node);
    gather_tree(g, node->right);
}

static int by_pos(const void *left, const void *right) {
    const echo__past *a = left, *b = right;
    if (a->pos.time != b->pos.time) return a->pos.time < b->pos.time ? -1 : 1;
    if (a->rank != b->rank) return a->rank < b->rank ? -1 : 1;
    if (a->pos.seq != b->pos.seq) return a->pos.seq < b->pos.seq ? -1 : 1;
    return a->pos.order < b->pos.order ? -1 : a->pos.order > b->pos.order;
}

bool echo__branch_past(echo__past **out, size_t *count, const echo__branch *root, const uint32_t *ranks) {
    gathering g = {NULL, 0, 0, ranks, false};
    gather_branch(&g, root);
    *out = NULL;
    if (g.failed) {
        echo__free(g.list);
        return false;
    }
    qsort(g.list, g.count, sizeof *g.list, by_pos);
    *out = g.list;
    *count = g.count;
    return true;
}
