#include "base/format.h"

#include <string.h>

size_t echo__format_u64(char *out, uint64_t value) {
    static const char pairs[] =
        "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
        "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";
    if (value < 10) {
        *out = (char)('0' + value);
        return 1;
    }
    char text[20];
    size_t at = sizeof text;
    while (value >= 100) {
        at -= 2;
        memcpy(text + at, pairs + value % 100 * 2, 2);
        value /= 100;
    }
    if (value >= 10) {
        at -= 2;
        memcpy(text + at, pairs + value * 2, 2);
    } else {
        text[--at] = (char)('0' + value);
    }
    memcpy(out, text + at, sizeof text - at);
    return sizeof text - at;
}

size_t echo__format_stamp(char *out, uint64_t time, uint32_t n, uint64_t seq) {
    bool usual = seq < UINT64_MAX && time == seq + 1;
    if (usual && n == 0) return echo__format_u64(out, seq);
    char *to = out;
    *to++ = '[';
    to += echo__format_u64(to, n);
    *to++ = ',';
    to += echo__format_u64(to, seq);
    if (!usual) {
        *to++ = ',';
        to += echo__format_u64(to, time);
    }
    *to++ = ']';
    return (size_t)(to - out);
}

bool echo__stamp_is_short(uint64_t *time, uint64_t n, uint64_t seq, bool listed, bool timed) {
    if (timed) return seq == UINT64_MAX || *time != seq + 1;
    if (seq == UINT64_MAX) return false;
    *time = seq + 1;
    return listed == (n > 0);
}
