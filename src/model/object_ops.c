/*
 * How the object model behaves
 * ============================
 *
 * An object is a tree of properties. Mutations change it; each is a list of operations and has a stamp, (time, feed, seq). The state
 * always equals the fold of all mutations in the order of their stamps, the operations of a mutation in their order, whatever the order
 * in which mutations arrived.
 *
 * Slots. Each top-level key is a slot: in the old generation the literal key, in the new one the first segment of the key read as a
 * path. Slots do not affect each other.
 *
 * Maps. A value is null, a boolean, a number, a string, bytes or a map from keys to values. A map may be flagged as an array. It is
 * shown as an array when it is flagged and its keys are exactly 0..n-1, otherwise as an object; an empty flagged one is []. A key that is a
 * canonical decimal integer below 2^32-1 ("0", "12", not "01") is an index, any other key is a name. The item's own properties are a
 * map that is never flagged. Numbers are equal by value, whether they were written as integers or as floats.
 *
 * Writing a value. An object is the fold of its properties over an empty map, in the new generation their keys being paths too; a
 * property without a value is removed, in the old generation a null one as well. The protocol's own array type gives a flagged map; the original
 * never writes it, it writes arrays as objects with the keys 0, 1, ..., and as such they are read back. A map in a written value that is
 * flagged but would not be shown as an array loses its flag when the value is complete.
 *
 * Operations. Going down a path to write: where a map should be and there is nothing or something else, a new map takes its place,
 * flagged if the next segment is an index. Writing a name into a map clears its flag, writing an index leaves it.
 *  - SET puts a value at a path. A SET without a value is a DELETE; in the old generation so is a SET of null or of a kind unknown there.
 *  - DELETE removes what is at a path, if the map above it exists; it makes nothing and changes no flag.
 *  - ARRAY_PUSH, SET_ADD and SET_DELETE go down as SET does and make sure of a map at the path itself: a new flagged one where there was none,
 *    else the one that is there, flagged from now on.
 *      ARRAY_PUSH puts the value at the highest index plus one, or at 0. (Beyond the last index there is no room: nothing is put.)
 *      SET_ADD and SET_DELETE read the values at the indices in numeric order as a list, of equal scalars keep the first, then add the value at
 *      the end unless an equal one is there, or remove the equal one; the list is written back as 0..n-1. Names stay. Equality is
 *      JavaScript's SameValueZero; maps and bytes are equal to nothing.
 *  A path without segments ("[]]") leads nowhere: the operation does nothing.
 *
 * What is kept. Of a slot with nothing but whole-key SETs and DELETEs the latest one counts: its stamp and value, or a stamp alone (a
 * tombstone). That is a simple slot. Any other is complex and keeps its operations, reduced by this rule:
 *  - An operation is overtaken by a later SET or DELETE at its path or above it, if that path has names only. It is dropped. (Names do
 *    not move; what is at an index may be moved by the operations on the list, so there is no such rule for paths with an index.)
 *  - All operations but DELETE make the maps above their path. That effect outlives a DELETE of the path. So where a DELETE of a path below the
 *    slot overtook such operations, a TOUCH of its path stays with the stamp of the latest of them: "the maps above this path were there, and were
 *    written to by name". TOUCH is dropped like other operations, and also when a later operation (not a DELETE) at its path or below is kept,
 *    which makes the same maps.
 * A slot whose reduced list is one whole-key SET or DELETE is simple.
 *
 * The rule is exact: the fold of the reduced list is the fold of all. And the reduced list depends on the set of operations alone, not on the
 * order of their arrival, so that all peers write the same bytes. Both are what tests/property/test_object.c is about. Why:
 *  - Let q be overtaken by a SET at p. What q did at p or below is replaced by the SET. Above p are maps only q may have made, or whose flag only
 *    q may have cleared; the SET makes and clears the same. In between, nothing looks at whether such a map exists, at its names or at
 *    its flag: DELETE of what is not there and of what is end the same, list operations look at indices.
 *  - A DELETE at p that overtook q is the same with the TOUCH in the part of the SET, and with the latest q alone in the part of all of them.
 *  - Whether an operation is dropped depends on later operations of the whole set. If one of these was itself dropped, then by one above or at the
 *    same path and later still, which overtakes the first as well: so the operations that are kept suffice to tell.
 *  - The latest making operation at or below a named path p that nothing at or above p overtook is always kept, as itself or as a
 *    TOUCH, or a later one is: so the stamps of TOUCH can be told from what is kept too.
 *
 * Memory. Operations of a slot hang on a tree of branches, one per path, so that an operation costs the length of its path. The fold is kept
 * beside them and goes along with operations that come in order; a late one makes it stale, and it is folded anew when asked for.
 */
