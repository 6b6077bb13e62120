#include "feed/codec.h"

#include "base/error.h"

#define REQUIRED(XX) XX(decode) XX(encode) XX(release)

echo_status echo__codec_check(const echo_codec *codec, echo_error *err) {
    if (codec == NULL || codec->ops == NULL) return echo__error(err, ECHO_ERR_INVALID, "no codec was given");
    const echo_codec_ops *ops = codec->ops;
    if (ops->version != ECHO_CODEC_OPS_VERSION)
        return echo__error(err, ECHO_ERR_VERSION, "the codec's table has version %u, this library knows %u",
                           (unsigned)ops->version, (unsigned)ECHO_CODEC_OPS_VERSION);
#define XX(hook)                                                                                                       \
    if (ops->hook == NULL) return echo__error(err, ECHO_ERR_INVALID, "the codec's table lacks the hook " #hook);
    REQUIRED(XX)
#undef XX
    return ECHO_OK;
}

const char *echo_message_kind_name(echo_message_kind kind) {
    switch (kind) {
    case ECHO_MESSAGE_ITEM: return "item";
    case ECHO_MESSAGE_CREDENTIAL: return "credential";
    case ECHO_MESSAGE_UNKNOWN: break;
    }
    return "unknown";
}

const char *echo_item_action_name(echo_item_action action) {
    switch (action) {
    case ECHO_ACTION_NONE: return "none";
    case ECHO_ACTION_DELETE: return "delete";
    case ECHO_ACTION_RESTORE: return "restore";
    }
    return "unknown";
}

const char *echo_generation_name(echo_generation generation) {
    switch (generation) {
    case ECHO_GENERATION_OLD: return "old";
    case ECHO_GENERATION_NEW: return "new";
    }
    return "unknown";
}
