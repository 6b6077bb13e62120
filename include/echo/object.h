/*
 * echo/object.h: the built-in object model: a tree of properties, as in ECHO's ObjectModel, but convergent.
 *
 * Its state always equals the fold of the item's mutations in stamp order, whatever order they arrived in.
 * docs/FORMAT.md
 * ("The object model") specifies how keys, paths, arrays and sets behave. The operations and their bytes are those of
 * @dxos/object-model 2.6.17 (called "old" below) and 2.33.8 ("new").
 *
 * Values in JSON, in views and in records:
 *
 * - null, booleans, numbers, strings, objects and arrays are themselves;
 *
 * - bytes are {"$bytes":"<base64>"};
 *
 * - integers beyond +/-2^53 are exact digits (cJSON_Raw);
 *
 * - NaN and infinities are {"$float":"NaN"}, {"$float":"Infinity"} and {"$float":"-Infinity"};
 *
 * - strings that JSON or C cannot hold (invalid UTF-8, U+0000) are {"$string":"<base64>"};
 *
 * - a user's key that begins with "$" is shown with one more "$".
 */
#ifndef ECHO_OBJECT_H
#define ECHO_OBJECT_H

#include <echo/base.h>
#include <echo/codec.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cJSON;

#define ECHO_MODEL_OBJECT "dxos:model/object"                        /* new: keys are paths, null is a value */
#define ECHO_MODEL_OBJECT_OLD "wrn://protocol.dxos.org/model/object" /* old: keys are literal, null deletes */

/* Maximum depth of nested values and path segments of a key, and maximum bytes of one key. A mutation beyond them is
 * refused with ECHO_ERR_LIMIT. */
#define ECHO_OBJECT_DEPTH_MAX 64u
#define ECHO_OBJECT_KEY_BYTES_MAX 4096u

/*
 * A builder for the bytes of one mutation (an ObjectMutationSet). It keeps its first error, which
 * echo_object_mutation_bytes() returns. A key or value that is NULL is ECHO_ERR_INVALID; if the builder is NULL, the
 * functions below do nothing.
 */
typedef struct echo_object_mutation echo_object_mutation;

/* ECHO_GENERATION_NEW encodes for ECHO_MODEL_OBJECT, ECHO_GENERATION_OLD for ECHO_MODEL_OBJECT_OLD. */
echo_status echo_object_mutation_new(echo_object_mutation **out, echo_generation generation) ECHO_MUST_USE;
void echo_object_mutation_free(echo_object_mutation *m);
/*
 * Sets a key to a value, in the form described above. Arrays are written as ECHO writes them: as objects with the keys
 * "0", "1", ...
 *
 * Numbers are read back as they were given (-0 as 0). Integers are int64, in the old generation int32. Any other number
 * is written as a 32-bit float, the only kind that the original knows, and the double beside it: the original, and
 * versions of this library before 0.2.0, read 3.14 as 3.140000104904175. ECHO_ERR_LIMIT: an integer beyond int32 in the
 * old generation, a magnitude of 3.4028235677973366e38 or more (its float would be infinite), and digits of an integer
 * that no double has.
 */
void echo_object_set(echo_object_mutation *m, const char *key, const struct cJSON *value);
void echo_object_delete(echo_object_mutation *m, const char *key);
/* Operations on arrays and sets exist in the new generation only; in the old one they are ECHO_ERR_UNSUPPORTED. */
void echo_object_push(echo_object_mutation *m, const char *key, const struct cJSON *value);
void echo_object_set_add(echo_object_mutation *m, const char *key, const struct cJSON *value);
void echo_object_set_remove(echo_object_mutation *m, const char *key, const struct cJSON *value);
/* The encoded mutation: a view, valid until m is changed or freed. */
echo_status echo_object_mutation_bytes(echo_bytes *out, const echo_object_mutation *m) ECHO_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
