/* core/hook.c: webhooks: who outside is told what happened to a pseudonym. */
#include "core/happening.h"
#include "core/schema.h"

const char *const hook_schema_3[] = {
    "CREATE TABLE hook (id BLOB PRIMARY KEY, hook INTEGER NOT NULL, event INTEGER NOT NULL,"
    " ref TEXT NOT NULL, detail TEXT NOT NULL, state INTEGER NOT NULL, at_ns INTEGER NOT NULL,"
    " due_ns INTEGER NOT NULL, attempts INTEGER NOT NULL, intent BLOB) WITHOUT ROWID",
    "CREATE INDEX hook_due ON hook (state, due_ns)",
    NULL,
};

velum_status hook_hear(write_batch *batch, const world *world, const happening *what)
{
    (void)batch;
    (void)world;
    (void)what;
    return VELUM_OK;
}
