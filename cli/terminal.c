/* cli/terminal.c: width and colours. */
#include "cli/terminal.h"

#include "base/text.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool terminal_is(int fd)
{
    return isatty(fd) == 1;
}

size_t terminal_columns(void)
{
    struct winsize size = {0};
    uint64_t columns = 0;

    if (!text_parse_u64(text_of(getenv("COLUMNS")), &columns) || columns == 0 || columns > 1000) {
        columns = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0
                      ? size.ws_col
                      : TERMINAL_COLUMNS_DEFAULT;
    }
    return columns < TERMINAL_COLUMNS_MIN ? TERMINAL_COLUMNS_MIN : (size_t)columns;
}

static bool has_colours(void)
{
    const char *wish = getenv("NO_COLOR");
    const char *kind = getenv("TERM");

    if (wish != NULL && *wish != '\0') {
        return false;
    }
    return terminal_is(STDOUT_FILENO) && kind != NULL && strcmp(kind, "dumb") != 0;
}

const char *colour_begin(colour colour)
{
    static const char *const sequences[] = {
        [COLOUR_NONE] = "",          [COLOUR_GOOD] = "\033[32m", [COLOUR_BAD] = "\033[31m",
        [COLOUR_DOUBT] = "\033[33m", [COLOUR_HEAD] = "\033[1m",
    };

    return has_colours() ? sequences[colour] : "";
}

const char *colour_end(colour colour)
{
    return colour != COLOUR_NONE && has_colours() ? "\033[0m" : "";
}
