/* cli/terminal.h: what the terminal can show. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#define TERMINAL_COLUMNS_DEFAULT 100
#define TERMINAL_COLUMNS_MIN 40

typedef enum colour { COLOUR_NONE, COLOUR_GOOD, COLOUR_BAD, COLOUR_DOUBT, COLOUR_HEAD } colour;

bool terminal_is(int fd);
/* $COLUMNS, else the terminal behind stdout, else TERMINAL_COLUMNS_DEFAULT; at least
 * TERMINAL_COLUMNS_MIN. */
size_t terminal_columns(void);
/* Escape sequences for stdout: "" unless it is a terminal and $NO_COLOR is unset. */
const char *colour_begin(colour colour);
const char *colour_end(colour colour);

#endif
