/* Where the running program is, to find what was installed with it. */
#ifndef ECHO_CLI_PROGRAM_H
#define ECHO_CLI_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#define ECHO_CLI_PATH_CHARS 4096u

/*
 * The path of a file, given relative to the folder of the running program. argv0 is used where the system does not
 * say the program's path. false: it is not known, or the path is too long.
 */
bool echo_cli_program_path(char out[ECHO_CLI_PATH_CHARS], const char *argv0, const char *name);

#endif
