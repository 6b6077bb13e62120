/* Finds the running program's folder, and files installed with it. */
#ifndef ECHO_CLI_PROGRAM_H
#define ECHO_CLI_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#define ECHO_CLI_PATH_CHARS 4096u

/*
 * The path of a file, given relative to the folder of the running program. argv0 is used when the system does not
 * provide the program's path. false: the path is unknown or too long.
 */
bool echo_cli_program_path(char out[ECHO_CLI_PATH_CHARS], const char *argv0, const char *name);

#endif
