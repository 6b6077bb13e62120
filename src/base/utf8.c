#include "base/utf8.h"

bool echo__utf8_valid(echo_bytes text) {
    for (size_t i = 0; i < text.len;) {
        if (text.len - i >= 8 && echo__ascii_8(text.data + i)) {
            i += 8;
            continue;
        }
        size_t n = echo__utf8_sequence(text.data + i, text.len - i);
        if (n == 0) return false;
        i += n;
    }
    return true;
}
