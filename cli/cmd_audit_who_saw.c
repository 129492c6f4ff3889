/* cli/cmd_audit_who_saw.c: velum audit who-saw */
#include "cli/commands.h"

#include "base/csv.h"
#include "cli/language.h"
#include "cli/moment.h"
#include "cli/paged_call.h"
#include "cli/prompt.h"
#include "cli/say.h"
#include "cli/show.h"
#include "cli/who_saw_row.h"

#define PAGE_DISCLOSURES 500
#define LINES_BYTES_MAX ((size_t)64 << 20)

typedef struct listing {
    const invocation *invocation;
    language language;
    bool is_json;
    bool is_csv;
    char line[PROMPT_LINE_BYTES]; /* the identifier; wiped at the end */
    text identifier;
    const char *type;
    char since[TIME_TEXT_BYTES];
    char until[TIME_TEXT_BYTES];
    uint64_t shown;
    table table;
} listing;

/* --- the question ------------------------------------------------------------------------------- */

static size_t digits_in(text value)
{
    size_t count = 0;

    for (size_t i = 0; i < value.size; i++) {
        count += value.data[i] >= '0' && value.data[i] <= '9' ? 1 : 0;
    }
    return count;
}

/* 15 digits, or 17 and a check character, are an identity card's; a mobile number has fewer. */
static const char *guess_type(text value)
{
    if (text_find_byte(value, '@') < value.size) {
        return "email";
    }
    const size_t digits = digits_in(value);
    const bool is_bare = value.data[0] != '+' && digits + 1 >= value.size;
    return is_bare && (value.size == 18 || (value.size == 15 && digits == 15)) ? "id_card"
                                                                               : "mobile";
}

static void write_question(const void *context, json_writer *json)
{
    const listing *const self = context;
    const char *const subject = invocation_value(self->invocation, "subject");
    const char *const field = invocation_value(self->invocation, "field");

    if (subject != NULL) {
        json_member_string(json, "subject", subject);
    } else {
        json_name(json, "identifier");
        json_begin_object(json);
        json_member_string(json, "type", self->type);
        json_member_text(json, "value", self->identifier);
        json_end_object(json);
    }
    if (field != NULL) {
        json_member_string(json, "field", field);
    }
    if (self->since[0] != '\0') {
        json_member_string(json, "since", self->since);
    }
    if (self->until[0] != '\0') {
        json_member_string(json, "until", self->until);
    }
}

/* --- the answer --------------------------------------------------------------------------------- */

static velum_status show_json_page(const listing *self, const json_value *rows)
{
    VELUM_AUTO_BUFFER lines = {0};

    buffer_init(&lines, LINES_BYTES_MAX);
    for (size_t i = 0; i < json_count(rows); i++) {
        json_writer json;
        buffer_append_text(&lines, self->shown + i == 0 ? "\n" : ",\n");
        json_writer_init(&json, &lines);
        json_write_value(&json, json_at(rows, i));
    }
    VELUM_TRY(buffer_status(&lines));
    return show_bytes(lines.data, lines.size);
}

static velum_status show_csv_page(const json_value *rows)
{
    VELUM_AUTO_BUFFER lines = {0};

    buffer_init(&lines, LINES_BYTES_MAX);
    for (size_t i = 0; i < json_count(rows); i++) {
        who_saw_write_csv(json_at(rows, i), &lines);
    }
    VELUM_TRY(buffer_status(&lines));
    return show_bytes(lines.data, lines.size);
}

static velum_status show_page(void *context, const json_value *answer, uint64_t *out_count)
{
    listing *const self = context;
    const json_value *const rows = json_member(answer, "disclosures");
    const json_value *const titles = json_member(answer, "titles");
    const size_t count = rows == NULL ? 0 : json_count(rows);

    *out_count = count;
    if (self->is_json) {
        VELUM_TRY(count == 0 ? VELUM_OK : show_json_page(self, rows));
    } else if (self->is_csv) {
        VELUM_TRY(count == 0 ? VELUM_OK : show_csv_page(rows));
    } else {
        for (size_t i = 0; i < count; i++) {
            who_saw_add_row(&self->table, self->language, json_at(rows, i), titles);
        }
        VELUM_TRY(table_status(&self->table));
    }
    self->shown += count;
    return VELUM_OK;
}

