/* cli/progress.h: how far something is that takes more than two seconds.
 *
 * On a terminal one line on stderr is written over; elsewhere a line comes every ten seconds, so that
 * a log file stays short. Nothing is said in the first two seconds.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct progress {
    const char *what; /* "rows imported"; a constant of ours */
    int64_t begun_ns;
    int64_t shown_ns; /* 0: not yet */
    bool is_terminal;
} progress;

void progress_begin(progress *self, const char *what);
/* `count` things are done, which is `done` of `total` (0: not known). */
void progress_show(progress *self, uint64_t count, uint64_t done, uint64_t total);
/* Takes the line away. */
void progress_end(progress *self);

#endif
