/* cli/cmd_policy_shadow.c: velum policy shadow [off|HASH] */
#include "cli/commands.h"

#include "base/clock.h"
#include "cli/approval_rows.h"
#include "cli/paged_call.h"
#include "cli/policy_changes.h"
#include "cli/say.h"

#include <stdio.h>

#define BODY_BYTES_MAX 256
#define LINES_BYTES_MAX ((size_t)1 << 20)
#define PAGE_ENTRIES 1000
#define KINDS_MAX 200 /* of differences */
#define KIND_BYTES 400

/* --- the report ----------------------------------------------------------------------------------- */

/* Differences of one kind, and how many there were. */
typedef struct difference {
    char activity[72];
    char action[24];
    char decision[16];
    char shadow[16];
    char reason[72];
    uint64_t fields; /* most in one entry */
    uint64_t count;
} difference;

typedef struct report {
    char since[TIME_TEXT_BYTES];
    difference kinds[KINDS_MAX];
    size_t kind_count;
    uint64_t others; /* beyond KINDS_MAX kinds */
} report;

static void write_question(const void *context, json_writer *json)
{
    const report *const self = context;

    json_member_bool(json, "shadow", true);
    json_member_string(json, "since", self->since);
}

static void take(const json_value *entry, const char *name, char *out, size_t size)
{
    const text value = approval_text(entry, name);

    (void)snprintf(out, size, "%.*s", (int)(value.size < size ? value.size : size - 1), value.data);
}

static bool is_same(const difference *a, const difference *b)
{
    return strcmp(a->activity, b->activity) == 0 && strcmp(a->action, b->action) == 0 &&
           strcmp(a->decision, b->decision) == 0 && strcmp(a->shadow, b->shadow) == 0 &&
           strcmp(a->reason, b->reason) == 0;
}

static void count(report *self, const json_value *entry)
{
    const json_value *const fields = json_member(entry, "shadow_fields");
    difference found = {.count = 1, .fields = fields == NULL ? 0 : (uint64_t)json_integer(fields)};

    take(entry, "activity", found.activity, sizeof(found.activity));
    take(entry, "action", found.action, sizeof(found.action));
    take(entry, "decision", found.decision, sizeof(found.decision));
    take(entry, "shadow_decision", found.shadow, sizeof(found.shadow));
    take(entry, "shadow_reason", found.reason, sizeof(found.reason));
    for (size_t i = 0; i < self->kind_count; i++) {
        difference *const known = &self->kinds[i];
        if (is_same(known, &found)) {
            known->count++;
            known->fields = known->fields > found.fields ? known->fields : found.fields;
            return;
        }
    }
    if (self->kind_count == KINDS_MAX) {
        self->others++;
        return;
    }
    self->kinds[self->kind_count++] = found;
}

static velum_status count_page(void *context, const json_value *answer, uint64_t *out_count)
{
    const json_value *const entries = json_member(answer, "entries");

    *out_count = entries == NULL ? 0 : json_count(entries);
    for (size_t i = 0; i < *out_count; i++) {
        count(context, json_at(entries, i));
    }
    return VELUM_OK;
}

static void add_row(table *table, const difference *kind)
{
    char fields[SHOW_NUMBER_BYTES] = "";
    char number[SHOW_NUMBER_BYTES];

    if (kind->fields > 0) {
        show_number(kind->fields, fields);
    }
    show_number(kind->count, number);
    table_add(table, text_of(kind->activity), COLOUR_NONE);
    table_add(table, text_of(kind->action), COLOUR_NONE);
    table_add(table, text_of(kind->decision), show_colour(SHOW_DECISION, text_of(kind->decision)));
    table_add(table, text_of(kind->shadow), show_colour(SHOW_DECISION, text_of(kind->shadow)));
    table_add(table, text_of(kind->reason), COLOUR_NONE);
    table_add(table, text_of(fields), COLOUR_NONE);
    table_add(table, text_of(number), COLOUR_NONE);
}

static velum_status show_table(const report *self)
{
    static const table_column columns[] = {
        {"ACTIVITY", false}, {"ACTION", false}, {"NOW", false},  {"IN SHADOW", false},
        {"REASON", false},   {"FIELDS", true},  {"TIMES", true},
    };
    VELUM_AUTO_TABLE table;
    VELUM_AUTO_BUFFER lines = {0};

    table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
    buffer_init(&lines, LINES_BYTES_MAX);
    table.hides_empty = true;
    for (size_t i = 0; i < self->kind_count; i++) {
        add_row(&table, &self->kinds[i]);
    }
    VELUM_TRY(table_status(&table));
    table_layout(&table, terminal_columns());
    table_write_titles(&table, &lines);
    table_write_rows(&table, &lines);
    VELUM_TRY(buffer_status(&lines));
    return show_bytes(lines.data, lines.size);
}

