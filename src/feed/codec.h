/*
 * What holds for every codec, whoever wrote its table.
 */
#ifndef ECHO_FEED_CODEC_H
#define ECHO_FEED_CODEC_H

#include "echo/sys/codec.h"

/* ECHO_ERR_VERSION: a table this library does not know; ECHO_ERR_INVALID: no table, or one without a hook. */
echo_status echo__codec_check(const echo_codec *codec, echo_error *err) ECHO_MUST_USE;

#endif
