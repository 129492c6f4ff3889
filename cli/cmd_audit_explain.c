/* cli/cmd_audit_explain.c: velum audit explain INDEX|ID */
#include "cli/commands.h"

#include "cli/entry_name.h"
#include "cli/explain_words.h"
#include "cli/paged_call.h"
#include "cli/show.h"

#define LINES_BYTES_MAX ((size_t)4 << 20)

typedef struct explaining {
    const invocation *invocation;
    language language;
} explaining;

static void write_question(const void *context, json_writer *json)
{
    const explaining *const self = context;

    entry_name_write(text_of(self->invocation->arguments[0]), json);
    if (invocation_has(self->invocation, "notice")) {
        json_member_bool(json, "notice", true);
    }
}

static velum_status show_as_json(const json_value *answer)
{
    VELUM_AUTO_BUFFER line = {0};
    json_writer json;

    buffer_init(&line, LINES_BYTES_MAX);
    json_writer_init(&json, &line);
    json_write_value(&json, answer);
    VELUM_TRY(buffer_status(&line));
    return show_json((text){(const char *)line.data, line.size});
}

/* The notice as it was shown, below everything else. */
static velum_status show_notice(const json_value *answer)
{
    const json_value *const notice = json_member(answer, "notice");
    const json_value *const body = notice == NULL ? NULL : json_member(notice, "text");

    if (body == NULL) {
        return VELUM_OK;
    }
    VELUM_TRY(show_bytes("\n", 1));
    return show_words(json_text(body));
}

static velum_status show_as_prose(const explaining *self, const json_value *answer)
{
    static const table_column columns[] = {{"", false}};
    VELUM_AUTO_TABLE table;
    VELUM_AUTO_BUFFER lines = {0};

    table_init(&table, columns, 1);
    buffer_init(&lines, LINES_BYTES_MAX);
    explain_tell(answer, self->language, &table);
    VELUM_TRY(table_status(&table));
    table_layout(&table, terminal_columns());
    table_write_rows(&table, &lines);
    VELUM_TRY(buffer_status(&lines));
    VELUM_TRY(show_bytes(lines.data, lines.size));
    return show_notice(answer);
}

/* A stretch that did not find the entry yet has only `next`. */
static velum_status show_found(void *context, const json_value *answer, uint64_t *out_count)
{
    const explaining *const self = context;

    *out_count = 0;
    if (json_member(answer, "index") == NULL) {
        return VELUM_OK;
    }
    VELUM_TRY(invocation_has(self->invocation, "json") ? show_as_json(answer)
                                                       : show_as_prose(self, answer));
    return VELUM_END;
}

static int run(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    explaining self = {.invocation = invocation};
    paged_call call = {.verb = VELUM_VERB_AUDIT_EXPLAIN,
                       .write = write_question,
                       .show = show_found,
                       .context = &self,
                       .what = "entries looked at",
                       .left = UINT64_MAX};

    if (!entry_name_is_one(text_of(invocation->arguments[0]))) {
        return command_wrong(invocation->command, ENTRY_NAME_EXPECTED);
    }
    if (!language_of(invocation, &self.language)) {
        return EXIT_USAGE;
    }
    if (session_open(invocation, &client) < 0) {
        return EXIT_REFUSED;
    }
    call.client = client;
    return paged_call_run(&call) < 0 ? EXIT_REFUSED : EXIT_DONE;
}

const command command_audit_explain = {
    .group = "audit",
    .name = "explain",
    .arguments = "INDEX|ID",
    .arguments_min = 1,
    .arguments_max = 1,
    .has_data = true,
    .activity = "audit",
    .summary = "Why an entry came out as it did",
    .detail = "Who, for what purpose, on which basis and consent, what was shown, by which rule\n"
              "of the policy of that time, and whether that policy gives the same decision\n"
              "again. ID is the decision id of an answer.",
    .options = {{"notice", NULL, "and the text of the notice that the customer was shown"},
                {"lang", "zh|en", "else as the locale"},
                {"json", NULL, "the answer as JSON"}},
    .run = run,
};
