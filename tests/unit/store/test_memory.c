/*
 * The store in memory against the contract.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/store_contract.h"

static echo_status fresh(void *arg, echo_store *out) {
    (void)arg;
    return echo_store_new_memory(out);
}

int main(void) {
    const store_contract contract = {"memory store", NULL, fresh, NULL};
    return store_contract_run(&contract);
}
