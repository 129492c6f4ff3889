/* cli/who_saw_row.h: one disclosure as a row of a table, or of CSV. */
#ifndef CLI_WHO_SAW_ROW_H
#define CLI_WHO_SAW_ROW_H

#include "base/json.h"
#include "cli/language.h"
#include "cli/table.h"

/* The titles in that language; their count. */
size_t who_saw_titles(language language, table_column out[TABLE_COLUMNS_MAX]);
/* `titles` are the fields' of the answer; NULL: names are shown. */
void who_saw_add_row(table *table, language language, const json_value *row,
                     const json_value *titles);

/* The columns of the CSV never change their order; names and codes, no titles. */
#define WHO_SAW_CSV_TITLES                                                                 \
    "index,id,at,type,who,actor_token,roles,activity,purpose,basis,reason_code,recipient," \
    "fields,masked,consent,consent_version,decision,among\r\n"
void who_saw_write_csv(const json_value *row, buffer *out);

#endif
