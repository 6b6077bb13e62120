#include "bench/modes.h"

#include "bench/catchup.h"
#include "bench/join.h"
#include "bench/life.h"
#include "bench/open.h"
#include "bench/pause.h"
#include "bench/read.h"
#include "bench/throughput.h"
#include "bench/writes.h"

const bench_mode *const bench_modes[] = {&bench_open_mode,   &bench_pause_mode,   &bench_throughput_mode,
                                         &bench_writes_mode, &bench_life_mode,    &bench_read_mode,
                                         &bench_join_mode,   &bench_catchup_mode, NULL};
