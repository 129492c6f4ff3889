/* cli/session.c: calls, and refusals in words. */
#include "cli/session.h"

#include <unistd.h>

#include "cli/identity.h"
#include "cli/machine.h"
#include "cli/place.h"
#include "cli/say.h"

/* What to do about a refusal, by the problem's name (docs/api.md). */
typedef struct advice {
    const char *problem;
    const char *words;
} advice;

static const advice advices[] = {
    {"activity-not-registered", "An officer registers activities with `velum credential add`."},
    {"activity-needed", "An officer registers activities with `velum credential add`."},
    {"approval-own", "Somebody else has to agree: `velum approval list` shows them what waits."},
    {"approval-pending", "`velum approval show ID` says how many have agreed."},
    {"policy-approval", "`velum policy propose` it; others run `velum policy approve`."},
    {"suppressed", "The customer signs up anew by themselves; an import does not bring them back."},
    {"clock-behind", "Set the machine's clock; when it is right, `velum clock accept`."},
    {"not-found", "Is the reference whole, and is it of your domain? Others are DOMAIN:REF."},
    {"unknown-domain", "A reference of another domain is DOMAIN:REF, where you may resolve it."},
    {"unknown-purpose", "`velum policy show` lists the purposes."},
    {"rate-limited", "Wait a second and call again."},
    {"unavailable", "Call again; `velum status` says what is wrong when it stays so."},
    {"credential-expired", "An officer adds another with `velum credential add`."},
    {"credential-revoked", "An officer adds another with `velum credential add`."},
    {"data-damaged", "Look at the log with `velum audit verify`, and at the last backup."},
};

/* What to do about a failure, by status. */
typedef struct remedy {
    velum_status status;
    const char *words;
} remedy;

static const remedy remedies[] = {
    {VELUM_E_LOCKED, "Another program works in the data folder: wait until it ends, or stop it."},
    {VELUM_E_NOTFOUND, "Is it a data folder? `velum init` makes one."},
    {VELUM_E_CRYPTO, "The root secret is sought at $CREDENTIALS_DIRECTORY/velum-root, then at "
                     "$VELUM_ROOT_FILE."},
    {VELUM_E_TAMPERED, "`velum audit verify` names the first bad entry. Keep the folder as it is."},
    {VELUM_E_TRUNCATED, "`velum audit verify` says what is missing. Keep the folder as it is."},
    {VELUM_E_OLDER, "`velum upgrade --check` says what is to be done."},
    {VELUM_E_NEWER, "The folder was made by a later version: install that one."},
    {VELUM_E_NOSPACE, "Make room on the disk and call again."},
    {VELUM_E_UNAVAILABLE, "Call again; repeating a write is safe."},
    {VELUM_E_BUSY, "Wait a little and call again."},
    {VELUM_E_IO, "Are the folder and its files yours to read and write?"},
};

velum_string string_of(text a)
{
    return (velum_string){a.data, a.size};
}

text session_body(const velum_answer *answer)
{
    const velum_string body = velum_answer_body(answer);

    return (text){body.data == NULL ? "" : body.data, body.size};
}

void session_say_error(const char *what, velum_status status, const velum_error *err)
{
    const bool is_told = err != NULL && err->text[0] != '\0';

    say("%s: %s", what, is_told ? err->text : velum_status_text(status));
    for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++) {
        if (remedies[i].status == status) {
            say_more("%s", remedies[i].words);
            return;
        }
    }
}

velum_status session_open_folder(const char *folder, velum_client **out)
{
    velum_error err = {0};

    machine_point_to_root(folder);
    const velum_status status = velum_client_open(string_of(text_of(folder)), out, &err);

    if (status < 0) {
        session_say_error("the data folder does not open", status, &err);
    }
    return status;
}

velum_status session_open(const invocation *invocation, velum_client **out)
{
    const char *folder = NULL;

    VELUM_TRY(place_find(invocation, &folder));
    return session_open_folder(folder, out);
}

