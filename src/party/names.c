#include "party/names.h"

#include <string.h>

#include "base/alloc.h"

void echo__names_init(echo__names *names) { echo__map_init(&names->map); }

void echo__names_free(echo__names *names) {
    size_t at = 0;
    for (echo__name *name; (name = echo__map_next(&names->map, &at)) != NULL;) echo__free(name);
    echo__map_free(&names->map);
}

const echo__name *echo__names_get(echo__names *names, echo_bytes bytes, size_t most, bool *full) {
    echo__name *name = echo__map_get(&names->map, bytes.data, bytes.len);
    bool no = name == NULL && most > 0 && names->map.count >= most;
    if (full != NULL) *full = no;
    if (name != NULL || no) return name;
    name = echo__malloc(sizeof *name + bytes.len + 1);
    if (name == NULL) return NULL;
    name->len = bytes.len;
    if (bytes.len > 0) memcpy(name->text, bytes.data, bytes.len);
    name->text[bytes.len] = '\0';
    if (echo__map_put(&names->map, name->text, name->len, name)) return name;
    echo__free(name);
    return NULL;
}
