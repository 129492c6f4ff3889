/* cli/progress.c: one line, now and then. */
#include "cli/progress.h"

#include "base/clock.h"
#include "cli/terminal.h"

#include <stdio.h>
#include <unistd.h>

#define QUIET_NS (2 * NS_PER_SECOND)
#define TERMINAL_EVERY_NS (200 * NS_PER_MS)
#define LINES_EVERY_NS (10 * NS_PER_SECOND)

static int64_t now_ns(void)
{
    const velum_clock clock = clock_system();

    return clock_monotonic_ns(&clock);
}

void progress_begin(progress *self, const char *what)
{
    *self = (progress){.what = what, .begun_ns = now_ns()};
    self->is_terminal = terminal_is(STDERR_FILENO);
}

void progress_show(progress *self, uint64_t count, uint64_t done, uint64_t total)
{
    const int64_t now = now_ns();
    const int64_t every = self->is_terminal ? TERMINAL_EVERY_NS : LINES_EVERY_NS;
    const int64_t since = self->shown_ns == 0 ? self->begun_ns : self->shown_ns;
    const int64_t wait = self->shown_ns == 0 && self->is_terminal ? QUIET_NS : every;

    if (now - since < wait) {
        return;
    }
    self->shown_ns = now;
    (void)fprintf(stderr, "%s%llu %s",
                  self->is_terminal ? "\r\033[K" : "velum: ", (unsigned long long)count,
                  self->what);
    if (total > 0) {
        const uint64_t percent = done >= total ? 100 : done * 100 / total;
        (void)fprintf(stderr, ", %llu %%", (unsigned long long)percent);
    }
    (void)fputs(self->is_terminal ? "" : "\n", stderr);
    (void)fflush(stderr);
}

void progress_end(progress *self)
{
    if (self->is_terminal && self->shown_ns != 0) {
        (void)fputs("\r\033[K", stderr);
        (void)fflush(stderr);
    }
}
