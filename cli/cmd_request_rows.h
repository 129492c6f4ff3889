/* cli/cmd_request_rows.h: requests fetched from the gate, as a table or as CSV. */
#ifndef CLI_CMD_REQUEST_ROWS_H
#define CLI_CMD_REQUEST_ROWS_H

#include "cli/session.h"
#include "cli/show.h"

#define REQUEST_ID_DIGITS 32
#define REQUEST_SHORT_DIGITS 8 /* of an id, as tables show it and commands take it */

/* Which requests; NULL and negative: any. */
typedef struct request_wish {
    const char *state;
    const char *right;
    int64_t due_within_days;
    uint32_t limit; /* of one page; 0: the gate's */
} request_wish;

/* One page from behind the request `from` ("" for the first); its objects in `requests`. */
velum_status request_fetch(velum_client *client, const request_wish *wish, const char *from,
                           json **out) VELUM_WARN_UNUSED;
/* The id behind which the next page begins; false at the end. */
bool request_next_page(const json *page, char from[REQUEST_ID_DIGITS + 1]);

/* The whole id of what was typed: 32 hex digits, or at least 4 that only one request begins with. What
 * is wrong has been said. */
velum_status request_find_id(velum_client *client, const char *typed,
                             char out[REQUEST_ID_DIGITS + 1]) VELUM_WARN_UNUSED;

#define REQUEST_COLUMNS 6
extern const table_column request_columns[REQUEST_COLUMNS];
/* Adds one request; deadlines are told from `now_ns`, what is late is red. */
void request_add_row(table *table, const json_value *request, int64_t now_ns);

/* "in 3 days", "2 h late". */
#define REQUEST_DUE_BYTES 40
bool request_due_words(int64_t due_ns, int64_t now_ns, char out[REQUEST_DUE_BYTES]);

#endif
