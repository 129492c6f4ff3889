/* cli/cmd_audit_prove.c: velum audit prove INDEX|ID [DIR] */
#include "cli/commands.h"

#include "cli/entry_name.h"
#include "cli/paged_call.h"
#include "cli/place.h"
#include "cli/say.h"
#include "cli/show.h"

static void write_question(const void *context, json_writer *json)
{
    const invocation *const invocation = context;

    entry_name_write(text_of(invocation->arguments[0]), json);
}

static velum_status show_answer_json(const json_value *answer)
{
    VELUM_AUTO_BUFFER line = {0};
    json_writer json;

    buffer_init(&line, SESSION_ANSWER_BYTES_MAX);
    json_writer_init(&json, &line);
    json_write_value(&json, answer);
    VELUM_TRY(buffer_status(&line));
    return show_json((text){(const char *)line.data, line.size});
}

/* A stretch that did not find the entry yet has only `next`. */
static velum_status show_proof(void *context, const json_value *answer, uint64_t *out_count)
{
    const invocation *const invocation = context;
    const json_value *const lines = json_member(answer, "proof");

    *out_count = 0;
    if (lines == NULL) {
        return VELUM_OK;
    }
    const text shown = json_text(lines);
    VELUM_TRY(invocation_has(invocation, "json") ? show_answer_json(answer)
                                                 : show_bytes(shown.data, shown.size));
    return VELUM_END;
}

static int prove_by_gate(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    paged_call call = {.verb = VELUM_VERB_AUDIT_PROVE,
                       .write = write_question,
                       .show = show_proof,
                       .context = (void *)(uintptr_t)invocation,
                       .what = "entries looked at",
                       .left = UINT64_MAX};

    if (session_open(invocation, &client) < 0) {
        return EXIT_REFUSED;
    }
    call.client = client;
    return paged_call_run(&call) < 0 ? EXIT_REFUSED : EXIT_DONE;
}

static velum_status write_proof_json(const char *proof, size_t size)
{
    VELUM_AUTO_BUFFER out;
    json_writer json;

    buffer_init(&out, SESSION_ANSWER_BYTES_MAX);
    json_writer_init(&json, &out);
    json_begin_object(&json);
    json_member_text(&json, "proof", (text){proof, size});
    json_end_object(&json);
    VELUM_TRY(buffer_status(&out));
    return show_json((text){(const char *)out.data, out.size});
}

static int prove_in_folder(const invocation *invocation)
{
    char joined[PLACE_BYTES_MAX];
    const char *folder = invocation->arguments[1];
    char *proof = NULL;
    size_t size = 0;
    velum_error err = {0};

    if (place_has_folder(folder, PLACE_AUDIT) &&
        place_join(folder, PLACE_AUDIT, joined) == VELUM_OK) {
        folder = joined;
    }
    velum_status status =
        velum_log_prove(string_of(text_of(folder)), string_of(text_of(invocation->arguments[0])),
                        &proof, &size, &err);
    if (status < 0) {
        say("no proof: %s", err.text[0] == '\0' ? velum_status_text(status) : err.text);
        say_more(
            "A proof reaches as far as the folder's checkpoint; `velum audit verify` says how.");
        return EXIT_REFUSED;
    }
    status = invocation_has(invocation, "json") ? write_proof_json(proof, size)
                                                : show_bytes(proof, size);
    velum_body_free(proof);
    return status < 0 ? EXIT_REFUSED : EXIT_DONE;
}

static int run(const invocation *invocation)
{
    if (!entry_name_is_one(text_of(invocation->arguments[0]))) {
        return command_wrong(invocation->command, ENTRY_NAME_EXPECTED);
    }
    if (invocation->argument_count == 2) {
        return prove_in_folder(invocation);
    }
    return prove_by_gate(invocation);
}

const command command_audit_prove = {
    .group = "audit",
    .name = "prove",
    .arguments = "INDEX|ID [DIR]",
    .arguments_min = 1,
    .arguments_max = 2,
    .has_data = true,
    .activity = "audit",
    .summary = "The proof that an entry stands in the log",
    .detail = "Prints a tlog-proof (c2sp.org/tlog-proof@v1): with the entry's bytes and the\n"
              "verifier key it convinces anybody, offline. ID is the decision id of an\n"
              "answer. With DIR, a log folder or a copy, no gate is asked and nothing is\n"
              "recorded.",
    .options = {{"json", NULL, "proof, index and the entry's bytes as JSON"}},
    .run = run,
};
