/* cli/width.h: how many cells of a terminal a text takes, and text that is safe to show.
 *
 * East Asian wide and full-width characters (Unicode UAX #11) take two cells, combining marks none.
 * Ambiguous ones count as one. Control characters, which could drive the terminal, and directional
 * ones, which could reorder what stands beside them, become '?'.
 */
#ifndef CLI_WIDTH_H
#define CLI_WIDTH_H

#include "base/text.h"

/* 0, 1 or 2 cells. */
uint32_t width_of_code_point(uint32_t code_point);
/* Cells of valid UTF-8. */
size_t width_of(text a);
/* The longest beginning that takes at most `cells`, never cutting a character; at least one
 * character of a text that is not empty. Marks stay with their letter. */
size_t width_prefix(text a, size_t cells);
/* A NUL-terminated copy without those and without broken UTF-8, cut to fit `size` bytes; its text is
 * never longer than `a`. */
void width_clean(text a, char *out, size_t size);

#endif
