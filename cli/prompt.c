/* cli/prompt.c: a line from stdin. */
#include "cli/prompt.h"

#include "cli/say.h"
#include "cli/terminal.h"

#include <stdio.h>
#include <unistd.h>

/* Bytes read, without the line's end; PROMPT_LINE_BYTES when there are more. Unbuffered, so that no copy
 * stays in stdio. */
static size_t read_bytes(char out[PROMPT_LINE_BYTES])
{
    size_t size = 0;

    while (size < PROMPT_LINE_BYTES) {
        const ssize_t got = read(STDIN_FILENO, out + size, 1);
        if (got != 1 || out[size] == '\n') {
            break;
        }
        size++;
    }
    return size;
}

velum_status prompt_line(const char *question, char out[PROMPT_LINE_BYTES], text *out_line)
{
    if (terminal_is(STDIN_FILENO)) {
        (void)fprintf(stderr, "%s ", question);
        (void)fflush(stderr);
    }
    size_t size = read_bytes(out);
    if (size > 0 && size < PROMPT_LINE_BYTES && out[size - 1] == '\r') {
        size--;
    }
    *out_line = (text){out, size};
    if (size == 0 || size == PROMPT_LINE_BYTES || !utf8_is_printable(*out_line)) {
        say("one line of printable text is expected on stdin");
        return VELUM_E_INVALID;
    }
    return VELUM_OK;
}
