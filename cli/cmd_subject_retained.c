/* cli/cmd_subject_retained.c: velum subject retained REF */
#include "cli/commands.h"

#include "cli/say.h"
#include "cli/session.h"
#include "cli/show.h"

#define ACTIVITY "legal-retention"

static text member_text(const json_value *object, const char *name)
{
    const json_value *value = json_member(object, name);

    return value == NULL ? TEXT_EMPTY : json_text(value);
}

/* One row a field: a category may be kept of which this reader sees nothing. */
static void add_category(table *table, const json_value *kept)
{
    const json_value *fields = json_member(kept, "fields");
    const text until = member_text(kept, "until");
    const text day = {until.data, until.size < 10 ? until.size : 10};
    json_iterator iterator = {NULL};
    const json_value *value = NULL;
    text name = TEXT_EMPTY;
    bool has_field = false;

    while (json_next(fields, &iterator, &name, &value) || !has_field) {
        table_add(table, member_text(kept, "category"), COLOUR_NONE);
        table_add(table, name, COLOUR_NONE);
        table_add(table, value == NULL ? TEXT_EMPTY : json_text(value), COLOUR_NONE);
        table_add(table, day, COLOUR_NONE);
        table_add(table, member_text(kept, "law"), COLOUR_NONE);
        has_field = true;
        if (value == NULL) {
            return;
        }
    }
}

static velum_status show(const json_value *retained)
{
    static const table_column columns[] = {
        {"CATEGORY", false}, {"FIELD", false}, {"VALUE", false}, {"UNTIL", false}, {"LAW", false},
    };
    VELUM_AUTO_TABLE table;
    VELUM_AUTO_BUFFER lines;

    table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
    buffer_init(&lines, TABLE_BYTES_MAX);
    for (size_t i = 0; i < json_count(retained); i++) {
        add_category(&table, json_at(retained, i));
    }
    VELUM_TRY(table_status(&table));
    table_layout(&table, terminal_columns());
    table_write_titles(&table, &lines);
    table_write_rows(&table, &lines);
    VELUM_TRY(buffer_status(&lines));
    return show_bytes(lines.data, lines.size);
}

static int run(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(velum_answer) *answer = NULL;
    VELUM_AUTO(json) *body = NULL;
    const session_request request = {
        .verb = VELUM_VERB_RETAINED_READ, .activity = ACTIVITY, .ref = invocation->arguments[0]};

    if (session_open(invocation, &client) < 0 || session_ask(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    if (invocation_has(invocation, "json") ||
        json_parse(session_body(answer), SESSION_ANSWER_BYTES_MAX, &body, NULL) < 0) {
        return show_json(session_body(answer)) < 0 ? EXIT_REFUSED : EXIT_DONE;
    }
    const json_value *retained = json_member(json_root(body), "retained");
    if (json_count(retained) == 0) {
        say_more("Nothing is kept of this customer.");
        return EXIT_DONE;
    }
    return show(retained) < 0 ? EXIT_REFUSED : EXIT_DONE;
}

const command command_subject_retained = {
    .group = "subject",
    .name = "retained",
    .arguments = "REF",
    .arguments_min = 1,
    .arguments_max = 1,
    .has_data = true,
    .activity = ACTIVITY,
    .summary = "What a law keeps of a customer who was erased",
    .detail = "REF is the reference that the customer had. Each look is an entry of the log.",
    .options = {{"json", NULL, "the answer as JSON"}},
    .run = run,
};
