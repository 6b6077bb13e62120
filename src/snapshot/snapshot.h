/*
 * This layer, for the layers above it. Files of this layer include the headers that they use instead.
 */
#ifndef ECHO_SNAPSHOT_INTERNAL_H
#define ECHO_SNAPSHOT_INTERNAL_H

#include "snapshot/author.h"
#include "snapshot/credentials.h"
#include "snapshot/replay.h"
#include "snapshot/stored.h"
#include "snapshot/switch.h"

#endif
