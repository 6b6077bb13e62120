/*
 * echo/object.h: the built-in object model: a tree of properties, as in ECHO's ObjectModel, but convergent.
 *
 * Its state is always the fold of the item's mutations in stamp order, whatever order they arrived in. How keys, paths,
 * arrays and sets behave is in docs/FORMAT.md ("The object model"); the operations and their bytes are ECHO's (FORMATS
 * of @dxos/object-model 2.6.17 and 2.33.8: "old" and "new" below).
 *
 * How values look as JSON, in views and in records: null, booleans, numbers, strings, objects and arrays as themselves;
 * bytes as
 * {"$bytes":"<base64>"}; integers beyond +/-2^53 as exact digits (cJSON_Raw); NaN and infinities as {"$float":"NaN"},
 * "Infinity",
 * "-Infinity"; strings that JSON or C cannot hold (invalid UTF-8, U+0000) as {"$string":"<base64>"}. A user's key that
 * begins with "$" is shown with one more "$".
 */
#ifndef ECHO_OBJECT_H
#define ECHO_OBJECT_H

#include <echo/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cJSON;

#define ECHO_MODEL_OBJECT "dxos:model/object"                        /* new: keys are paths, null is a value */
#define ECHO_MODEL_OBJECT_OLD "wrn://protocol.dxos.org/model/object" /* old: keys are literal, null deletes */

/* Depth of nested values, path segments of a key, and bytes of one key. Mutations beyond are refused with
 * ECHO_ERR_LIMIT. */
#define ECHO_OBJECT_DEPTH_MAX 64u
#define ECHO_OBJECT_KEY_BYTES_MAX 4096u

/*
 * Builds the bytes of one mutation (ObjectMutationSet). Errors stick; echo_object_mutation_bytes() reports the first. A
 * key or value that is NULL is ECHO_ERR_INVALID; with a mutation that is NULL the functions below do nothing.
 */
typedef struct echo_object_mutation echo_object_mutation;

/* generation 2 encodes for ECHO_MODEL_OBJECT, 1 for ECHO_MODEL_OBJECT_OLD. */
echo_status echo_object_mutation_new(echo_object_mutation **out, uint32_t generation) ECHO_MUST_USE;
void echo_object_mutation_free(echo_object_mutation *m);
/*
 * Sets a key to a value as shown above. Arrays are written as ECHO writes them, as objects with the keys "0", "1", ...;
 * numbers that are not integers as 32-bit floats, which is all the format has: 3.14 reads back 3.140000104904175.
 */
void echo_object_set(echo_object_mutation *m, const char *key, const struct cJSON *value);
void echo_object_delete(echo_object_mutation *m, const char *key);
/* Arrays and sets exist in the new generation only; ECHO_ERR_UNSUPPORTED in the old. */
void echo_object_push(echo_object_mutation *m, const char *key, const struct cJSON *value);
void echo_object_set_add(echo_object_mutation *m, const char *key, const struct cJSON *value);
void echo_object_set_remove(echo_object_mutation *m, const char *key, const struct cJSON *value);
/* The encoded mutation: a view that lives until m changes or is freed. */
echo_status echo_object_mutation_bytes(echo_bytes *out, const echo_object_mutation *m) ECHO_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