#include "model/object_ops.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"

void echo__live_init(echo__live *live) { memset(live, 0, sizeof *live); }

bool echo__live_feed(uint32_t *out, echo__live *live, const echo_key *feed) {
    for (size_t i = live->feed_count; i-- > 0;)
        if (memcmp(&live->feeds[i], feed, sizeof *feed) == 0) {
            *out = (uint32_t)i;
            return true;
        }
    if (!echo__grow(&live->feeds, &live->feed_cap, live->feed_count + 1, sizeof *live->feeds)) return false;
    live->feeds[live->feed_count] = *feed;
    *out = (uint32_t)live->feed_count++;
    return true;
}

/* Whether a comes after b. */
static bool after(const echo__live *live, const echo__pos *a, const echo__pos *b) {
    if (a->time != b->time) return a->time > b->time;
    if (a->feed != b->feed) return echo__key_compare(&live->feeds[a->feed], &live->feeds[b->feed]) > 0;
    if (a->seq != b->seq) return a->seq > b->seq;
    return a->order > b->order;
}

static bool makes(echo__op_kind kind) { return kind != ECHO__OP_DELETE; }
static bool resets(echo__op_kind kind) { return kind == ECHO__OP_SET || kind == ECHO__OP_DELETE; }

/* Branches. */

