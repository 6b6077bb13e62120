/* What generated items hold: the mutations, and the model of those without hooks. */
#ifndef ECHO_GENERATE_CONTENT_H
#define ECHO_GENERATE_CONTENT_H

#include "gen/generate.h"
#include "gen/generate_random.h"

/* Makes mutations, one at a time. */
typedef struct generate_content {
    const generate_options *options; /* borrowed */
    generate_random *random;         /* borrowed */
    echo_object_mutation *object;
    char *text;   /* of options->value_bytes */
    uint8_t *log; /* a mutation of GENERATE_MODEL_LOG */
} generate_content;

echo_status generate_content_init(generate_content *content, const generate_options *options,
                                  generate_random *random) ECHO_MUST_USE;
void generate_content_free(generate_content *content);
/* The first mutation of a new item, and a later one. Views, valid until the next mutation is made. */
echo_status generate_content_first(echo_bytes *out, generate_content *content, uint64_t item) ECHO_MUST_USE;
echo_status generate_content_next(echo_bytes *out, generate_content *content) ECHO_MUST_USE;
echo_status generate_content_log(echo_bytes *out, generate_content *content) ECHO_MUST_USE;

#endif
