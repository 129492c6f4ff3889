/* core/happening.c: what happened, passed on to each kind of listener. */
#include "core/happening.h"

velum_status happened(write_batch *batch, const world *world, const happening *what)
{
    VELUM_TRY(work_hear(batch, world, what));
    return what->event == HAPPENED_ROWS_PUT ? VELUM_OK : hook_hear(batch, world, what);
}
