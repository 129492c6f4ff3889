/* cli/entry_name.h: how an entry of the log is named: its index, or the 32 hex digits of its id. */
#ifndef CLI_ENTRY_NAME_H
#define CLI_ENTRY_NAME_H

#include "base/json.h"

#define ENTRY_NAME_EXPECTED "an entry is named by its index or by the 32 hex digits of its id"

bool entry_name_is_one(text typed);
/* "index" or "id" into an open object. */
void entry_name_write(text typed, json_writer *json);

#endif
