/* cli/cmd_clock.c: velum clock accept */
#include "cli/commands.h"

#include "cli/say.h"
#include "cli/session.h"

static int run(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(json) *answer = NULL;
    const session_request request = {.verb = VELUM_VERB_CLOCK_ACCEPT};

    if (session_open(invocation, &client) < 0 || session_ask_json(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    const json_value *at = json_member(json_root(answer), "at");
    const text time = at == NULL ? TEXT_EMPTY : json_text(at);
    say("the clock is accepted%s%.*s", time.size == 0 ? "" : ": ",
        (int)(time.size < 40 ? time.size : 40), time.data);
    return EXIT_DONE;
}

const command command_clock_accept = {
    .group = "clock",
    .name = "accept",
    .arguments = "",
    .has_data = true,
    .activity = "administration",
    .summary = "Accept a machine clock that stands behind the newest record",
    .detail = "While the clock is behind, an expiry cannot be judged, and what rests on a\n"
              "consent is refused. Set the clock first; accept it only when it is right. The\n"
              "log records who did.",
    .run = run,
};
