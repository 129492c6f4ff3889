/* cli/say.c: lines on stderr, each in one write. */
#include "cli/say.h"

#include "base/text.h"
#include "cli/width.h"

#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 2, 0))) static void say_line(const char *head, const char *format,
                                                           va_list arguments)
{
    char line[SAY_LINE_BYTES];
    char clean[SAY_LINE_BYTES];

    (void)vsnprintf(line, sizeof(line), format, arguments);
    width_clean(text_of(line), clean, sizeof(clean));
    (void)fprintf(stderr, "%s%s\n", head, clean);
}

void say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say_line("velum: ", format, arguments);
    va_end(arguments);
}

void say_more(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say_line("       ", format, arguments);
    va_end(arguments);
}
