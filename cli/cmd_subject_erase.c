/* cli/cmd_subject_erase.c: velum subject erase REF
 *
 * Shows what would go and what a law keeps before anything is done; then asks, erases, and waits for
 * the certificate.
 */
#include "cli/commands.h"

#include "cli/approval_rows.h"
#include "cli/certificate_out.h"
#include "cli/say.h"
#include "cli/session.h"
#include "cli/terminal.h"

#include <stdio.h>
#include <unistd.h>

#define ACTIVITY "requests"
#define BODY_BYTES_MAX 8192
#define WORD_BYTES 16

/* --- asking the gate ---------------------------------------------------------------------------- */

static void write_categories(const invocation *invocation, json_writer *json)
{
    text rest = text_of(invocation_value(invocation, "category"));
    text name;

    if (rest.size == 0) {
        return;
    }
    json_name(json, "categories");
    json_begin_array(json);
    while (text_split(&rest, ',', &name)) {
        json_write_text(json, name);
    }
    json_end_array(json);
}

static velum_status write_body(const invocation *invocation, bool is_preview, buffer *out)
{
    static const char *const options[][2] = {{"approval", "approval"}, {"reason", "reason_code"}};
    json_writer json;

    json_writer_init(&json, out);
    json_begin_object(&json);
    write_categories(invocation, &json);
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        const char *value = invocation_value(invocation, options[i][0]);
        if (value != NULL) {
            json_member_string(&json, options[i][1], value);
        }
    }
    if (is_preview) {
        json_member_bool(&json, "preview", true);
    }
    json_end_object(&json);
    return buffer_status(out);
}

static velum_status ask_gate(const invocation *invocation, velum_client *client, bool is_preview,
                             json **out)
{
    VELUM_AUTO_BUFFER body = {0};

    buffer_init(&body, BODY_BYTES_MAX);
    if (write_body(invocation, is_preview, &body) < 0) {
        say("categories, reason and approval are short names");
        return VELUM_E_INVALID;
    }
    const session_request request = {.verb = VELUM_VERB_SUBJECT_ERASE,
                                     .ref = invocation->arguments[0],
                                     .body = {(const char *)body.data, body.size}};
    return session_ask_json(client, &request, out);
}

/* --- showing and confirming --------------------------------------------------------------------- */

static text member_text(const json_value *object, const char *name)
{
    const json_value *value = json_member(object, name);

    return value == NULL ? TEXT_EMPTY : json_text(value);
}

static void say_list(const char *words, const json_value *list)
{
    VELUM_AUTO_BUFFER line = {0};

    buffer_init(&line, BODY_BYTES_MAX);
    for (size_t i = 0; i < json_count(list); i++) {
        const text name = json_text(json_at(list, i));
        buffer_append_text(&line, i == 0 ? "" : ", ");
        buffer_append(&line, name.data, name.size);
    }
    if (line.size > 0) {
        say_more("%s: %.*s", words, (int)line.size, (const char *)line.data);
    }
}

static void say_kept(const json_value *kept)
{
    const text category = member_text(kept, "category");
    const text law = member_text(kept, "law");
    const text until = member_text(kept, "until");

    say_more("kept by law: %.*s until %.*s (%.*s)", (int)category.size, category.data,
             (int)(until.size < 10 ? until.size : 10), until.data, (int)law.size, law.data);
}

static void say_approval(const json_value *root)
{
    const json_value *needed = json_member(root, "approvals_needed");

    if (needed != NULL && json_integer(needed) > 0) {
        say_more("%lld must agree before: --ask asks them, --approval ID goes on then",
                 (long long)json_integer(needed));
    }
}

/* Of several records of one customer (docs/merging.md). */
static void say_others(const json_value *root)
{
    const json_value *const also = json_member(root, "also");

    for (size_t i = 0; also != NULL && i < json_count(also); i++) {
        const json_value *const other = json_at(also, i);
        const text ref = member_text(other, "subject");
        const text certificate = member_text(other, "certificate");
        say_more("with it, another record of the same customer: %.*s%s%.*s", (int)ref.size,
                 ref.data, certificate.size == 0 ? "" : "; its certificate is ",
                 (int)certificate.size, certificate.data);
    }
}

