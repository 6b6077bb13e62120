/*
 * States in memory of somebody else's.
 */
#ifndef ECHO_MODEL_STATE_ROOM_H
#define ECHO_MODEL_STATE_ROOM_H

#include <stddef.h>

/* How states are made in room of the caller's, which is aligned for pointers. */
typedef struct echo__state_room {
    size_t size;
    void (*make)(void *room);   /* in place of the hook `create`; takes no memory */
    void (*clear)(void *state); /* in place of the hook `destroy`; the room stays the caller's */
} echo__state_room;

#endif
