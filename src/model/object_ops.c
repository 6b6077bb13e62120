/*
 * How the object model behaves
 * ============================
 *
 * An object is a tree of properties. Mutations change it; each is a list of operations and has a stamp, (time, feed,
 * seq). The state always equals the fold of all mutations in the order of their stamps, the operations of a mutation in
 * their order, whatever the order in which mutations arrived.
 *
 * Slots. Each top-level key is a slot: in the old generation the literal key, in the new one the first segment of the
 * key read as a path. Slots do not affect each other.
 *
 * Maps. A value is null, a boolean, a number, a string, bytes or a map from keys to values. A map may be flagged as an
 * array. It is shown as an array when it is flagged and its keys are exactly 0..n-1, otherwise as an object; an empty
 * flagged one is
 * []. A key that is a canonical decimal integer below 2^32-1 ("0", "12", not "01") is an index, any other key is a
 * name. The item's own properties are a map that is never flagged. Numbers are equal by value, whether they were
 * written as integers or as floats.
 *
 * Writing a value. An object is the fold of its properties over an empty map, in the new generation their keys being
 * paths too; a property without a value is removed, in the old generation a null one as well. The protocol's own array
 * type gives a flagged map; the original never writes it, it writes arrays as objects with the keys 0, 1, ..., and as
 * such they are read back. A map in a written value that is flagged but would not be shown as an array loses its flag
 * when the value is complete.
 *
 * Operations. Going down a path to write: where a map should be and there is nothing or something else, a new map takes
 * its place, flagged if the next segment is an index. Writing a name into a map clears its flag, writing an index
 * leaves it.
 *  - SET puts a value at a path. A SET without a value is a DELETE; in the old generation so is a SET of null or of a
 *    kind unknown there.
 *  - DELETE removes what is at a path, if the map above it exists; it makes nothing and changes no flag.
 *  - ARRAY_PUSH, SET_ADD and SET_DELETE go down as SET does and make sure of a map at the path itself: a new flagged
 *    one where there was none, else the one that is there, flagged from now on. ARRAY_PUSH puts the value at the
 *    highest index plus one, or at 0. (Beyond the last index there is no room: nothing is put.) SET_ADD and
 *    SET_DELETE read the values at the indices in numeric order as a list, of equal scalars keep the first, then add
 *    the value at the end unless an equal one is there, or remove the equal one; the list is written back as 0..n-1.
 *    Names stay. Equality is JavaScript's SameValueZero; maps and bytes are equal to nothing.
 *
 * A path without segments ("[]]") leads nowhere: the operation does nothing.
 *
 * A mutation counts as a whole or not at all. It is refused as corrupt when it is not well-formed (an embedded message
 * that comes twice where one is due included), when a key is empty or no text (valid UTF-8 without NUL) or when a list
 * operation has no value; as unsupported when an operation or, in the new generation, a value is of an unknown kind; as
 * beyond a limit when a key has more than 4096 bytes, when more than 64 keys lead to a value (segments of the path and
 * nesting of the value together, an element of a list counting one), or when its operations, values, properties and
 * path segments are more than 2^20 in all. These limits are part of the format: peers that disagreed on them would
 * differ.
 *
 * What is kept. Of a slot with nothing but whole-key SETs and DELETEs the latest one counts: its stamp and value, or a
 * stamp alone (a tombstone). That is a simple slot. Any other is complex and keeps its operations, reduced by this
 * rule:
 *  - An operation is overtaken by a later SET or DELETE at its path or above it, if that path has names only. It is
 *    dropped. (Names do not move; what is at an index may be moved by the operations on the list, so there is no such
 *    rule for paths with an index.)
 *  - All operations but DELETE make the maps above their path. That effect outlives a DELETE of the path. So where a
 *    DELETE of a path below the slot overtook such operations, a TOUCH of its path stays with the stamp of the latest
 *    of them: "the maps above this path were there, and were written to by name". TOUCH is dropped like other
 *    operations, and also when a later operation (not a DELETE) at its path or below is kept, which makes the same
 *    maps.
 *
 * A slot whose reduced list is one whole-key SET or DELETE is simple.
 *
 * The rule is exact: the fold of the reduced list is the fold of all. And the reduced list depends on the set of
 * operations alone, not on the order of their arrival, so that all peers write the same bytes. Both are what
 * tests/property/test_object.c is about. Why:
 *  - Let q be overtaken by a SET at p. What q did at p or below is replaced by the SET. Above p are maps only q may
 *    have made, or whose flag only q may have cleared; the SET makes and clears the same. In between, nothing looks
 *    at whether such a map exists, at its names or at its flag: DELETE of what is not there and of what is end the
 *    same, list operations look at indices.
 *  - A DELETE at p that overtook q is the same with the TOUCH in the part of the SET, and with the latest q alone in
 *    the part of all of them.
 *  - Whether an operation is dropped depends on later operations of the whole set. If one of these was itself
 *    dropped, then by one above or at the same path and later still, which overtakes the first as well: so the
 *    operations that are kept suffice to tell.
 *  - The latest making operation at or below a named path p that nothing at or above p overtook is always kept, as
 *    itself or as a TOUCH, or a later one is: so the stamps of TOUCH can be told from what is kept too.
 *
 * Memory. Operations of a slot hang on a tree of branches, one per path, so that an operation costs the length of its
 * path. The fold is kept beside them and goes along with operations that come in order; a late one makes it stale, and
 * it is folded anew when asked for.
 */
