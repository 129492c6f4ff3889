/* cli/cmd_certificate.c: velum certificate get ID */
#include "cli/commands.h"

#include "cli/certificate_out.h"
#include "cli/session.h"

static int run(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(velum_answer) *file = NULL;
    const char *const id = invocation->arguments[0];
    const char *const out = invocation_value(invocation, "out");
    uint8_t bytes[(CERTIFICATE_ID_BYTES - 1) / 2];

    if (hex_decode(text_of(id), bytes, sizeof(bytes)) < 0) {
        return command_wrong(invocation->command, "a certificate's id has 32 hex digits");
    }
    if (session_open(invocation, &client) < 0 || certificate_await(client, id, &file) < 0) {
        return EXIT_REFUSED;
    }
    return certificate_write_out(out, session_body(file)) < 0 ? EXIT_REFUSED : EXIT_DONE;
}

const command command_certificate_get = {
    .group = "certificate",
    .name = "get",
    .arguments = "ID",
    .arguments_min = 1,
    .arguments_max = 1,
    .has_data = true,
    .activity = "requests",
    .summary = "The certificate of an erasure, with its proof",
    .detail = "Waits up to a minute for an erasure that goes on. The proof reaches as far as\n"
              "the log's newest checkpoint; the certificate's text never changes.",
    .options = {{"out", "FILE", "write it to a new file"}},
    .run = run,
};
