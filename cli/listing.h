/* cli/listing.h: the rows of all pages of an answer, as a table or as members of one JSON array. */
#ifndef CLI_LISTING_H
#define CLI_LISTING_H

#include "base/json.h"
#include "cli/command.h"
#include "cli/table.h"

typedef struct listing {
    table table;
    buffer lines;
    json_writer json;
    bool is_json;
    const char *member; /* of each page, and of what is printed: "messages"; borrowed */
} listing;

/* Adds the cells of one row. */
typedef void (*listing_row)(table *table, const json_value *row);

/* JSON where `--json` was given. */
void listing_begin(listing *self, const invocation *invocation, const char *member,
                   const table_column *columns, size_t count);
void listing_clear(listing *self);
void listing_take(listing *self, const json *page, listing_row add_row);
/* Prints it; `nothing` is said where there are no rows. */
velum_status listing_show(listing *self, const char *nothing) VELUM_WARN_UNUSED;

#define VELUM_AUTO_LISTING __attribute__((cleanup(listing_clear))) listing

#endif
