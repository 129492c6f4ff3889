/* cli/cmd_policy_propose.c: velum policy propose and approve */
#include "cli/commands.h"

#include "cli/approval_rows.h"
#include "cli/confirm.h"
#include "cli/policy_changes.h"
#include "cli/say.h"

#include <stdio.h>

#define BODY_BYTES_MAX ((size_t)2 << 20)

static int64_t number_of(const json_value *object, const char *name)
{
    const json_value *value = json_member(object, name);

    return value == NULL ? 0 : json_integer(value);
}

/* --- propose -------------------------------------------------------------------------------------- */

/* The packed folder with what was typed beside it. */
static velum_status write_body(const invocation *invocation, const policy_packed *packed,
                               buffer *out)
{
    const char *const note = invocation_value(invocation, "note");
    VELUM_AUTO(json) *folder = NULL;
    json_writer json;

    VELUM_TRY(json_parse((text){packed->data, packed->size}, packed->size + 1, &folder, NULL));
    json_writer_init(&json, out);
    json_begin_object(&json);
    json_name(&json, "files");
    json_write_value(&json, json_member(json_root(folder), "files"));
    if (note != NULL) {
        json_member_string(&json, "note", note);
    }
    if (invocation_has(invocation, "shadow")) {
        json_member_bool(&json, "shadow", true);
    }
    json_end_object(&json);
    return buffer_status(out);
}

static int show_proposed(const json *answer)
{
    const json_value *const root = json_root(answer);
    const text hash = approval_text(root, "policy");
    const text approval = approval_text(root, "approval");
    const json_value *const changes = json_member(root, "changes");
    const int64_t needed = number_of(root, "needed");

    if (changes != NULL && policy_show_changes(changes) < 0) {
        return EXIT_REFUSED;
    }
    (void)printf("%.*s\n", (int)hash.size, hash.data);
    if (approval.size > 0 && needed > 0) {
        say("proposed; %lld other%s must agree: velum policy approve", (long long)needed,
            needed == 1 ? "" : "s");
    } else {
        say("proposed; `velum policy activate` puts it in force");
    }
    return EXIT_DONE;
}

static int run_propose(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(velum_answer) *answer = NULL;
    VELUM_AUTO(json) *proposed = NULL;
    VELUM_AUTO_BUFFER body = {0};
    VELUM_AUTO_PACKED packed = {0};

    buffer_init(&body, BODY_BYTES_MAX);
    if (policy_pack_folder(invocation->arguments[0], &packed) < 0) {
        return EXIT_REFUSED;
    }
    if (write_body(invocation, &packed, &body) < 0) {
        return command_wrong(invocation->command, "a note is UTF-8 text of at most 500 bytes");
    }
    const session_request request = {.verb = VELUM_VERB_POLICY_PROPOSE,
                                     .body = {(const char *)body.data, body.size}};
    if (session_open(invocation, &client) < 0 || session_ask(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    if (invocation_has(invocation, "json") ||
        json_parse(session_body(answer), SESSION_ANSWER_BYTES_MAX, &proposed, NULL) < 0) {
        return show_json(session_body(answer)) < 0 ? EXIT_REFUSED : EXIT_DONE;
    }
    return show_proposed(proposed);
}

/* --- approve -------------------------------------------------------------------------------------- */

/* The open approval of the policy whose hash begins so; that it is one was said otherwise. */
static velum_status find_asked(velum_client *client, const char *typed,
                               char out[APPROVAL_ID_DIGITS + 1])
{
    const approval_wish wish = {.activity = APPROVAL_ACTIVITY, .state = "asked", .kind = "policy"};
    const text digits = text_of(typed);
    uint32_t found = 0;
    int64_t from = 0;

    do {
        VELUM_AUTO(json) *page = NULL;
        VELUM_TRY(approval_fetch(client, &wish, from, &page, &from));
        const json_value *const rows = json_member(json_root(page), "approvals");
        for (size_t i = 0; rows != NULL && i < json_count(rows); i++) {
            const text what = approval_text(json_at(rows, i), "what");
            const text id = approval_text(json_at(rows, i), "id");
            if (digits.size > 0 && what.size >= digits.size && id.size == APPROVAL_ID_DIGITS &&
                memcmp(what.data, digits.data, digits.size) == 0) {
                memcpy(out, id.data, APPROVAL_ID_DIGITS);
                out[APPROVAL_ID_DIGITS] = '\0';
                found++;
            }
        }
    } while (from != 0);
    if (found != 1) {
        say(found == 0 ? "no policy that is to be agreed to has a hash that begins so"
                       : "more than one is asked for: `velum approval list`, then agree to one");
        return VELUM_E_NOTFOUND;
    }
    return VELUM_OK;
}

static velum_status show_asked(velum_client *client, const char *id)
{
    VELUM_AUTO(json) *asked = NULL;

    VELUM_TRY(approval_get(client, APPROVAL_ACTIVITY, id, &asked));
    const json_value *const changes = json_member(json_root(asked), "changes");
    const text by = approval_text(json_root(asked), "asked_by");
    const text note = approval_text(json_root(asked), "note");
    if (changes != NULL) {
        VELUM_TRY(policy_show_changes(changes));
    }
    say("proposed by %.*s", (int)by.size, by.data);
    if (note.size > 0) {
        say_more("%.*s", (int)(note.size < 400 ? note.size : 400), note.data);
    }
    return VELUM_OK;
}

static int run_approve(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(json) *answer = NULL;
    char id[APPROVAL_ID_DIGITS + 1];

    if (session_open(invocation, &client) < 0 ||
        find_asked(client, invocation->arguments[0], id) < 0 || show_asked(client, id) < 0) {
        return EXIT_REFUSED;
    }
    if (!confirm(invocation, "Agree to this policy?") ||
        approval_decide(client, APPROVAL_ACTIVITY, id, "agree", &answer) < 0) {
        return EXIT_REFUSED;
    }
    const json_value *const root = json_root(answer);
    const text state = approval_text(root, "state");
    (void)printf("%.*s\n", (int)state.size, state.data);
    say("%lld of %lld agreed", (long long)number_of(root, "agreed"),
        (long long)number_of(root, "needed"));
    return EXIT_DONE;
}

const command command_policy_propose = {
    .group = "policy",
    .name = "propose",
    .arguments = "DIR",
    .arguments_min = 1,
    .arguments_max = 1,
    .has_data = true,
    .activity = "administration",
    .summary = "Propose a policy folder, without putting it in force",
    .detail = "Compiles it, keeps its text for ever and shows what would change. Where the\n"
              "policy in force demands it, others must agree before it can be activated. Its\n"
              "hash is printed.",
    .options = {{"note", "TEXT", "for those who approve; no personal data"},
                {"shadow", NULL, "decide by it, too, and record the differences"},
                {"json", NULL, "the answer as JSON"}},
    .run = run_propose,
};

const command command_policy_approve = {
    .group = "policy",
    .name = "approve",
    .arguments = "HASH",
    .arguments_min = 1,
    .arguments_max = 1,
    .has_data = true,
    .activity = APPROVAL_ACTIVITY,
    .summary = "Agree to a policy that somebody else proposed",
    .detail = "Shows what would change and asks. HASH may be the first digits of it.",
    .options = {{"yes", NULL, "do not ask"}},
    .run = run_approve,
};