static echo__branch *branch_new(echo__branch *parent, const echo__seg *seg) {
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

static void branch_free(echo__branch *branch);

static void free_branches(echo__avl_node *node) {
    if (node == NULL) return;
    free_branches(node->left);
    free_branches(node->right);
    branch_free((echo__branch *)node);
}

static void branch_free(echo__branch *branch) {
    if (branch == NULL) return;
    free_branches(branch->branches);
    for (size_t i = 0; i < branch->count; i++) echo__value_unref(branch->entries[i].value);
    echo__free(branch->entries);
    echo__free(branch);
}

/* Frees a branch that holds nothing, and those above it that then hold nothing; never the first one. */
static void prune(echo__branch *branch) {
    while (branch->parent != NULL && branch->count == 0 && !branch->touched && branch->branches == NULL && branch->need == 0) {
        echo__branch *parent = branch->parent;
        echo__avl_remove(&parent->branches, &branch->node.key);
        branch_free(branch);
        branch = parent;
    }
}

/* Makes sure of one more entry that can be added without fail. There is always room for one besides: see settle_in. */
static bool promise(echo__branch *branch) {
    if (!echo__grow(&branch->entries, &branch->cap, branch->count + branch->need + 2, sizeof *branch->entries)) return false;
    branch->need++;
    return true;
}

static void add_entry(const echo__live *live, echo__branch *branch, const echo__entry *entry) {
    size_t at = branch->count;
    while (at > 0 && after(live, &branch->entries[at - 1].pos, &entry->pos)) at--;
    memmove(branch->entries + at + 1, branch->entries + at, (branch->count - at) * sizeof *branch->entries);
    branch->entries[at] = *entry;
    branch->count++;
}

/* Reduction. */

/* What a SET or DELETE that sweeps its subtree learns. */
typedef struct sweep {
    const echo__live *live;
    const echo__pos *before; /* what is older is dropped */
    bool made;               /* something that makes maps was dropped, the latest at `latest` */
    bool later;              /* something that makes maps stays */
    echo__pos latest;
} sweep;

static void sweep_note(sweep *s, const echo__pos *pos, bool dropped) {
    if (!dropped) {
        s->later = true;
    } else if (!s->made || after(s->live, pos, &s->latest)) {
        s->made = true;
        s->latest = *pos;
    }
}

static void sweep_branch(sweep *s, echo__branch *branch);

static bool is_empty(const echo__branch *branch) {
    return branch->count == 0 && !branch->touched && branch->branches == NULL && branch->need == 0;
}

/* Sweeps a tree of branches and plants those that still hold something anew. */
static void sweep_branches(sweep *s, echo__avl_node *node, echo__avl_node **kept) {
    if (node == NULL) return;
    echo__avl_node *left = node->left, *right = node->right;
    echo__branch *branch = (echo__branch *)node;
    sweep_branch(s, branch);
    if (is_empty(branch)) branch_free(branch);
    else echo__avl_insert(kept, node);
    sweep_branches(s, left, kept);
    sweep_branches(s, right, kept);
}

static void sweep_branch(sweep *s, echo__branch *branch) {
    size_t dropped = 0;
    for (size_t i = 0; i < branch->count; i++) {
        const echo__entry *entry = &branch->entries[i];
        bool drop = after(s->live, s->before, &entry->pos);
        if (makes(entry->kind)) sweep_note(s, &entry->pos, drop);
        if (!drop) break; /* the rest is later still, and of a branch one note is enough */
        echo__value_unref(entry->value);
        dropped++;
    }
    for (size_t i = dropped; i < branch->count; i++)
        if (makes(branch->entries[i].kind)) s->later = true;
    branch->count -= dropped;
    if (dropped > 0) memmove(branch->entries, branch->entries + dropped, branch->count * sizeof *branch->entries);
    if (branch->touched) {
        bool drop = after(s->live, s->before, &branch->touch);
        sweep_note(s, &branch->touch, drop);
        branch->touched = !drop;
    }
    echo__avl_node *below = branch->branches;
    branch->branches = NULL;
    sweep_branches(s, below, &branch->branches);
}

static bool tree_makes_after(const echo__live *live, const echo__avl_node *node, const echo__pos *pos);

/* Whether something at or below a branch makes maps later than pos. */
static bool makes_after(const echo__live *live, const echo__branch *branch, const echo__pos *pos) {
    for (size_t i = branch->count; i-- > 0 && after(live, &branch->entries[i].pos, pos);)
        if (makes(branch->entries[i].kind)) return true;
    if (branch->touched && after(live, &branch->touch, pos)) return true;
    return tree_makes_after(live, branch->branches, pos);
}

static bool tree_makes_after(const echo__live *live, const echo__avl_node *node, const echo__pos *pos) {
    return node != NULL && (makes_after(live, (const echo__branch *)node, pos) || tree_makes_after(live, node->left, pos) ||
                            tree_makes_after(live, node->right, pos));
}

/* Drops the TOUCHes above (and, when told, at) a branch where something later makes the maps. */
static void untouch(echo__branch *branch, bool itself) {
    if (!itself) branch = branch->parent;
    for (; branch != NULL; branch = branch->parent) branch->touched = false;
}

/* An operation at `pos` was overtaken by the first entry of `by`, and nothing above overtook it. Tells whether the state's past changed. */
static bool leave_touch(const echo__live *live, echo__branch *by, echo__op_kind kind, const echo__pos *pos) {
    if (!makes(kind) || by->depth == 0 || by->entries[0].kind != ECHO__OP_DELETE) return false;
    if (by->touched ? !after(live, pos, &by->touch) : makes_after(live, by, &by->entries[0].pos)) return false;
    by->touched = true;
    by->touch = *pos;
    untouch(by, false);
    return true;
}

/* Slots. */

static echo__slot *slot_new(echo__live *live, const echo__seg *key) {
    echo__slot *slot = echo__calloc(1, sizeof *slot + key->len + 1);
    if (slot == NULL) return NULL;
    if (key->len > 0) memcpy(slot->text, key->text, key->len);
    slot->node.key = (echo__seg){slot->text, key->len, key->index};
    echo__avl_insert(&live->slots, &slot->node);
    live->count++;
    return slot;
}

static void slot_free(echo__slot *slot) {
    echo__value_unref(slot->value);
    branch_free(slot->history);
    echo__free(slot);
}

static void free_slots(echo__avl_node *node) {
    if (node == NULL) return;
    free_slots(node->left);
    free_slots(node->right);
    slot_free((echo__slot *)node);
}

void echo__live_free(echo__live *live) {
    free_slots(live->slots);
    echo__free(live->feeds);
    echo__live_init(live);
}

/* A simple slot becomes complex: its SET or DELETE is the first operation. The room for it was promised. */
static void settle_in(const echo__live *live, echo__slot *slot) {
    echo__entry first = {slot->at, slot->value == NULL ? ECHO__OP_DELETE : ECHO__OP_SET, NULL};
    if (slot->value != NULL) first.value = echo__value_ref(slot->value);
    add_entry(live, slot->history, &first);
    slot->simple = false;
    slot->last = slot->at;
    slot->last_known = true;
}

/* When no operation on a slot is under way: gives it the one form that its operations call for. */
static void tidy(echo__live *live, echo__slot *slot) {
    echo__branch *root = slot->history;
    if (root != NULL && root->branches == NULL && root->count <= 1 && (root->count == 0 || resets(root->entries[0].kind))) {
        if (root->count == 1) {
            slot->at = root->entries[0].pos;
            echo__value_unref(slot->value);
            slot->value = root->entries[0].value;
            root->count = 0;
            slot->simple = true;
            slot->stale = false;
        }
        slot->last_known = false;
        slot->history = NULL;
        branch_free(root);
    }
    if (slot->simple || slot->history != NULL) return;
    echo__avl_remove(&live->slots, &slot->node.key);
    live->count--;
    slot_free(slot);
}

/* Lets an in-order operation work on the folded value; whatever fails only makes it stale. */
static void carry_on(const echo__live *live, echo__slot *slot, const echo__op *op, const echo__pos *pos) {
    bool in_order = !slot->last_known || after(live, pos, &slot->last);
    if (in_order) {
        slot->last = *pos;
        slot->last_known = true;
    }
    if (slot->stale) return;
    if (in_order && echo__fold(&slot->value, op->kind, op->path + 1, op->count - 1, op->value)) return;
    echo__value_unref(slot->value);
    slot->value = NULL;
    slot->stale = true;
}

static void spoil(echo__slot *slot) {
    echo__value_unref(slot->value);
    slot->value = NULL;
    slot->stale = true;
}

/* The topmost branch on the way to `branch` whose SET or DELETE overtakes an operation at pos. */
static echo__branch *overtaker(const echo__live *live, echo__branch *branch, const echo__pos *pos) {
    echo__branch *top = NULL;
    for (; branch != NULL; branch = branch->parent)
        if (branch->named && branch->count > 0 && resets(branch->entries[0].kind) && after(live, &branch->entries[0].pos, pos))
            top = branch;
    return top;
}

/* Commits an operation on a complex slot. Takes op->value. */
static void commit_complex(const echo__live *live, echo__slot *slot, echo__branch *branch, echo__op *op, const echo__pos *pos) {
    if (slot->simple) settle_in(live, slot);
    echo__branch *by = overtaker(live, branch, pos);
    if (by != NULL) {
        if (leave_touch(live, by, op->kind, pos)) spoil(slot);
        echo__value_unref(op->value);
        op->value = NULL;
        return;
    }
    carry_on(live, slot, op, pos);
    echo__entry entry = {*pos, op->kind, op->value};
    op->value = NULL;
    if (op->kind == ECHO__OP_TOUCH) {
        branch->touched = true;
        branch->touch = *pos;
        untouch(branch, false);
        return;
    }
    if (resets(op->kind) && branch->named) {
        sweep s = {live, pos, false, false, {0}};
        sweep_branch(&s, branch);
        if (op->kind == ECHO__OP_DELETE && branch->depth > 0 && s.made && !s.later) {
            branch->touched = true;
            branch->touch = s.latest;
        }
    }
    if (makes(op->kind)) untouch(branch, true);
    add_entry(live, branch, &entry);
}

/* Commits an operation on a slot that has only seen whole-key SETs and DELETEs. Takes op->value. */
static void commit_simple(const echo__live *live, echo__slot *slot, echo__op *op, const echo__pos *pos) {
    if (slot->simple && after(live, &slot->at, pos)) {
        echo__value_unref(op->value);
    } else {
        echo__value_unref(slot->value);
        slot->value = op->value;
        slot->at = *pos;
        slot->simple = true;
    }
    op->value = NULL;
}

/* Applying. Everything that needs memory is done for all operations before the first is committed. */

static bool is_whole(const echo__op *op) { return op->count == 1 && resets(op->kind); }

typedef struct target {
    echo__slot *slot;
    echo__branch *branch; /* NULL while the slot is simple for all we know */
} target;

static bool reserve_slot(echo__live *live, target *to, const echo__op *op) {
    to->branch = NULL;
    to->slot = (echo__slot *)echo__avl_find(live->slots, &op->path[0]);
    if (to->slot == NULL) to->slot = slot_new(live, &op->path[0]);
    if (to->slot == NULL) return false;
    to->slot->need++;
    if (to->slot->history != NULL || is_whole(op)) return true;
    to->slot->history = branch_new(NULL, NULL);
    return to->slot->history != NULL;
}

static bool reserve_branch(target *to, const echo__op *op) {
    echo__branch *branch = to->slot->history;
    if (branch == NULL) return true;
    for (uint32_t i = 1; i < op->count; i++) {
        echo__branch *next = (echo__branch *)echo__avl_find(branch->branches, &op->path[i]);
        if (next == NULL) next = branch_new(branch, &op->path[i]);
        if (next == NULL) {
            prune(branch);
            return false;
        }
        branch = next;
    }
    if (!promise(branch)) {
        prune(branch);
        return false;
    }
    to->branch = branch;
    return true;
}

/* An operation is over, done or given up. */
static void release(echo__live *live, target *to) {
    if (to->branch != NULL) {
        to->branch->need--;
        prune(to->branch);
    }
    if (--to->slot->need == 0) tidy(live, to->slot);
}

#define TARGETS_ON_STACK 16u

bool echo__live_apply(echo__live *live, echo__op *ops, size_t count, const echo__pos *pos) {
    target few[TARGETS_ON_STACK], *to = few;
    if (count > TARGETS_ON_STACK && (to = echo__realloc_array(NULL, count, sizeof *to)) == NULL) return false;
    size_t slots = 0;
    bool ok = true;
    while (ok && slots < count) {
        ok = reserve_slot(live, &to[slots], &ops[slots]);
        if (to[slots].slot != NULL) slots++;
    }
    for (size_t i = 0; ok && i < count; i++) ok = reserve_branch(&to[i], &ops[i]);
    echo__pos at = *pos;
    for (size_t i = 0; i < slots; i++, at.order++) {
        if (ok && to[i].branch != NULL) commit_complex(live, to[i].slot, to[i].branch, &ops[i], &at);
        else if (ok) commit_simple(live, to[i].slot, &ops[i], &at);
        release(live, &to[i]);
    }
    if (to != few) echo__free(to);
    return ok;
}

/* The past of a slot. */

void echo__branch_path(const echo__branch *branch, echo__seg *path) {
    for (; branch->parent != NULL; branch = branch->parent) path[branch->depth - 1] = branch->node.key;
}

typedef struct gathering {
    echo__past *list;
    size_t count, cap;
    bool failed;
} gathering;

static void gather_entry(gathering *g, const echo__branch *branch, const echo__pos *pos, echo__op_kind kind, echo__value *value) {
    g->failed = g->failed || !echo__grow(&g->list, &g->cap, g->count + 1, sizeof *g->list);
    if (!g->failed) g->list[g->count++] = (echo__past){branch, *pos, kind, value, 0};
}

static void gather_tree(gathering *g, const echo__avl_node *node);

static void gather_branch(gathering *g, const echo__branch *branch) {
    for (size_t i = 0; i < branch->count; i++)
        gather_entry(g, branch, &branch->entries[i].pos, branch->entries[i].kind, branch->entries[i].value);
    if (branch->touched) gather_entry(g, branch, &branch->touch, ECHO__OP_TOUCH, NULL);
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

bool echo__slot_past(echo__past **out, size_t *count, const echo__live *live, const echo__slot *slot) {
    gathering g = {NULL, 0, 0, false};
    gather_branch(&g, slot->history);
    *out = NULL;
    if (g.failed) {
        echo__free(g.list);
        return false;
    }
    for (size_t i = 0; i < g.count; i++)
        for (size_t k = 0; k < live->feed_count; k++)
            if (echo__key_compare(&live->feeds[k], &live->feeds[g.list[i].pos.feed]) < 0) g.list[i].rank++;
    qsort(g.list, g.count, sizeof *g.list, by_pos);
    *out = g.list;
    *count = g.count;
    return true;
}

bool echo__slot_fold(echo__live *live, echo__slot *slot) {
    if (!slot->stale) return true;
    echo__past *past;
    size_t count;
    echo__seg path[ECHO_OBJECT_DEPTH_MAX];
    echo__value *value = NULL;
    if (!echo__slot_past(&past, &count, live, slot)) return false;
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++) {
        echo__branch_path(past[i].branch, path);
        ok = echo__fold(&value, past[i].kind, path, past[i].branch->depth, past[i].value);
    }
    echo__free(past);
    if (!ok) {
        echo__value_unref(value);
        return false;
    }
    slot->value = value;
    slot->stale = false;
    return true;
}
