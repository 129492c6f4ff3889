/* base/log.c: one line, one write, to stderr.
 *
 * A line is built on the stack and leaves in a single write, so that lines of several threads do not
 * mix. A line that does not fit is cut, never continued. The only variable parts are numbers and
 * names of statuses (I-5). A failed write is ignored: there is nowhere left to tell it.
 */
#include "base/log.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define LINE_BYTES_MAX 512

static const char *const level_names[] = {"error", "warning", "notice", "debug"};
static atomic_int level_max = LOG_LEVEL_NOTICE;

void log_set_level(log_level level)
{
    atomic_store(&level_max, (int)level);
}

__attribute__((format(printf, 2, 3))) static void write_line(log_level level, const char *format,
                                                             ...)
{
    char line[LINE_BYTES_MAX];
    char now[TIME_TEXT_BYTES];
    va_list arguments;

    if ((int)level > atomic_load(&level_max)) {
        return;
    }
    const velum_clock clock = clock_system();
    time_format(clock_wall_ns(&clock), now);
    const int head = snprintf(line, sizeof(line), "%s %s ", now, level_names[level]);
    va_start(arguments, format);
    const int body = vsnprintf(line + head, sizeof(line) - (size_t)head, format, arguments);
    va_end(arguments);
    if (body < 0) {
        return;
    }
    size_t size = (size_t)head + (size_t)body;
    size = size < sizeof(line) ? size : sizeof(line) - 1;
    line[size] = '\n';
    const ssize_t written = write(STDERR_FILENO, line, size + 1);
    (void)written;
}

void log_line(log_level level, const char *message)
{
    write_line(level, "%s", message);
}

void log_status(log_level level, const char *message, velum_status status)
{
    write_line(level, "%s status=%s", message, status_name(status));
}

void log_number(log_level level, const char *message, const char *name, int64_t value)
{
    write_line(level, "%s %s=%lld", message, name, (long long)value);
}