static velum_status show_report_json(const report *self, text hash)
{
    VELUM_AUTO_BUFFER lines = {0};
    json_writer out;

    buffer_init(&lines, LINES_BYTES_MAX);
    json_writer_init(&out, &lines);
    json_begin_object(&out);
    json_member_text(&out, "policy", hash);
    json_member_string(&out, "since", self->since);
    json_name(&out, "differences");
    json_begin_array(&out);
    for (size_t i = 0; i < self->kind_count; i++) {
        const difference *const kind = &self->kinds[i];
        json_begin_object(&out);
        json_member_string(&out, "activity", kind->activity);
        json_member_string(&out, "action", kind->action);
        json_member_string(&out, "decision", kind->decision);
        json_member_string(&out, "shadow_decision", kind->shadow);
        json_member_string(&out, "shadow_reason", kind->reason);
        json_member_integer(&out, "fields", (int64_t)kind->fields);
        json_member_integer(&out, "times", (int64_t)kind->count);
        json_end_object(&out);
    }
    json_end_array(&out);
    json_member_integer(&out, "others", (int64_t)self->others);
    json_end_object(&out);
    VELUM_TRY(buffer_status(&lines));
    return show_json((text){(const char *)lines.data, lines.size});
}

/* The proposal in shadow, or NULL. */
static const json_value *find_shadow(const json *list)
{
    const json_value *const rows = json_member(json_root(list), "proposed");

    for (size_t i = 0; rows != NULL && i < json_count(rows); i++) {
        const json_value *const shadow = json_member(json_at(rows, i), "shadow");
        if (shadow != NULL && json_bool(shadow)) {
            return json_at(rows, i);
        }
    }
    return NULL;
}

static int run_report(const invocation *invocation, velum_client *client)
{
    VELUM_AUTO_MEM report *self = mem_alloc(sizeof(report));
    VELUM_AUTO(json) *list = NULL;
    const session_request request = {.verb = VELUM_VERB_POLICY_LIST};

    if (self == NULL || session_ask_json(client, &request, &list) < 0) {
        return EXIT_REFUSED;
    }
    const json_value *const row = find_shadow(list);
    if (row == NULL) {
        say("no policy is in shadow: `velum policy propose DIR --shadow`");
        return EXIT_REFUSED;
    }
    take(row, "at", self->since, sizeof(self->since));
    paged_call call = {.client = client,
                       .verb = VELUM_VERB_AUDIT_LOG,
                       .write = write_question,
                       .show = count_page,
                       .context = self,
                       .what = "entries looked at",
                       .left = UINT64_MAX,
                       .page_most = PAGE_ENTRIES};
    if (paged_call_run(&call) < 0) {
        return EXIT_REFUSED;
    }
    if (invocation_has(invocation, "json")) {
        return show_report_json(self, approval_text(row, "policy")) < 0 ? EXIT_REFUSED : EXIT_DONE;
    }
    if (self->kind_count == 0) {
        say("no decision was different since %s", self->since);
        return EXIT_DONE;
    }
    return show_table(self) < 0 ? EXIT_REFUSED : EXIT_DONE;
}

/* --- on and off ------------------------------------------------------------------------------------ */

static int run_change(velum_client *client, const char *typed)
{
    const bool is_off = strcmp(typed, "off") == 0;
    VELUM_AUTO(json) *answer = NULL;
    VELUM_AUTO_BUFFER body = {0};
    char hash[POLICY_HASH_DIGITS + 1];
    json_writer json;

    buffer_init(&body, BODY_BYTES_MAX);
    json_writer_init(&json, &body);
    json_begin_object(&json);
    if (!is_off) {
        if (policy_find_hash(client, typed, hash) < 0) {
            return EXIT_REFUSED;
        }
        json_member_string(&json, "policy", hash);
    }
    json_member_bool(&json, "shadow", !is_off);
    json_end_object(&json);
    const session_request request = {.verb = VELUM_VERB_POLICY_PROPOSE,
                                     .body = {(const char *)body.data, body.size}};
    if (buffer_status(&body) < 0 || session_ask_json(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    say(is_off ? "nothing is decided in shadow any more" : "decided in shadow from now on");
    return EXIT_DONE;
}

static int run(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;

    if (session_open(invocation, &client) < 0) {
        return EXIT_REFUSED;
    }
    return invocation->argument_count > 0 ? run_change(client, invocation->arguments[0])
                                          : run_report(invocation, client);
}

const command command_policy_shadow = {
    .group = "policy",
    .name = "shadow",
    .arguments = "[off|HASH]",
    .arguments_min = 0,
    .arguments_max = 1,
    .has_data = true,
    .activity = "administration",
    .summary = "What the proposed policy in shadow would have decided otherwise",
    .detail = "Counts the differences that the log records since it was proposed, which needs\n"
              "the activity `audit` besides. With a HASH that proposal is decided in shadow\n"
              "from now on, in place of another; `off` ends it.",
    .options = {{"json", NULL, "the counts as JSON"}},
    .run = run,
};
