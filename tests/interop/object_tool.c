/*
 * One end of the interop test of values; object/object.js is the other and runs this.
 *
 *   <1 or 2>     reads values from stdin, one JSON text a line; prints, in hex, a mutation of that generation for each,
 *                which sets "k" to the value
 */
#include <cjson/cJSON.h>
#include <echo/object.h>

#include <stdio.h>
#include <string.h>

static echo_status print(echo_generation generation, const cJSON *value) {
    echo_object_mutation *mutation;
    echo_bytes bytes;
    echo_status status = echo_object_mutation_new(&mutation, generation);
    if (status != ECHO_OK) return status;
    echo_object_set(mutation, "k", value);
    status = echo_object_mutation_bytes(&bytes, mutation);
    for (size_t i = 0; i < bytes.len; i++) printf("%02x", bytes.data[i]);
    printf("\n");
    echo_object_mutation_free(mutation);
    return status;
}

int main(int argc, char **argv) {
    char line[4096];
    if (argc != 2) return 2;
    echo_generation generation = strcmp(argv[1], "1") == 0 ? ECHO_GENERATION_OLD : ECHO_GENERATION_NEW;
    while (fgets(line, sizeof line, stdin) != NULL) {
        cJSON *value = cJSON_Parse(line);
        echo_status status = print(generation, value);
        cJSON_Delete(value);
        if (status == ECHO_OK) continue;
        fprintf(stderr, "%s: %s", echo_status_name(status), line);
        return 1;
    }
    return 0;
}