static void say_plan(const invocation *invocation, const json *plan)
{
    const json_value *root = json_root(plan);
    const json_value *keeps = json_member(root, "keeps");
    const text evidence = member_text(root, "evidence_until");

    say(invocation_has(invocation, "category") ? "of this customer, for good:"
                                               : "this customer, for good:");
    say_list("destroyed", json_member(root, "destroys"));
    for (size_t i = 0; i < json_count(keeps); i++) {
        say_kept(json_at(keeps, i));
    }
    if (evidence.size >= 10) {
        say_more("evidence of consents and requests stays until %.10s", evidence.data);
    }
    say_others(root);
    say_approval(root);
}

/* A person at a terminal says so; a script says --yes. */
static bool is_confirmed(const invocation *invocation)
{
    char word[WORD_BYTES] = "";

    if (invocation_has(invocation, "yes")) {
        return true;
    }
    if (!terminal_is(STDIN_FILENO)) {
        say("nothing was done: without a terminal to ask at, say --yes");
        return false;
    }
    (void)fputs("Nothing brings it back. Type `yes` to go on: ", stderr);
    const bool is_yes = fgets(word, sizeof(word), stdin) != NULL && strcmp(word, "yes\n") == 0;
    if (!is_yes) {
        say("nothing was done");
    }
    return is_yes;
}

/* --- erasing ------------------------------------------------------------------------------------ */

static int await_and_write(const invocation *invocation, velum_client *client, const json *answer)
{
    VELUM_AUTO(velum_answer) *file = NULL;
    const text id = member_text(json_root(answer), "certificate");
    char terminated[CERTIFICATE_ID_BYTES];

    (void)snprintf(terminated, sizeof(terminated), "%.*s", (int)id.size, id.data);
    if (certificate_await(client, terminated, &file) < 0) {
        return EXIT_REFUSED;
    }
    say("erased; the certificate is %s", terminated);
    say_others(json_root(answer));
    const char *const out = invocation_value(invocation, "out");
    return certificate_write_out(out, session_body(file)) < 0 ? EXIT_REFUSED : EXIT_DONE;
}

/* For exactly what was shown. */
static int ask_others(const invocation *invocation, velum_client *client, const json *plan)
{
    VELUM_AUTO_BUFFER body = {0};
    const text what = member_text(json_root(plan), "what");
    json_writer json;

    buffer_init(&body, BODY_BYTES_MAX);
    json_writer_init(&json, &body);
    json_begin_object(&json);
    json_member_string(&json, "kind", "erasure");
    json_member_string(&json, "subject", invocation->arguments[0]);
    if (what.size > 0) {
        json_member_text(&json, "what", what);
    }
    json_end_object(&json);
    return approval_ask_others(client, ACTIVITY, &body);
}

static int run(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(json) *plan = NULL;
    VELUM_AUTO(json) *answer = NULL;

    if (session_open(invocation, &client) < 0 || ask_gate(invocation, client, true, &plan) < 0) {
        return EXIT_REFUSED;
    }
    say_plan(invocation, plan);
    if (invocation_has(invocation, "preview")) {
        return EXIT_DONE;
    }
    if (invocation_has(invocation, "ask")) {
        return ask_others(invocation, client, plan);
    }
    if (!is_confirmed(invocation)) {
        return EXIT_USAGE;
    }
    if (ask_gate(invocation, client, false, &answer) < 0) {
        return EXIT_REFUSED;
    }
    return await_and_write(invocation, client, answer);
}

const command command_subject_erase = {
    .group = "subject",
    .name = "erase",
    .arguments = "REF",
    .arguments_min = 1,
    .arguments_max = 1,
    .has_data = true,
    .activity = ACTIVITY,
    .summary = "Destroy a customer's data for good, and give the certificate",
    .detail = "Shows first what goes and what a law keeps, then asks. Keys are destroyed, so\n"
              "that backups of the data cannot be opened either; the log stays whole. What a\n"
              "law keeps is read with `velum subject retained` alone. The certificate goes to\n"
              "stdout or to --out, and is checked with `velum certificate verify`.",
    .options = {{"category", "C[,C]", "only these categories; the customer stays"},
                {"reason", "CODE", "the reason code, where the policy asks for one"},
                {"ask", NULL, "ask others to agree to this; prints the approval"},
                {"approval", "ID", "the approval that they agreed to"},
                {"preview", NULL, "only show what would go and stay"},
                {"yes", NULL, "do not ask"},
                {"out", "FILE", "write the certificate to a new file"}},
    .run = run,
};
