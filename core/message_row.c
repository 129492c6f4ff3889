/* core/message_row.c: a message to a customer, from the asking to its outcome. */
#include "core/schema.h"

const char *const message_schema_3[] = {
    "CREATE TABLE message (id BLOB PRIMARY KEY, key_hash BLOB NOT NULL UNIQUE, subject BLOB NOT NULL,"
    " credential TEXT NOT NULL, module INTEGER NOT NULL, activity INTEGER NOT NULL,"
    " template INTEGER NOT NULL, channel INTEGER NOT NULL, state INTEGER NOT NULL,"
    " reason INTEGER NOT NULL, asked_ns INTEGER NOT NULL, changed_ns INTEGER NOT NULL,"
    " due_ns INTEGER NOT NULL, attempts INTEGER NOT NULL, intent BLOB) WITHOUT ROWID",
    "CREATE INDEX message_due ON message (state, due_ns)",
    "CREATE INDEX message_subject ON message (subject, channel, state, changed_ns)",
    NULL,
};