static velum_status show_table(listing *self)
{
    VELUM_AUTO_BUFFER lines = {0};

    buffer_init(&lines, LINES_BYTES_MAX);
    if (self->shown == 0) {
        say_more("Nothing of this customer was disclosed in that span.");
        return VELUM_OK;
    }
    table_layout(&self->table, terminal_columns());
    table_write_titles(&self->table, &lines);
    table_write_rows(&self->table, &lines);
    VELUM_TRY(buffer_status(&lines));
    VELUM_TRY(show_bytes(lines.data, lines.size));
    say_more(
        "* masked. `velum audit explain INDEX` says why, `velum audit prove INDEX` proves it.");
    return VELUM_OK;
}

static velum_status show_end(listing *self)
{
    if (self->is_json) {
        return show_bytes("]}\n", 3);
    }
    return self->is_csv ? VELUM_OK : show_table(self);
}

static velum_status ask_and_show(listing *self, paged_call *call)
{
    if (self->is_json) {
        VELUM_TRY(show_bytes("{\"disclosures\":[", 16));
    } else if (self->is_csv) {
        VELUM_TRY(show_bytes(WHO_SAW_CSV_TITLES, sizeof(WHO_SAW_CSV_TITLES) - 1));
    }
    VELUM_TRY(paged_call_run(call));
    return show_end(self);
}

/* --- the command -------------------------------------------------------------------------------- */

static int read_options(listing *self)
{
    const invocation *const invocation = self->invocation;

    self->is_json = invocation_has(invocation, "json");
    self->is_csv = invocation_has(invocation, "csv");
    if (self->is_json && self->is_csv) {
        return command_wrong(invocation->command, "--json or --csv, not both");
    }
    if (invocation_has(invocation, "subject") && invocation_has(invocation, "type")) {
        return command_wrong(invocation->command, "--type is that of an identifier, not of a REF");
    }
    return language_of(invocation, &self->language) &&
                   moment_read(invocation, "since", self->since) &&
                   moment_read(invocation, "until", self->until)
               ? EXIT_DONE
               : EXIT_USAGE;
}

/* Whose data it is about: a reference, or an identifier that is read and never an argument (I-5). */
static int read_whom(listing *self)
{
    if (invocation_has(self->invocation, "subject")) {
        return EXIT_DONE;
    }
    const char *const question = language_pick(
        self->language, "Whose data (mobile number, e-mail address or identity card number)?",
        "查询谁的数据（手机号、邮箱或身份证号）？");
    if (prompt_line(question, self->line, &self->identifier) < 0) {
        return EXIT_USAGE;
    }
    const char *const type = invocation_value(self->invocation, "type");
    self->type = type != NULL ? type : guess_type(self->identifier);
    return EXIT_DONE;
}

static int list(listing *self)
{
    VELUM_AUTO(velum_client) *client = NULL;
    table_column titles[TABLE_COLUMNS_MAX] = {{0}};
    paged_call call = {.verb = VELUM_VERB_AUDIT_WHO_SAW,
                       .write = write_question,
                       .show = show_page,
                       .context = self,
                       .what = "entries looked at",
                       .left = UINT64_MAX,
                       .page_most = PAGE_DISCLOSURES};

    if (session_open(self->invocation, &client) < 0) {
        return EXIT_REFUSED;
    }
    call.client = client;
    table_init(&self->table, titles, who_saw_titles(self->language, titles));
    self->table.hides_empty = true;
    const velum_status status = ask_and_show(self, &call);
    table_clear(&self->table);
    return status < 0 ? EXIT_REFUSED : EXIT_DONE;
}

static int run(const invocation *invocation)
{
    listing self = {.invocation = invocation};
    int code = read_options(&self);

    if (code == EXIT_DONE) {
        code = read_whom(&self);
    }
    if (code == EXIT_DONE) {
        code = list(&self);
    }
    mem_wipe(self.line, sizeof(self.line));
    return code;
}

const command command_audit_who_saw = {
    .group = "audit",
    .name = "who-saw",
    .arguments = "",
    .has_data = true,
    .activity = "audit",
    .summary = "Who saw a customer's data, when, under what, and what of it",
    .detail = "Asks for the customer's identifier, or reads it as a line from stdin; it is\n"
              "never an argument. Its type is guessed (mobile, email, id_card) unless --type\n"
              "names it. --subject names a customer by reference instead, also an erased one.\n"
              "Disclosures of many customers at once are found, too.",
    .options = {{"type", "TYPE", "of the identifier, such as ext:cj"},
                {"subject", "REF", "this customer instead; REF or DOMAIN:REF"},
                {"field", "F", "only who saw this field"},
                {"since", "T", "from this time on"},
                {"until", "T", "before this time"},
                {"lang", "zh|en", "of the titles; else as the locale"},
                {"csv", NULL, "a row each as CSV (RFC 4180)"},
                {"json", NULL, "a line each as JSON"}},
    .run = run,
};
