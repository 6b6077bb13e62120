/*
 * Plots: data and a script for gnuplot, side by side in a folder; gnuplot, where it is installed, makes an SVG of each
 * script. The scripts are files, which are found relative to the program: where they are installed, or in `plots`
 * beside it.
 */
#ifndef ECHO_BENCH_PLOT_H
#define ECHO_BENCH_PLOT_H

#include <stdio.h>

#include "bench/bench.h"

/* Makes the folder if need be, and looks for the scripts. Called before anything is measured, so that what is missing
 * is reported at once. */
echo_status bench_plot_prepare(const bench *b, echo_error *err) ECHO_MUST_USE;
/* Begins the file `name` in it. */
echo_status bench_plot_open(FILE **out, const bench *b, const char *name, echo_error *err) ECHO_MUST_USE;
/* Ends it; what could not be written is an error. */
echo_status bench_plot_close(FILE *file, const char *name, echo_error *err) ECHO_MUST_USE;
/*
 * Writes `name`.gp, which is style.gp and the script of that name, and runs gnuplot on it, which draws `name`.svg.
 * When gnuplot is missing or fails, a note is printed on stderr; that is not an error.
 */
echo_status bench_plot_draw(const bench *b, const char *name, echo_error *err) ECHO_MUST_USE;

#endif
