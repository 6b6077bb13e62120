/*
 * Keys of the new generation are paths, read as lodash's castPath reads them, without regard to the object: "a.b[1].c",
 * `a["x.y"]`. A key without a dot and without a whole pair of brackets is one segment, whatever is in it.
 */
#ifndef ECHO_MODEL_OBJECT_PATH_H
#define ECHO_MODEL_OBJECT_PATH_H

#include <echo/object.h>

#include "model/object_avl.h"

#define ECHO__PATH_MAX ECHO_OBJECT_DEPTH_MAX

/*
 * Splits a key. The segments are views into `key`, in which escapes (of quoted segments) are resolved in place. *count
 * may be 0 (for a key such as "[]]"): such a path leads nowhere. ECHO_ERR_LIMIT for more than ECHO__PATH_MAX segments.
 */
echo_status echo__object_path(echo__seg segs[ECHO__PATH_MAX], uint32_t *count, char *key, size_t len) ECHO_MUST_USE;

/* Valid UTF-8 without NUL, 1..ECHO_OBJECT_KEY_BYTES_MAX bytes. ECHO_ERR_CORRUPT, ECHO_ERR_LIMIT. */
echo_status echo__object_key_check(const void *key, size_t len) ECHO_MUST_USE;

#endif