#include "model/object_ops.h"

#include <echo/object.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

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

typedef struct ranked {
    echo_key key;
    uint32_t feed;
} ranked;

static int by_key(const void *left, const void *right) {
    const ranked *a = left, *b = right;
    return memcmp(&a->key, &b->key, sizeof a->key);
}

bool echo__live_ranks(uint32_t **out, const echo__live *live) {
    size_t n = live->feed_count;
    ranked *list = echo__realloc_array(NULL, n, sizeof *list);
    *out = echo__realloc_array(NULL, n, sizeof **out);
    if (list == NULL || *out == NULL) {
        echo__free(list);
        echo__free(*out);
        *out = NULL;
        return false;
    }
    for (size_t i = 0; i < n; i++) list[i] = (ranked){live->feeds[i], (uint32_t)i};
    qsort(list, n, sizeof *list, by_key);
    for (size_t i = 0; i < n; i++) (*out)[list[i].feed] = (uint32_t)i;
    echo__free(list);
    return true;
}

static echo__slot *slot_new(echo__live *live, const echo__seg *key) {
    echo__slot *slot = echo__calloc(1, sizeof *slot + key->len + 1);
    if (slot == NULL) return NULL;
    if (key->len > 0) memcpy(slot->text, key->text, key->len);
    slot->node.key = (echo__seg){slot->text, key->len, key->index};
    echo__avl_insert(&live->slots, &slot->node);
    return slot;
}

echo__slot *echo__live_slot(echo__live *live, const echo__seg *key, bool make) {
    echo__slot *slot = (echo__slot *)echo__avl_find(live->slots, key);
    return slot != NULL || !make ? slot : slot_new(live, key);
}

