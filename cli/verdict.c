/* cli/verdict.c: a verification for people and for programs. */
#include "cli/verdict.h"

#include <stdio.h>

#include "base/json.h"
#include "cli/show.h"

#define VERDICT_BYTES_MAX 65536

typedef struct verdict_row {
    int32_t exit_code;
    const char *name;
    const char *words;
    colour colour;
} verdict_row;

static const verdict_row rows[] = {
    {VERDICT_SOUND, "sound", "sound, and consistent with the checkpoint last seen", COLOUR_GOOD},
    {VERDICT_TAMPERED, "tampered", "TAMPERED: the log has been changed", COLOUR_BAD},
    {VERDICT_TRUNCATED, "truncated", "TRUNCATED: entries are missing", COLOUR_BAD},
    {VERDICT_UNREADABLE, "unreadable", "unreadable: no log could be judged", COLOUR_BAD},
    {VERDICT_UNPROVEN, "unproven", "consistent in itself, but not proven from outside",
     COLOUR_DOUBT},
};

static const verdict_row *row_of(int32_t exit_code)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].exit_code == exit_code) {
            return &rows[i];
        }
    }
    return &rows[3];
}

const char *verdict_name(int32_t exit_code)
{
    return row_of(exit_code)->name;
}

static const char *key_words(verdict_source source)
{
    switch (source) {
    case SOURCE_OPTION:
        return "given with --key";
    case SOURCE_TRUST_FILE:
        return "from the trust file";
    default:
        return "the folder's own, which proves nothing against its owner";
    }
}

static const char *seen_words(verdict_source source)
{
    switch (source) {
    case SOURCE_OPTION:
        return "a checkpoint given with --seen";
    case SOURCE_TRUST_FILE:
        return "the checkpoint in the trust file";
    default:
        return "none: what was cut off at the end cannot be known";
    }
}

static void add(table *table, const char *label, const char *value, colour colour)
{
    table_add(table, text_of(label), COLOUR_NONE);
    table_add(table, text_of(value), colour);
}

static void add_number(table *table, const char *label, uint64_t number, const char *words)
{
    char shown[SHOW_NUMBER_BYTES];
    char line[160];

    show_number(number, shown);
    (void)snprintf(line, sizeof(line), "%s%s", shown, words);
    add(table, label, line, COLOUR_NONE);
}

static void add_anchors(table *table, const velum_log_report *report)
{
    if (report->unanchored >= report->entries) {
        add(table, "Anchors", "through nothing: no anchor covers an entry", COLOUR_NONE);
        return;
    }
    add_number(table, "Anchors", report->unanchored, " entries are newer than the last anchor");
}

static void add_rows(table *table, const verdict *verdict)
{
    const velum_log_report *report = verdict->report;
    const verdict_row *row = row_of(report->exit_code);

    add(table, "Result", row->words, row->colour);
    if (report->reason[0] != '\0' && report->exit_code != VERDICT_SOUND) {
        add(table, "Reason", report->reason, COLOUR_NONE);
    }
    add(table, "Log", report->origin, COLOUR_NONE);
    add_number(table, "Entries", report->entries,
               verdict->is_live ? ", as the checkpoint covers" : "");
    if (report->exit_code == VERDICT_TAMPERED) {
        add_number(table, "First bad", report->bad_index, "");
    }
    if (report->exit_code == VERDICT_TRUNCATED) {
        add_number(table, "First missing", report->bad_index, "");
    }
    if (report->root[0] != '\0') {
        add(table, "Root", report->root, COLOUR_NONE);
    }
    add(table, "Key", key_words(verdict->key), COLOUR_NONE);
    add(table, "Last seen", seen_words(verdict->seen), COLOUR_NONE);
    if (report->exit_code == VERDICT_SOUND || report->exit_code == VERDICT_UNPROVEN) {
        add_anchors(table, report);
    }
    if (report->unclean_tail) {
        add(table, "Tail", "something stands behind the last signed entry", COLOUR_DOUBT);
    }
}

velum_status verdict_show(const verdict *verdict)
{
    static const table_column columns[] = {{"", false}, {"", false}};
    VELUM_AUTO_TABLE table;
    VELUM_AUTO_BUFFER lines;

    table_init(&table, columns, 2);
    buffer_init(&lines, VERDICT_BYTES_MAX);
    add_rows(&table, verdict);
    VELUM_TRY(table_status(&table));
    table_layout(&table, terminal_columns());
    table_write_rows(&table, &lines);
    VELUM_TRY(buffer_status(&lines));
    return show_bytes(lines.data, lines.size);
}

static const char *source_name(verdict_source source)
{
    static const char *const names[] = {"none", "option", "trust-file"};

    return names[source];
}

/* A report's texts are ours or the log's own; what is not UTF-8 is left out. */
static void member(json_writer *json, const char *name, const char *value)
{
    json_member_string(json, name, utf8_is_valid(text_of(value)) ? value : "");
}

velum_status verdict_show_json(const verdict *verdict)
{
    const velum_log_report *report = verdict->report;
    VELUM_AUTO_BUFFER out;
    json_writer json;

    buffer_init(&out, VERDICT_BYTES_MAX);
    json_writer_init(&json, &out);
    json_begin_object(&json);
    json_member_string(&json, "result", verdict_name(report->exit_code));
    json_member_integer(&json, "exit", report->exit_code);
    member(&json, "reason", report->reason);
    member(&json, "origin", report->origin);
    json_member_integer(&json, "entries", (int64_t)report->entries);
    if (report->exit_code == VERDICT_TAMPERED || report->exit_code == VERDICT_TRUNCATED) {
        json_member_integer(&json, "bad_index", (int64_t)report->bad_index);
    }
    member(&json, "root", report->root);
    json_member_string(&json, "key", source_name(verdict->key));
    json_member_string(&json, "seen", source_name(verdict->seen));
    json_member_integer(&json, "unanchored", (int64_t)report->unanchored);
    json_member_bool(&json, "unclean_tail", report->unclean_tail);
    json_member_bool(&json, "live", verdict->is_live);
    member(&json, "checkpoint", report->checkpoint);
    json_end_object(&json);
    VELUM_TRY(buffer_status(&out));
    return show_json((text){(const char *)out.data, out.size});
}
