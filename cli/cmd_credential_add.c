/* cli/cmd_credential_add.c: velum credential add NAME … */
#include "cli/commands.h"

#include "base/clock.h"
#include "cli/say.h"
#include "cli/session.h"
#include "cli/show.h"

#define BODY_BYTES_MAX 32768

static bool is_given(const invocation *invocation)
{
    static const char *const needed[] = {"kind", "activity", "domain"};

    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (!invocation_has(invocation, needed[i])) {
            (void)command_wrong(invocation->command, "--%s is needed", needed[i]);
            return false;
        }
    }
    const text kind = text_of(invocation_value(invocation, "kind"));
    if (!text_equal_literal(kind, "service") && !text_equal_literal(kind, "human")) {
        (void)command_wrong(invocation->command, "--kind is service or human");
        return false;
    }
    return true;
}

/* A day, which ends the credential at its beginning in UTC, or a moment; written as RFC 3339. */
static bool read_expiry(const invocation *invocation, char out[TIME_TEXT_BYTES])
{
    const char *value = invocation_value(invocation, "expires");
    const velum_clock clock = clock_system();
    civil_date day = {0};
    int64_t at_ns = 0;

    out[0] = '\0';
    if (value == NULL) {
        return true;
    }
    if (civil_date_parse(text_of(value), &day) == VELUM_OK && day.year < 2262) {
        at_ns = (int64_t)civil_date_to_days(day) * 86400 * NS_PER_SECOND;
    } else if (time_parse(text_of(value), &at_ns) < 0) {
        (void)command_wrong(invocation->command,
                            "--expires takes YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ");
        return false;
    }
    if (at_ns <= clock_wall_ns(&clock)) {
        (void)command_wrong(invocation->command, "--expires lies in the past");
        return false;
    }
    time_format(at_ns, out);
    return true;
}

static void write_list(json_writer *json, const char *name, const char *list)
{
    text rest = text_of(list);
    text part = TEXT_EMPTY;

    json_name(json, name);
    json_begin_array(json);
    while (text_split(&rest, ',', &part)) {
        if (part.size > 0) {
            json_write_text(json, part);
        }
    }
    json_end_array(json);
}

static void write_body(const invocation *invocation, uint64_t uid, const char *expires, buffer *out)
{
    json_writer json;

    json_writer_init(&json, out);
    json_begin_object(&json);
    json_member_string(&json, "name", invocation->arguments[0]);
    json_member_string(&json, "kind", invocation_value(invocation, "kind"));
    write_list(&json, "roles", invocation_value(invocation, "role"));
    write_list(&json, "activities", invocation_value(invocation, "activity"));
    json_member_string(&json, "domain", invocation_value(invocation, "domain"));
    if (invocation_has(invocation, "store")) {
        json_member_string(&json, "store", invocation_value(invocation, "store"));
    }
    if (invocation_has(invocation, "uid")) {
        json_member_integer(&json, "uid", (int64_t)uid);
    }
    if (*expires != '\0') {
        json_member_string(&json, "expires", expires);
    }
    json_end_object(&json);
}

static int show_token(const json *answer)
{
    const json_value *member = json_member(json_root(answer), "token");
    const text token = member == NULL ? TEXT_EMPTY : json_text(member);

    if (token.size == 0) {
        say("added; no token was made");
        return EXIT_DONE;
    }
    if (show_json(token) < 0) {
        return EXIT_REFUSED;
    }
    say("added. The token is shown this once; only its hash is kept");
    return EXIT_DONE;
}

static int run(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(json) *answer = NULL;
    VELUM_AUTO_BUFFER body;
    char expires[TIME_TEXT_BYTES];
    uint64_t uid = 0;

    buffer_init(&body, BODY_BYTES_MAX);
    if (!is_given(invocation) || !invocation_number(invocation, "uid", UINT32_MAX - 1, &uid) ||
        !read_expiry(invocation, expires)) {
        return EXIT_USAGE;
    }
    write_body(invocation, uid, expires, &body);
    if (buffer_status(&body) < 0) {
        return command_wrong(invocation->command, "names are short texts in UTF-8");
    }
    const session_request request = {.verb = VELUM_VERB_CREDENTIAL_ADD,
                                     .body = {(const char *)body.data, body.size}};
    if (session_open(invocation, &client) < 0 || session_ask_json(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    return show_token(answer);
}

const command command_credential_add = {
    .group = "credential",
    .name = "add",
    .arguments = "NAME",
    .arguments_min = 1,
    .arguments_max = 1,
    .has_data = true,
    .activity = "administration",
    .summary = "Register a service or a person, and print its token",
    .detail = "NAME is 1-64 of a-z 0-9 . _ -. A credential comes for its activities only;\n"
              "none may both record consents and live on them. The token stands alone on\n"
              "stdout.",
    .options = {{"kind", "service|human", "what it is"},
                {"role", "R[,R]", "roles of the policy"},
                {"activity", "A[,A]", "activities of the policy"},
                {"domain", "D", "whose pseudonyms it sees; * for every domain"},
                {"store", "S", "the store where a person works"},
                {"uid", "N", "the person's user id on this machine"},
                {"expires", "T", "YYYY-MM-DD or RFC 3339; else it does not"}},
    .run = run,
};