static void slot_free(echo__slot *slot) {
    echo__value_unref(slot->value);
    echo__branch_free(slot->history);
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

/* A SET or DELETE of the whole slot. */
static bool is_whole(echo__op_kind kind, uint32_t below) {
    return below == 0 && (kind == ECHO__OP_SET || kind == ECHO__OP_DELETE);
}

/* A simple slot becomes complex: its SET or DELETE is the first operation, which overtakes whatever is older. */
static void slot_complicate(echo__slot *slot) {
    echo__entry first = {slot->at, slot->value == NULL ? ECHO__OP_DELETE : ECHO__OP_SET, NULL};
    if (slot->value != NULL) first.value = echo__value_ref(slot->value);
    echo__branch_start(slot->history, &first);
    slot->simple = false;
}

/* No operation is under way any more: gives a slot the one form that its operations call for. */
static void slot_tidy(echo__live *live, echo__slot *slot) {
    echo__branch *root = slot->history;
    if (root != NULL && root->branches == NULL && root->count <= 1 &&
        (root->count == 0 || is_whole(root->entries[0].kind, 0))) {
        if (root->count == 1) {
            slot->at = root->entries[0].pos;
            echo__value_unref(slot->value);
            slot->value = root->entries[0].value;
            root->count = 0;
            slot->simple = true;
            slot->stale = false;
        }
        slot->started = false;
        slot->history = NULL;
        echo__branch_free(root);
    }
    if (slot->simple || slot->history != NULL) return;
    echo__avl_remove(&live->slots, &slot->node.key); /* it was made for operations that were given up */
    slot_free(slot);
}

static void slot_spoil(echo__slot *slot) {
    echo__value_unref(slot->value);
    slot->value = NULL;
    slot->stale = true;
}

/* Lets an operation that counts work on the folded value, if it comes in order; when it fails the value is only stale.
 */
static void slot_follow(const echo__live *live, echo__slot *slot, const echo__op *op, const echo__pos *pos) {
    bool in_order = !slot->started || echo__pos_after(live->feeds, pos, &slot->last);
    if (in_order) {
        slot->started = true;
        slot->last = *pos;
    }
    if (slot->stale) return;
    if (!in_order || !echo__fold(&slot->value, op->kind, op->path + 1, op->count - 1, op->value)) slot_spoil(slot);
}

static void commit_complex(const echo__live *live, echo__slot *slot, echo__branch *branch, echo__op *op,
                           const echo__pos *pos) {
    if (slot->simple) slot_complicate(slot);
    echo__value *value = op->value == NULL ? NULL : echo__value_ref(op->value);
    echo__entry entry = {*pos, op->kind, value};
    echo__branch_outcome outcome = echo__branch_add(live->feeds, branch, &entry);
    if (outcome == ECHO__BRANCH_ADDED)
        slot_follow(live, slot, op, pos);
    else if (outcome == ECHO__BRANCH_TOUCHED)
        slot_spoil(slot);
    echo__value_unref(op->value);
    op->value = NULL;
}

static void commit_simple(const echo__live *live, echo__slot *slot, echo__op *op, const echo__pos *pos) {
    if (slot->simple && echo__pos_after(live->feeds, &slot->at, pos)) {
        echo__value_unref(op->value);
    } else {
        echo__value_unref(slot->value);
        slot->value = op->value;
        slot->at = *pos;
        slot->simple = true;
    }
    op->value = NULL;
}

/* Applying: everything that takes memory is done for all operations before the first of them is committed. */

typedef struct target {
    echo__slot *slot;
    echo__branch *branch; /* NULL while the slot is simple */
} target;

static bool reserve_slot(echo__live *live, target *to, const echo__op *op) {
    to->branch = NULL;
    to->slot = echo__live_slot(live, &op->path[0], true);
    if (to->slot == NULL) return false;
    to->slot->need++;
    if (to->slot->history == NULL && !is_whole(op->kind, op->count - 1)) {
        to->slot->history = echo__branch_new(NULL, NULL);
        return to->slot->history != NULL;
    }
    return true;
}

static bool reserve_branch(target *to, const echo__op *op) {
    if (to->slot->history == NULL) return true;
    /* the first branch must take a simple slot's own SET or DELETE, whatever branch the operation is for */
    echo__branch *root = to->slot->history;
    if (!echo__grow(&root->entries, &root->cap, root->count + root->need + 1, sizeof *root->entries)) return false;
    to->branch = echo__branch_promise(root, op->path + 1, op->count - 1);
    return to->branch != NULL;
}

static void release(echo__live *live, target *to) {
    if (to->branch != NULL) echo__branch_release(to->branch);
    if (--to->slot->need == 0) slot_tidy(live, to->slot);
}

#define TARGETS_ON_STACK 16u

bool echo__live_apply(echo__live *live, echo__op *ops, size_t count, const echo__pos *pos) {
    target few[TARGETS_ON_STACK], *to = few;
    if (count > TARGETS_ON_STACK && (to = echo__realloc_array(NULL, count, sizeof *to)) == NULL) return false;
    size_t reserved = 0;
    bool ok = true;
    while (ok && reserved < count) {
        ok = reserve_slot(live, &to[reserved], &ops[reserved]);
        if (to[reserved].slot != NULL) reserved++;
    }
    for (size_t i = 0; ok && i < count; i++) ok = reserve_branch(&to[i], &ops[i]);
    echo__pos at = *pos;
    for (size_t i = 0; i < reserved; i++, at.order++) {
        if (ok && to[i].branch != NULL)
            commit_complex(live, to[i].slot, to[i].branch, &ops[i], &at);
        else if (ok)
            commit_simple(live, to[i].slot, &ops[i], &at);
        release(live, &to[i]);
    }
    if (to != few) echo__free(to);
    return ok;
}

bool echo__slot_fold(const echo__live *live, echo__slot *slot) {
    if (!slot->stale) return true;
    uint32_t *ranks;
    echo__past *past = NULL;
    size_t count = 0;
    echo__seg path[ECHO_OBJECT_DEPTH_MAX];
    echo__value *value = NULL;
    if (!echo__live_ranks(&ranks, live)) return false;
    bool ok = echo__branch_past(&past, &count, slot->history, ranks);
    for (size_t i = 0; ok && i < count; i++) {
        echo__branch_path(past[i].branch, path);
        ok = echo__fold(&value, past[i].kind, path, past[i].branch->depth, past[i].value);
    }
    echo__free(ranks);
    echo__free(past);
    if (!ok) {
        echo__value_unref(value);
        return false;
    }
    slot->value = value;
    slot->stale = false;
    return true;
}
