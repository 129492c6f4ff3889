/* core/task.c: what a processor has to do for a customer's request, and by when. */
#include "core/schema.h"

const char *const task_schema_3[] = {
    "CREATE TABLE task (id BLOB PRIMARY KEY, request BLOB NOT NULL, processor INTEGER NOT NULL,"
    " subject BLOB NOT NULL, kind INTEGER NOT NULL, state INTEGER NOT NULL, due_ns INTEGER NOT NULL,"
    " changed_ns INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX task_request ON task (request)",
    NULL,
};
