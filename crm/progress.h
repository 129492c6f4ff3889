/* crm/progress.h: how far something is that takes more than two seconds: one line on a terminal that is
 * written over, elsewhere a line every ten seconds. */
#ifndef CRM_PROGRESS_H
#define CRM_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct progress {
    const char *what; /* "orders"; a constant of ours */
    int64_t begun_ns;
    int64_t shown_ns; /* 0: not yet */
    bool is_terminal;
} progress;

void progress_begin(progress *self, const char *what);
void progress_show(progress *self, uint64_t done, uint64_t total);
/* Takes the line away. */
void progress_end(progress *self);

#endif
