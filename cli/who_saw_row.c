/* cli/who_saw_row.c: the cells of a disclosure. */
#include "cli/who_saw_row.h"

#include "base/csv.h"
#include "cli/show.h"

#include <stdio.h>

#define CELL_BYTES_MAX 16000
#define TIME_SECONDS_SIZE 19 /* "2026-11-21T20:08:00" */

typedef void (*cell_writer)(const json_value *row, const json_value *titles, language language,
                            buffer *out);

static text member_text(const json_value *object, const char *name)
{
    const json_value *value = json_member(object, name);

    return value == NULL ? TEXT_EMPTY : json_text(value);
}

static void append(buffer *out, text a)
{
    buffer_append(out, a.data, a.size);
}

static bool list_has(const json_value *list, text name)
{
    for (size_t i = 0; list != NULL && i < json_count(list); i++) {
        if (text_equal(json_text(json_at(list, i)), name)) {
            return true;
        }
    }
    return false;
}

static void append_list(buffer *out, const json_value *list, const char *between)
{
    for (size_t i = 0; list != NULL && i < json_count(list); i++) {
        buffer_append_text(out, i == 0 ? "" : between);
        append(out, json_text(json_at(list, i)));
    }
}

/* --- cells of the table ------------------------------------------------------------------------- */

static void write_index(const json_value *row, const json_value *titles, language language,
                        buffer *out)
{
    const json_value *index = json_member(row, "index");

    (void)titles;
    (void)language;
    buffer_append_format(out, "%lld", index == NULL ? 0 : (long long)json_integer(index));
}

/* Day and time parted by a blank, where the line may break. */
static void write_time(const json_value *row, const json_value *titles, language language,
                       buffer *out)
{
    const text at = member_text(row, "at");

    (void)titles;
    (void)language;
    if (at.size < TIME_SECONDS_SIZE) {
        return;
    }
    buffer_append(out, at.data, 10);
    buffer_append_byte(out, ' ');
    buffer_append(out, at.data + 11, TIME_SECONDS_SIZE - 11);
    buffer_append_byte(out, 'Z');
}

/* A credential of today by name; whoever is gone by their token, which `audit resolve` takes. */
static void write_who(const json_value *row, const json_value *titles, language language,
                      buffer *out)
{
    const text actor = member_text(row, "actor");

    (void)titles;
    if (text_equal_literal(actor, "customer")) {
        buffer_append_text(out, language_pick(language, "the customer", "客户本人"));
    } else if (actor.size > 0) {
        append(out, actor);
    } else {
        buffer_append_text(out, language_pick(language, "former employee ", "已离职人员 "));
        append(out, member_text(row, "actor_token"));
    }
}

static void write_roles(const json_value *row, const json_value *titles, language language,
                        buffer *out)
{
    (void)titles;
    (void)language;
    append_list(out, json_member(row, "roles"), ", ");
}

static void write_titled(const json_value *row, const char *const members[2], const char *name,
                         language language, buffer *out)
{
    const text title = member_text(row, members[language == LANGUAGE_ZH ? 1 : 0]);

    append(out, title.size > 0 ? title : member_text(row, name));
}

static void write_activity(const json_value *row, const json_value *titles, language language,
                           buffer *out)
{
    static const char *const members[2] = {"activity_en", "activity_zh"};

    (void)titles;
    write_titled(row, members, "activity", language, out);
}

static void write_purpose(const json_value *row, const json_value *titles, language language,
                          buffer *out)
{
    static const char *const members[2] = {"purpose_en", "purpose_zh"};
    const text recipient = member_text(row, "recipient");

    (void)titles;
    write_titled(row, members, "purpose", language, out);
    if (recipient.size > 0) {
        buffer_append_text(out, " → ");
        append(out, recipient);
    }
}

static void write_basis(const json_value *row, const json_value *titles, language language,
                        buffer *out)
{
    (void)titles;
    append(out, language_word(language, member_text(row, "basis")));
}

static void write_reason(const json_value *row, const json_value *titles, language language,
                         buffer *out)
{
    (void)titles;
    append(out, member_text(row, "reason_code"));
    if (json_member(row, "break_glass") != NULL) {
        buffer_append_text(out, language_pick(language, " (broke the glass)", "（紧急访问）"));
    }
}

