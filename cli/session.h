/* cli/session.h: a command's conversation with the gate.
 *
 * The gate is a running velumd's, over its socket, or one in this process. The person is known by the
 * process's uid, or by the token of $VELUM_TOKEN_FILE. What goes wrong has been said on stderr when a
 * function returns a negative status.
 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "base/json.h"
#include "cli/command.h"

#include <velum/admin.h>

#define SESSION_ANSWER_BYTES_MAX ((size_t)64 << 20)
#define SESSION_REF_BYTES_MAX 256

VELUM_DEFINE_AUTO(velum_client);
VELUM_DEFINE_AUTO(velum_answer);

typedef struct session_request {
    uint32_t verb;
    const char *activity; /* NULL: the verb's own */
    const char *ref;      /* as typed; NULL: none */
    text body;
} session_request;

/* Opens the folder that the command works on. */
velum_status session_open(const invocation *invocation, velum_client **out) VELUM_WARN_UNUSED;
velum_status session_open_folder(const char *folder, velum_client **out) VELUM_WARN_UNUSED;

/* Sends and waits, whatever the answer says; only a failure of the call itself is an error. */
velum_status session_send(velum_client *client, const session_request *request,
                          velum_answer **out) VELUM_WARN_UNUSED;
/* The same, where every answer but 200 is VELUM_E_DENIED and its reason has been said. */
velum_status session_ask(velum_client *client, const session_request *request,
                         velum_answer **out) VELUM_WARN_UNUSED;
/* The same for an answer that is read: an object. */
velum_status session_ask_json(velum_client *client, const session_request *request,
                              json **out) VELUM_WARN_UNUSED;

/* Says why an answer is no, and what to do. */
void session_say_refusal(const velum_answer *answer);
/* Says what failed, and what to do. */
void session_say_error(const char *what, velum_status status, const velum_error *err);
text session_body(const velum_answer *answer);
velum_string string_of(text a);

#endif
