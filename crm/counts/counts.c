#include "crm/counts/counts.h"

#include "crm/counts/figures.h"
#include "crm/door.h"
#include "crm/say.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BODY_BYTES_MAX 1024
#define SHOWN_BYTES_MAX ((size_t)8 << 20)
#define COLUMNS_DEFAULT 100
#define COLUMNS_MIN 40

static size_t terminal_columns(void)
{
    struct winsize size = {0};
    const char *const said = getenv("COLUMNS");
    uint64_t columns = 0;

    if (said == NULL || !text_parse_u64(text_of(said), &columns) || columns == 0) {
        columns = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                                  : COLUMNS_DEFAULT;
    }
    return columns < COLUMNS_MIN ? COLUMNS_MIN : (size_t)columns;
}

static velum_status ask(const options *options, json **out)
{
    VELUM_AUTO_DOOR door = {.gate = NULL};
    VELUM_AUTO_BUFFER body = {0};
    json_writer writer;

    VELUM_TRY(door_open(&door, options));
    buffer_init(&body, BODY_BYTES_MAX);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_member_string(&writer, "count", options->argument);
    json_end_object(&writer);
    if (buffer_status(&body) < 0) {
        say("that is no name of a count");
        return VELUM_E_INVALID;
    }
    return door_ask(&door, VELUM_VERB_COUNTS, &body, out);
}

static void add_column(figure_column *columns, size_t *count, text name, bool is_number)
{
    figure_column *const next = &columns[*count];

    if (*count < FIGURES_COLUMNS_MAX && name.size < sizeof(next->name)) {
        *next = (figure_column){.is_number = is_number};
        memcpy(next->name, name.data, name.size);
        (*count)++;
    }
}

static bool has_sum(const json_value *cells)
{
    for (size_t i = 0; i < json_count(cells); i++) {
        const json_value *const sum = json_member(json_at(cells, i), "sum");
        if (sum != NULL && json_kind_of(sum) != JSON_NULL) {
            return true;
        }
    }
    return false;
}

static velum_status show_table(const json_value *said)
{
    const json_value *const dimensions = json_member(said, "dimensions");
    const json_value *const cells = json_member(said, "cells");
    figure_column columns[FIGURES_COLUMNS_MAX];
    size_t count = 0;
    VELUM_AUTO_BUFFER out = {0};

    for (size_t i = 0; dimensions != NULL && i < json_count(dimensions); i++) {
        add_column(columns, &count, json_text(json_at(dimensions, i)), false);
    }
    add_column(columns, &count, TEXT_LITERAL("customers"), true);
    if (has_sum(cells)) {
        add_column(columns, &count, TEXT_LITERAL("sum"), true);
    }
    buffer_init(&out, SHOWN_BYTES_MAX);
    VELUM_TRY(figures_write(columns, count, cells, terminal_columns(), &out));
    (void)fwrite(out.data, 1, out.size, stdout);
    return VELUM_OK;
}

static int64_t number_of(const json_value *said, const char *name)
{
    const json_value *const value = json_member(said, name);

    return value == NULL ? 0 : json_integer(value);
}

static void show_note(const json_value *said)
{
    (void)printf("%lld of them not told: fewer than %lld customers, or too easy to tell apart.\n"
                 "Numbers are rounded to %lld.\n",
                 (long long)number_of(said, "suppressed"), (long long)number_of(said, "k"),
                 (long long)number_of(said, "rounded_to"));
}

static velum_status show_json(const json_value *said)
{
    VELUM_AUTO_BUFFER out = {0};
    json_writer writer;

    buffer_init(&out, SHOWN_BYTES_MAX);
    json_writer_init(&writer, &out);
    json_write_value(&writer, said);
    buffer_append_byte(&out, '\n');
    VELUM_TRY(buffer_status(&out));
    (void)fwrite(out.data, 1, out.size, stdout);
    return VELUM_OK;
}

int counts(const options *options)
{
    VELUM_AUTO(json) *said = NULL;

    if (ask(options, &said) < 0) {
        return EXIT_REFUSED;
    }
    const json_value *const root = json_root(said);
    const json_value *const cells = json_member(root, "cells");
    if (cells == NULL || json_kind_of(cells) != JSON_ARRAY) {
        say("the gate's answer has no cells; are velum-crm and velumd of one version?");
        return EXIT_REFUSED;
    }
    if (options->json) {
        return show_json(root) < 0 ? EXIT_REFUSED : EXIT_DONE;
    }
    if (show_table(root) < 0) {
        return EXIT_REFUSED;
    }
    show_note(root);
    return EXIT_DONE;
}
