#include "bench/plot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/child.h"
#include "cli/program.h"

#define STYLE "style.gp"
#ifndef BENCH_PLOTS /* where the scripts are installed, relative to the programs; set by the build */
#define BENCH_PLOTS "../share/echo-snapshot/plots"
#endif
#define NAME_CHARS 64u
#define NOT_FOUND 127 /* exit code of a process whose program was not found */

static echo_status cannot_write(const bench *b, const char *name, echo_error *err) {
    return bench_fail(err, ECHO_ERR_IO, "%.120s/%.40s cannot be written: %s", b->options.plot, name, strerror(errno));
}

/* ---- the scripts ---- */

/* Installed, or in the build directory. */
static FILE *open_script(const bench *b, const char *name) {
    static const char *const folders[] = {BENCH_PLOTS, "plots"};
    FILE *file = NULL;
    for (size_t i = 0; file == NULL && i < sizeof folders / sizeof folders[0]; i++) {
        char relative[BENCH_PATH_MAX], path[ECHO_CLI_PATH_CHARS];
        (void)snprintf(relative, sizeof relative, "%s/%s", folders[i], name);
        if (echo_cli_program_path(path, b->program, relative)) file = fopen(path, "r");
    }
    return file;
}

static echo_status append_script(FILE *to, const bench *b, const char *name, echo_error *err) {
    char piece[4096];
    FILE *from = open_script(b, name);
    if (from == NULL)
        return bench_fail(err, ECHO_ERR_NOT_FOUND, "the script %.60s for gnuplot is not installed with this program",
                          name);
    for (size_t len; to != NULL && (len = fread(piece, 1, sizeof piece, from)) > 0;) (void)fwrite(piece, 1, len, to);
    bool bad = ferror(from) != 0;
    (void)fclose(from);
    return bad ? bench_fail(err, ECHO_ERR_IO, "the script %.60s for gnuplot cannot be read", name) : ECHO_OK;
}

/* ---- the folder ---- */

echo_status bench_plot_prepare(const bench *b, echo_error *err) {
    if (b->options.plot == NULL) return ECHO_OK;
    if (mkdir(b->options.plot, 0777) != 0 && errno != EEXIST) return cannot_write(b, "", err);
    if (access(b->options.plot, W_OK | X_OK) != 0) return cannot_write(b, "", err);
    return append_script(NULL, b, STYLE, err);
}

echo_status bench_plot_open(FILE **out, const bench *b, const char *name, echo_error *err) {
    char path[BENCH_PATH_MAX];
    *out = NULL;
    echo_status status = bench_path(path, b->options.plot, name, err);
    if (status != ECHO_OK) return status;
    *out = fopen(path, "w");
    return *out == NULL ? cannot_write(b, name, err) : ECHO_OK;
}

echo_status bench_plot_close(FILE *file, const char *name, echo_error *err) {
    bool bad = ferror(file) != 0;
    if (fclose(file) != 0 || bad) return bench_fail(err, ECHO_ERR_IO, "%s cannot be written", name);
    return ECHO_OK;
}

/* Runs in the folder, so that scripts need only file names. gnuplot's output goes to stderr: stdout is for results. */
static void become_gnuplot(const char *dir, const char *script) {
    int null = open("/dev/null", O_RDONLY);
    if (chdir(dir) != 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) _exit(1);
    (void)execlp("gnuplot", "gnuplot", script, (char *)NULL);
    _exit(NOT_FOUND);
}

static int run_gnuplot(const bench *b, const char *script) {
    int how = 0;
    (void)fflush(NULL);
    pid_t child = fork();
    if (child < 0) return 1;
    if (child == 0) become_gnuplot(b->options.plot, script);
    while (waitpid(child, &how, 0) < 0)
        if (errno != EINTR) return 1;
    return WIFEXITED(how) ? WEXITSTATUS(how) : 1;
}

echo_status bench_plot_draw(const bench *b, const char *name, echo_error *err) {
    FILE *file;
    char gp[NAME_CHARS];
    (void)snprintf(gp, sizeof gp, "%.50s.gp", name);
    echo_status status = bench_plot_open(&file, b, gp, err);
    if (status != ECHO_OK) return status;
    (void)fprintf(file, "# gnuplot %s\n", gp);
    status = append_script(file, b, STYLE, err);
    if (status == ECHO_OK) status = append_script(file, b, gp, err);
    echo_error closing;
    echo_status closed = bench_plot_close(file, gp, &closing);
    if (status == ECHO_OK && closed != ECHO_OK) *err = closing;
    if (status != ECHO_OK || closed != ECHO_OK) return status != ECHO_OK ? status : closed;
    int code = run_gnuplot(b, gp);
    if (code == 0 || b->cli->quiet) return ECHO_OK;
    (void)fprintf(stderr, "%s/%s is there, but %s\n", b->options.plot, gp,
                  code == NOT_FOUND ? "gnuplot is not installed" : "gnuplot does not draw it");
    return ECHO_OK;
}
