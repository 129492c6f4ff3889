/* core/rows.c: rows of modules' tables, sealed and found. */
#include "core/schema.h"

const char *const rows_schema_3[] = {
    "CREATE TABLE module_row (n INTEGER PRIMARY KEY, resource INTEGER NOT NULL,"
    " subject BLOB NOT NULL, key_hash BLOB NOT NULL, at_ns INTEGER NOT NULL, sealed BLOB NOT NULL,"
    " UNIQUE (resource, key_hash))",
    "CREATE INDEX module_row_subject ON module_row (subject, resource, n)",
    "CREATE TABLE module_cell (field INTEGER NOT NULL, value INTEGER NOT NULL, n INTEGER NOT NULL,"
    " PRIMARY KEY (field, value, n)) WITHOUT ROWID",
    "CREATE INDEX module_cell_row ON module_cell (n)",
    NULL,
};
