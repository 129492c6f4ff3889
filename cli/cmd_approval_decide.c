/* cli/cmd_approval_decide.c: velum approval agree, refuse and review */
#include "cli/commands.h"

#include "cli/approval_rows.h"
#include "cli/say.h"

#include <stdio.h>

static int decide(const invocation *invocation, const char *decision)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(json) *answer = NULL;
    const char *const activity = approval_activity(invocation);
    char id[APPROVAL_ID_DIGITS + 1];

    if (session_open(invocation, &client) < 0 ||
        approval_find_id(client, activity, invocation->arguments[0], id) < 0 ||
        approval_decide(client, activity, id, decision, &answer) < 0) {
        return EXIT_REFUSED;
    }
    const text state = approval_text(json_root(answer), "state");
    (void)printf("%.*s\n", (int)state.size, state.data);
    if (text_equal_literal(state, "asked") || text_equal_literal(state, "to-review")) {
        say("recorded; others are still waited for");
    }
    return EXIT_DONE;
}

static int run_agree(const invocation *invocation)
{
    return decide(invocation, "agree");
}

static int run_refuse(const invocation *invocation)
{
    return decide(invocation, "refuse");
}

static int run_review(const invocation *invocation)
{
    return decide(invocation, "reviewed");
}

#define DECISION(NAME, RUN, SUMMARY, DETAIL)                                                       \
    {                                                                                              \
        .group = "approval", .name = (NAME), .arguments = "ID", .arguments_min = 1,                \
        .arguments_max = 1, .has_data = true, .activity = APPROVAL_ACTIVITY, .summary = (SUMMARY), \
        .detail = (DETAIL),                                                                        \
        .options = {{"activity", "NAME", "the activity to ask under (approvals)"}}, .run = (RUN),  \
    }

const command command_approval_agree =
    DECISION("agree", run_agree, "Agree to what somebody else asked",
             "ID may be the first digits of one. Nobody agrees to what they asked themselves.");
const command command_approval_refuse =
    DECISION("refuse", run_refuse, "Refuse what somebody else asked; that ends it",
             "Works until it is used, also when enough have agreed.");
const command command_approval_review =
    DECISION("review", run_review, "Say that an access which broke the glass was looked at",
             "By somebody else than who broke it.");
