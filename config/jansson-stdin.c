/* jansson-stdin.c: stands where libjansson.a's file reader looks for stdin; see ADR 0003. */
#include <stdio.h>

extern FILE *velum_jansson_stdin;
FILE *velum_jansson_stdin;
