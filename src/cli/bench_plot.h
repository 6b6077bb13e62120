/* Plots: data and a script for gnuplot, side by side in a folder; gnuplot, where it is installed, makes an SVG of each
 * script. */
#ifndef ECHO_CLI_BENCH_PLOT_H
#define ECHO_CLI_BENCH_PLOT_H

#include <stdio.h>

#include "bench.h"

/* How every script begins: size, font, grid, colours. */
extern const char bench_plot_style[];

/* Makes the folder if need be. Called before anything is measured: a folder that cannot be had is better told at once.
 */
echo_status bench_plot_prepare(const bench *b, echo_error *err) ECHO_MUST_USE;
/* Begins the file `name` in it. */
echo_status bench_plot_open(FILE **out, const bench *b, const char *name, echo_error *err) ECHO_MUST_USE;
/* Ends it; what could not be written is an error. */
echo_status bench_plot_close(FILE *file, const char *name, echo_error *err) ECHO_MUST_USE;
/*
 * Writes `name`.gp, which begins with the style and draws `name`.svg, and runs gnuplot on it. Without gnuplot, or when
 * it fails, that is remarked on stderr and no error.
 */
echo_status bench_plot_draw(const bench *b, const char *name, const char *script, echo_error *err) ECHO_MUST_USE;

#endif
