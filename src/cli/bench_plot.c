#include "bench_plot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME_CHARS 64u
#define NOT_HERE 127 /* exit code of a process whose program was not found */

const char bench_plot_style[] = "set terminal svg size 800,500 dynamic font 'sans-serif,13' background '#ffffff'\n"
                                "set border 3 lc '#606060'\n"
                                "set tics nomirror out\n"
                                "set grid xtics ytics lc '#dddddd' lw 1\n"
                                "set key below\n"
                                "set style line 1 lc '#0060ad' lw 2 pt 7 ps 0.5\n"
                                "set style line 2 lc '#dd8500' lw 2 pt 5 ps 0.5\n"
                                "set style line 3 lc '#c02020' lw 2 pt 9 ps 0.5\n"
                                "set style line 4 lc '#208040' lw 2 pt 13 ps 0.5\n"
                                "set datafile missing '-'\n";

static echo_status fail(const bench *b, const char *name, echo_error *err) {
    return bench_fail(err, ECHO_ERR_IO, "%.120s/%.40s cannot be written: %s", b->options.plot, name, strerror(errno));
}

echo_status bench_plot_prepare(const bench *b, echo_error *err) {
    if (b->options.plot == NULL) return ECHO_OK;
    if (mkdir(b->options.plot, 0777) != 0 && errno != EEXIST) return fail(b, "", err);
    return access(b->options.plot, W_OK | X_OK) == 0 ? ECHO_OK : fail(b, "", err);
}

echo_status bench_plot_open(FILE **out, const bench *b, const char *name, echo_error *err) {
    char path[BENCH_PATH_MAX];
    *out = NULL;
    echo_status status = bench_path(path, b->options.plot, name, err);
    if (status != ECHO_OK) return status;
    *out = fopen(path, "w");
    return *out == NULL ? fail(b, name, err) : ECHO_OK;
}

echo_status bench_plot_close(FILE *file, const char *name, echo_error *err) {
    bool bad = ferror(file) != 0;
    if (fclose(file) != 0 || bad) return bench_fail(err, ECHO_ERR_IO, "%s cannot be written", name);
    return ECHO_OK;
}

/* In the folder, so that the scripts name files alone. What gnuplot says goes to stderr: stdout is for results. */
static void become_gnuplot(const char *dir, const char *script) {
    int null = open("/dev/null", O_RDONLY);
    if (chdir(dir) != 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) _exit(1);
    (void)execlp("gnuplot", "gnuplot", script, (char *)NULL);
    _exit(NOT_HERE);
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

echo_status bench_plot_draw(const bench *b, const char *name, const char *script, echo_error *err) {
    FILE *file;
    char gp[NAME_CHARS];
    (void)snprintf(gp, sizeof gp, "%.50s.gp", name);
    echo_status status = bench_plot_open(&file, b, gp, err);
    if (status != ECHO_OK) return status;
    (void)fprintf(file, "# gnuplot %s\n%sset output '%s.svg'\n%s", gp, bench_plot_style, name, script);
    status = bench_plot_close(file, gp, err);
    if (status != ECHO_OK) return status;
    int code = run_gnuplot(b, gp);
    if (code == 0 || b->cli->quiet) return ECHO_OK;
    (void)fprintf(stderr, "%s/%s is there, but %s\n", b->options.plot, gp,
                  code == NOT_HERE ? "gnuplot is not installed" : "gnuplot does not draw it");
    return ECHO_OK;
}
