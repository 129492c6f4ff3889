/* vault/search_index.c: fields by which customers are searched, blind and not unique.
 *
 * A row is the keyed hash of a field's normal form beside the subject. What it leaks to somebody who
 * opens vault.db: who has equal values (docs/formats/vault.md).
 */
#include "vault/internal.h"

const char *const vault_schema_3[] = {
    "CREATE TABLE search_index (field INTEGER NOT NULL, hash BLOB NOT NULL, subject BLOB NOT NULL,"
    " PRIMARY KEY (field, hash, subject)) WITHOUT ROWID",
    "CREATE INDEX search_index_subject ON search_index (subject)",
    NULL,
};
