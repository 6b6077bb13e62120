#include "cli/program.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool echo_cli_program_path(char out[ECHO_CLI_PATH_CHARS], const char *argv0, const char *name) {
    char self[ECHO_CLI_PATH_CHARS];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len > 0)
        self[len] = '\0';
    else if (argv0 == NULL || strchr(argv0, '/') == NULL || strlen(argv0) >= sizeof self)
        return false;
    else
        memcpy(self, argv0, strlen(argv0) + 1);
    char *slash = strrchr(self, '/');
    if (slash == NULL) return false;
    *slash = '\0';
    int wrote = snprintf(out, ECHO_CLI_PATH_CHARS, "%s/%s", self, name);
    return wrote > 0 && (size_t)wrote < ECHO_CLI_PATH_CHARS;
}