/* A reference is short and printable; what is not is no reference, and is never repeated. */
static velum_status check_ref(const char *ref)
{
    const text typed = text_of(ref);

    if (typed.size > 0 && typed.size <= SESSION_REF_BYTES_MAX && utf8_is_printable(typed)) {
        return VELUM_OK;
    }
    say("that is no reference: it is short, printable text, REF or DOMAIN:REF");
    return VELUM_E_INVALID;
}

velum_status session_send(velum_client *client, const session_request *request, velum_answer **out)
{
    velum_error err = {0};
    VELUM_AUTO_IDENTITY identity = {.size = 0};

    VELUM_TRY(identity_read(&identity));
    if (request->ref != NULL) {
        VELUM_TRY(check_ref(request->ref));
    }
    const velum_request sent = {
        .size = sizeof(sent),
        .verb = request->verb,
        .auth = identity.size > 0 ? VELUM_AUTH_TOKEN : VELUM_AUTH_SELF,
        .credential = {identity.token, identity.size},
        .activity = string_of(text_of(request->activity)),
        .ref = string_of(text_of(request->ref)),
        .body = string_of(request->body),
    };
    const velum_status status = velum_client_call(client, &sent, out, &err);
    if (status < 0) {
        session_say_error("the call failed", status, &err);
    }
    return status;
}

/* The text of a member of the problem, or "". */
static text member_text(const json *problem, const char *name)
{
    const json_value *value = json_member(json_root(problem), name);

    return value == NULL ? TEXT_EMPTY : json_text(value);
}

static void say_members(const json *problem)
{
    static const char *const names[] = {"detail", "purpose", "decision"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const text value = member_text(problem, names[i]);
        if (value.size > 0 && value.size <= SESSION_REF_BYTES_MAX) {
            say_more("%s: %.*s", names[i], (int)value.size, value.data);
        }
    }
}

void session_say_refusal(const velum_answer *answer)
{
    VELUM_AUTO(json) *problem = NULL;
    const char *name = velum_answer_problem(answer);
    const int status = velum_answer_status(answer);

    if (json_parse(session_body(answer), SESSION_ANSWER_BYTES_MAX, &problem, NULL) < 0 ||
        json_kind_of(json_root(problem)) != JSON_OBJECT) {
        say("refused: %s (%d)", *name == '\0' ? "no reason was given" : name, status);
        return;
    }
    const text title = member_text(problem, "title");
    say("refused: %.*s (%s, %d)", (int)(title.size < 200 ? title.size : 200), title.data, name,
        status);
    say_members(problem);
    if (strcmp(name, "unauthenticated") == 0) {
        say_more("The user with uid %u is no registered person here. An officer adds one with",
                 (unsigned)geteuid());
        say_more("`velum credential add NAME --kind human --uid %u …`.", (unsigned)geteuid());
    }
    for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
        if (strcmp(advices[i].problem, name) == 0) {
            say_more("%s", advices[i].words);
        }
    }
}

velum_status session_ask(velum_client *client, const session_request *request, velum_answer **out)
{
    VELUM_AUTO(velum_answer) *answer = NULL;

    VELUM_TRY(session_send(client, request, &answer));
    const int status = velum_answer_status(answer);
    if (status < 200 || status > 299) {
        session_say_refusal(answer);
        return VELUM_E_DENIED;
    }
    *out = velum_answer_take(&answer);
    return VELUM_OK;
}

velum_status session_ask_json(velum_client *client, const session_request *request, json **out)
{
    VELUM_AUTO(velum_answer) *answer = NULL;
    VELUM_AUTO(json) *parsed = NULL;

    VELUM_TRY(session_ask(client, request, &answer));
    const velum_status status =
        json_parse(session_body(answer), SESSION_ANSWER_BYTES_MAX, &parsed, NULL);
    if (status < 0 || json_kind_of(json_root(parsed)) != JSON_OBJECT) {
        say("the gate's answer cannot be read; are velum and velumd of one version?");
        return VELUM_E_CORRUPT;
    }
    *out = json_take(&parsed);
    return VELUM_OK;
}
