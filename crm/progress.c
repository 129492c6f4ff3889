#include "crm/progress.h"

#include "base/clock.h"

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
    self->is_terminal = isatty(STDERR_FILENO) == 1;
}

void progress_show(progress *self, uint64_t done, uint64_t total)
{
    const int64_t now = now_ns();
    const int64_t every = self->is_terminal ? TERMINAL_EVERY_NS : LINES_EVERY_NS;
    const int64_t wait = self->shown_ns == 0 ? QUIET_NS : every;

    if (now - (self->shown_ns == 0 ? self->begun_ns : self->shown_ns) < wait) {
        return;
    }
    self->shown_ns = now;
    (void)fprintf(stderr, "%s%llu of %llu %s%s",
                  self->is_terminal ? "\r\033[K" : "velum-crm: ", (unsigned long long)done,
                  (unsigned long long)total, self->what, self->is_terminal ? "" : "\n");
    (void)fflush(stderr);
}

void progress_end(progress *self)
{
    if (self->is_terminal && self->shown_ns != 0) {
        (void)fputs("\r\033[K", stderr);
        (void)fflush(stderr);
    }
}
