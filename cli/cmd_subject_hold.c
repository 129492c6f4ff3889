/* cli/cmd_subject_hold.c: velum subject hold REF, release REF, unrestrict REF */
#include "cli/commands.h"

#include "cli/say.h"
#include "cli/session.h"

#define ACTIVITY "requests"

static int set_hold(const invocation *invocation, bool hold)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(json) *answer = NULL;
    const session_request request = {.verb = VELUM_VERB_SUBJECT_HOLD,
                                     .ref = invocation->arguments[0],
                                     .body = hold ? TEXT_LITERAL("{\"hold\":true}")
                                                  : TEXT_LITERAL("{\"hold\":false}")};

    if (session_open(invocation, &client) < 0 || session_ask_json(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    const json_value *const holds = json_member(json_root(answer), "holds");
    say("%s %lld now stand%s.",
        hold ? "Held:" : "Released:", (long long)(holds == NULL ? 0 : json_integer(holds)),
        holds != NULL && json_integer(holds) == 1 ? "s" : "");
    return EXIT_DONE;
}

static int run_hold(const invocation *invocation)
{
    return set_hold(invocation, true);
}

static int run_release(const invocation *invocation)
{
    return set_hold(invocation, false);
}

const command command_subject_hold = {
    .group = "subject",
    .name = "hold",
    .arguments = "REF",
    .arguments_min = 1,
    .arguments_max = 1,
    .has_data = true,
    .activity = ACTIVITY,
    .summary = "A legal hold: the customer's data is not destroyed",
    .detail = "While a hold stands every erasure is refused, and a deletion that the customer\n"
              "asked for waits. Holds are counted.",
    .run = run_hold,
};

const command command_subject_release = {
    .group = "subject",
    .name = "release",
    .arguments = "REF",
    .arguments_min = 1,
    .arguments_max = 1,
    .has_data = true,
    .activity = ACTIVITY,
    .summary = "Takes one legal hold away",
    .detail = "What waited for the last hold goes on by itself within a day.",
    .run = run_release,
};

/* --- restrictions ------------------------------------------------------------------------------- */

static int run_unrestrict(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(json) *answer = NULL;
    const bool both = invocation_has(invocation, "marketing");
    const session_request request = {
        .verb = VELUM_VERB_SUBJECT_RESTRICTION,
        .ref = invocation->arguments[0],
        .body = both ? TEXT_LITERAL("{\"lift\":[\"processing\",\"marketing\"]}")
                     : TEXT_LITERAL("{\"lift\":[\"processing\"]}")};

    if (session_open(invocation, &client) < 0 || session_ask_json(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    const json_value *const left = json_member(json_root(answer), "restrictions");
    say(left != NULL && json_count(left) > 0
            ? "Lifted. The objection to marketing stands (--marketing lifts it, too)."
            : "Lifted: nothing is restricted any more.");
    return EXIT_DONE;
}

const command command_subject_unrestrict = {
    .group = "subject",
    .name = "unrestrict",
    .arguments = "REF",
    .arguments_min = 1,
    .arguments_max = 1,
    .has_data = true,
    .activity = ACTIVITY,
    .summary = "Lifts a restriction, once the customer was told",
    .detail = "Of a customer who asked for it, or whom a restore restricted because nobody\n"
              "could tell what had changed. Tell them before (GDPR 18(3)). Consents that a\n"
              "restore invalidated stay so until they are given anew; a hold stays until\n"
              "`release`.",
    .options = {{"marketing", NULL, "lift the objection to marketing as well"}},
    .run = run_unrestrict,
};
