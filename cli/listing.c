/* cli/listing.c: page by page into one table, or one array. */
#include "cli/listing.h"

#include "cli/say.h"
#include "cli/show.h"
#include "cli/terminal.h"

#define LINES_BYTES_MAX ((size_t)16 << 20)

void listing_begin(listing *self, const invocation *invocation, const char *member,
                   const table_column *columns, size_t count)
{
    *self = (listing){.is_json = invocation_has(invocation, "json"), .member = member};
    table_init(&self->table, columns, count);
    self->table.hides_empty = true;
    buffer_init(&self->lines, LINES_BYTES_MAX);
    json_writer_init(&self->json, &self->lines);
    if (self->is_json) {
        json_begin_object(&self->json);
        json_name(&self->json, member);
        json_begin_array(&self->json);
    }
}

void listing_clear(listing *self)
{
    table_clear(&self->table);
    buffer_clear(&self->lines);
}

void listing_take(listing *self, const json *page, listing_row add_row)
{
    const json_value *const rows = json_member(json_root(page), self->member);

    for (size_t i = 0; rows != NULL && i < json_count(rows); i++) {
        if (self->is_json) {
            json_write_value(&self->json, json_at(rows, i));
        } else {
            add_row(&self->table, json_at(rows, i));
        }
    }
}

velum_status listing_show(listing *self, const char *nothing)
{
    if (self->is_json) {
        json_end_array(&self->json);
        json_end_object(&self->json);
        buffer_append_byte(&self->lines, '\n');
    } else if (table_row_count(&self->table) == 0) {
        say("%s", nothing);
    } else {
        VELUM_TRY(table_status(&self->table));
        table_layout(&self->table, terminal_columns());
        table_write_titles(&self->table, &self->lines);
        table_write_rows(&self->table, &self->lines);
    }
    VELUM_TRY(buffer_status(&self->lines));
    return show_bytes(self->lines.data, self->lines.size);
}