/* What was released, a star behind what was masked; else what kind of act it was. */
static void write_fields(const json_value *row, const json_value *titles, language language,
                         buffer *out)
{
    const json_value *const fields = json_member(row, "fields");
    const json_value *const masked = json_member(row, "masked");
    char name[128];

    if (fields == NULL) {
        append(out, language_word(language, member_text(row, "type")));
    }
    for (size_t i = 0; fields != NULL && i < json_count(fields); i++) {
        const text field = json_text(json_at(fields, i));
        (void)snprintf(name, sizeof(name), "%.*s", (int)(field.size < 100 ? field.size : 100),
                       field.data);
        const json_value *const titled = titles == NULL ? NULL : json_member(titles, name);
        const text title = titled == NULL ? TEXT_EMPTY : language_title(language, titled);
        buffer_append_text(out, i == 0 ? "" : ", ");
        append(out, title.size > 0 ? title : field);
        buffer_append_text(out, list_has(masked, field) ? "*" : "");
    }
}

static void write_consent(const json_value *row, const json_value *titles, language language,
                          buffer *out)
{
    const json_value *version = json_member(row, "consent_version");
    const text id = member_text(row, "consent");

    (void)titles;
    (void)language;
    if (version != NULL) {
        buffer_append_format(out, "%.*s v%lld", (int)(id.size < 8 ? id.size : 8), id.data,
                             (long long)json_integer(version));
    }
}

static void write_decision(const json_value *row, const json_value *titles, language language,
                           buffer *out)
{
    (void)titles;
    append(out, language_word(language, member_text(row, "decision")));
}

static const struct {
    const char *en;
    const char *zh;
    cell_writer write;
} COLUMNS[] = {
    {"INDEX", "序号", write_index},       {"TIME", "时间", write_time},
    {"WHO", "访问者", write_who},         {"ROLE", "角色", write_roles},
    {"ACTIVITY", "活动", write_activity}, {"PURPOSE", "目的", write_purpose},
    {"BASIS", "依据", write_basis},       {"REASON", "理由", write_reason},
    {"FIELDS", "字段", write_fields},     {"CONSENT", "同意", write_consent},
    {"DECISION", "决定", write_decision},
};
#define COLUMN_COUNT (sizeof(COLUMNS) / sizeof(COLUMNS[0]))

size_t who_saw_titles(language language, table_column out[TABLE_COLUMNS_MAX])
{
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        out[i] = (table_column){language_pick(language, COLUMNS[i].en, COLUMNS[i].zh), i == 0};
    }
    return COLUMN_COUNT;
}

void who_saw_add_row(table *table, language language, const json_value *row,
                     const json_value *titles)
{
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        VELUM_AUTO_BUFFER cell = {0};
        buffer_init(&cell, CELL_BYTES_MAX);
        COLUMNS[i].write(row, titles, language, &cell);
        const colour colour = COLUMNS[i].write == write_decision
                                  ? show_colour(SHOW_DECISION, member_text(row, "decision"))
                                  : COLOUR_NONE;
        table_add(table, cell.size == 0 ? TEXT_EMPTY : (text){(const char *)cell.data, cell.size},
                  colour);
    }
}

/* --- CSV ---------------------------------------------------------------------------------------- */

static void csv_number(const json_value *row, const char *member, bool last, buffer *out)
{
    const json_value *value = json_member(row, member);
    char digits[24] = "";

    if (value != NULL) {
        (void)snprintf(digits, sizeof(digits), "%lld", (long long)json_integer(value));
    }
    csv_append_field(out, text_of(digits), last);
}

static void csv_list(const json_value *row, const char *member, buffer *out)
{
    VELUM_AUTO_BUFFER cell = {0};

    buffer_init(&cell, CELL_BYTES_MAX);
    append_list(&cell, json_member(row, member), " ");
    csv_append_field(out, cell.size == 0 ? TEXT_EMPTY : (text){(const char *)cell.data, cell.size},
                     false);
}

static void csv_texts(const json_value *row, const char *const *members, buffer *out)
{
    for (size_t i = 0; members[i] != NULL; i++) {
        csv_append_field(out, member_text(row, members[i]), false);
    }
}

void who_saw_write_csv(const json_value *row, buffer *out)
{
    static const char *const place[] = {"id", "at", "type", "actor", "actor_token", NULL};
    static const char *const why[] = {"activity",    "purpose",   "basis",
                                      "reason_code", "recipient", NULL};
    static const char *const consent[] = {"consent", NULL};
    static const char *const decision[] = {"decision", NULL};

    csv_number(row, "index", false, out);
    csv_texts(row, place, out);
    csv_list(row, "roles", out);
    csv_texts(row, why, out);
    csv_list(row, "fields", out);
    csv_list(row, "masked", out);
    csv_texts(row, consent, out);
    csv_number(row, "consent_version", false, out);
    csv_texts(row, decision, out);
    csv_number(row, "among", true, out);
}
