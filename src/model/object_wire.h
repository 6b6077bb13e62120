/*
 * Mutations on the wire: from bytes to operations.
 */
#ifndef ECHO_MODEL_OBJECT_WIRE_H
#define ECHO_MODEL_OBJECT_WIRE_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "model/object_fold.h"
#include "model/object_path.h"

/* Values and path segments that one mutation may have: what it can make us allocate is bounded before anything is. */
#define ECHO__OBJECT_NODES_MAX (UINT32_C(1) << 20)
/* Fields, unknown and repeated ones included. A mutation whose fields are known and there once has no more than three
 * for each node. */
#define ECHO__OBJECT_FIELDS_MAX (3 * ECHO__OBJECT_NODES_MAX)

/* Memory for one call: a first piece on the caller's stack, more from the heap when that is not enough. */
typedef struct echo__wire_memory {
    ProtobufCAllocator allocator; /* allocates from the arena, frees nothing */
    echo__arena arena;
} echo__wire_memory;
void echo__wire_memory_init(echo__wire_memory *memory, void *first, size_t size); /* first: aligned for any type */
void echo__wire_memory_free(echo__wire_memory *memory);

typedef struct echo__ops {
    echo__op *list; /* in the arena, like the paths; views into the arena's copy of the keys */
    size_t count;
} echo__ops;

/*
 * Decodes a whole mutation; `old` chooses the generation. ECHO_ERR_CORRUPT, _LIMIT, _UNSUPPORTED, _NOMEM. Operations
 * whose path leads nowhere are left out. echo__ops_release releases the values that are still in the list.
 */
echo_status echo__ops_decode(echo__ops *out, echo_bytes bytes, bool old, echo__wire_memory *memory,
                             echo_error *err) ECHO_MUST_USE;
void echo__ops_release(echo__ops *ops);

#endif
