#include "crm/say.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE_BYTES 512

__attribute__((format(printf, 2, 0))) static void say_line(const char *head, const char *format,
                                                           va_list arguments)
{
    char line[LINE_BYTES];

    (void)vsnprintf(line, sizeof(line), format, arguments);
    (void)fprintf(stderr, "%s%s\n", head, line);
}

void say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say_line("velum-crm: ", format, arguments);
    va_end(arguments);
}

void say_more(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say_line("           ", format, arguments);
    va_end(arguments);
}
