#include "cli/describe.h"

#include <inttypes.h>

static void json_root(echo_cli_out *out, const char *key, const echo_snapshot_root *root) {
    echo_cli_json_object(out, key);
    echo_cli_json_hex(out, "hash", root->items > 0 ? root->hash.bytes : NULL);
    echo_cli_json_number(out, "height", root->height);
    echo_cli_json_number(out, "items", root->items);
    echo_cli_json_number(out, "bytes", root->bytes);
    echo_cli_json_end(out);
}

static void json_timeframe(echo_cli_out *out, const echo_snapshot_info *info) {
    echo_frame frame;
    char hex[ECHO_HEX_CHARS];
    echo_cli_json_object(out, "timeframe");
    for (size_t i = 0; echo_timeframe_at(&frame, info->timeframe, i); i++) {
        echo_key_hex(hex, &frame.feed);
        echo_cli_json_number(out, hex, frame.seq);
    }
    echo_cli_json_end(out);
}

void echo_cli_json_snapshot(echo_cli_out *out, const echo_snapshot_info *info, bool whole) {
    bool good = info->status == ECHO_OK;
    echo_cli_json_object(out, NULL);
    echo_cli_json_number(out, "number", info->number);
    echo_cli_json_string(out, "status", good ? "good" : "damaged");
    echo_cli_json_flag(out, "pinned", info->pinned);
    if (!good) {
        echo_cli_json_string(out, "code", echo_status_name(info->status));
        echo_cli_json_string(out, "problem", info->problem);
    } else {
        echo_cli_json_integer(out, "time", info->time);
        echo_cli_json_number(out, "messages", info->messages);
        echo_cli_json_number(out, "feeds", info->feeds);
        json_root(out, "items", &info->items);
        json_root(out, "credentials", &info->credentials);
        echo_cli_json_hex(out, "author", info->is_signed ? info->author.bytes : NULL);
        echo_cli_json_hex(out, "digest", info->digest.bytes);
        echo_cli_json_hex(out, "previous", info->has_previous ? info->previous.bytes : NULL);
        if (whole) json_timeframe(out, info);
        if (whole) echo_cli_json_raw(out, "manifest", info->json);
    }
    if (!good && whole) echo_cli_json_string(out, "manifest", info->json);
    echo_cli_json_end(out);
}

static void text_root(echo_cli_out *out, const char *name, const echo_snapshot_root *root) {
    echo_cli_print(out, "%-12s ", name);
    if (root->items > 0)
        echo_cli_print_hex(out, root->hash.bytes);
    else
        echo_cli_print(out, "-");
    echo_cli_print(out, "  %" PRIu64 " records, ", root->items);
    echo_cli_print_bytes(out, root->bytes);
    echo_cli_print(out, ", %" PRIu32 " levels above the leaves\n", root->height);
}

static void text_fields(echo_cli_out *out, const echo_snapshot_info *info) {
    echo_frame frame;
    echo_cli_print(out, "%-12s ", "time");
    echo_cli_print_time(out, info->time);
    echo_cli_print(out, "\n%-12s ", "party");
    echo_cli_print_hex(out, info->party.bytes);
    echo_cli_print(out, "\n%-12s ", "author");
    if (info->is_signed)
        echo_cli_print_hex(out, info->author.bytes);
    else
        echo_cli_print(out, "not signed");
    echo_cli_print(out, "\n%-12s ", "digest");
    echo_cli_print_hex(out, info->digest.bytes);
    echo_cli_print(out, "\n%-12s ", "previous");
    if (info->has_previous)
        echo_cli_print_hex(out, info->previous.bytes);
    else
        echo_cli_print(out, "none");
    echo_cli_print(out, "\n");
    text_root(out, "items", &info->items);
    text_root(out, "credentials", &info->credentials);
    echo_cli_print(out, "%-12s %" PRIu64 " covered\n", "messages", info->messages);
    for (size_t i = 0; echo_timeframe_at(&frame, info->timeframe, i); i++) {
        echo_cli_print(out, "%-12s ", "feed");
        echo_cli_print_hex(out, frame.feed.bytes);
        echo_cli_print(out, "  up to block %" PRIu64 "\n", frame.seq);
    }
}

void echo_cli_print_snapshot(echo_cli_out *out, const echo_snapshot_info *info) {
    bool good = info->status == ECHO_OK;
    echo_cli_print(out, "%-12s %" PRIu64 "%s%s\n", "snapshot", info->number, good ? "" : ", damaged",
                   info->pinned ? ", pinned" : "");
    if (good) text_fields(out, info);
    echo_cli_print(out, "%-12s ", "manifest");
    echo_cli_print_text(out, info->json, 0);
    echo_cli_print(out, "\n");
}
