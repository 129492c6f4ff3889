/* cli/prompt.h: what must not be an argument, because arguments are seen by everybody on the machine and
 * kept in a shell's history (I-5). */
#ifndef CLI_PROMPT_H
#define CLI_PROMPT_H

#include "base/text.h"

#define PROMPT_LINE_BYTES 512

/* Asks on stderr when stdin is a terminal, and reads a line from stdin. VELUM_E_INVALID for nothing, too
 * much, or what is no printable text; that was said. The caller wipes `out`. */
velum_status prompt_line(const char *question, char out[PROMPT_LINE_BYTES],
                         text *out_line) VELUM_WARN_UNUSED;

#endif
