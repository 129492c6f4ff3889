/* core/work.c: what a module has to do: timers that came due, and what happened. */
#include "core/happening.h"
#include "core/schema.h"

const char *const work_schema_3[] = {
    "CREATE TABLE module_work (n INTEGER PRIMARY KEY, module INTEGER NOT NULL, kind INTEGER NOT NULL,"
    " subject BLOB, name TEXT NOT NULL, at_ns INTEGER NOT NULL, due_ns INTEGER NOT NULL,"
    " lease INTEGER NOT NULL, attempts INTEGER NOT NULL)",
    "CREATE INDEX module_work_due ON module_work (module, due_ns, n)",
    "CREATE INDEX module_work_subject ON module_work (subject)",
    "CREATE TABLE module_timer (of BLOB PRIMARY KEY, module INTEGER NOT NULL, subject BLOB NOT NULL,"
    " name TEXT NOT NULL, at_ns INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX module_timer_subject ON module_timer (subject)",
    NULL,
};

velum_status work_hear(write_batch *batch, const world *world, const happening *what)
{
    (void)batch;
    (void)world;
    (void)what;
    return VELUM_OK;
}
