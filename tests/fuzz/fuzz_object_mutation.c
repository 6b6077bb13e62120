/* Mutations of both object models, as bytes: what holds is told in objects.h. The first byte is the model; each
 * mutation has a byte for its stamp. */
#include "objects.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = fuzz_input_of(data, size);
    fuzz_stamped list[FUZZ_MUTATIONS];
    memset(list, 0, sizeof list);
    size_t n = 0;
    unsigned turn = fuzz_u8(&in);
    while (n < FUZZ_MUTATIONS && fuzz_left(&in) > 0) {
        uint8_t stamp = fuzz_u8(&in);
        list[n].mutation.time = stamp & 7;
        list[n].mutation.feed.bytes[31] = (stamp >> 3) & 3;
        list[n].mutation.seq = n; /* no two have one stamp */
        list[n].mutation.bytes = fuzz_part(&in);
        n++;
    }
    fuzz_objects_run((turn & 0x80) ? &echo__object_ops_old : &echo__object_ops, list, n, turn);
    return 0;
}
