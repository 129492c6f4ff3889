/* cli/cmd_audit_prove.c: velum audit prove INDEX|ID [DIR] */
#include "cli/commands.h"

#include "cli/place.h"
#include "cli/say.h"
#include "cli/session.h"
#include "cli/show.h"

#define EVENT_ID_DIGITS 32
#define BODY_BYTES_MAX 256

/* An index, or an event id of 32 hex digits. */
static bool is_entry(text typed)
{
    uint8_t id[EVENT_ID_DIGITS / 2];
    uint64_t index = 0;

    return (text_parse_u64(typed, &index) && index <= INT64_MAX) ||
           hex_decode(typed, id, sizeof(id)) == VELUM_OK;
}

static void write_body(text typed, buffer *out)
{
    uint64_t index = 0;
    json_writer json;

    json_writer_init(&json, out);
    json_begin_object(&json);
    if (typed.size < EVENT_ID_DIGITS && text_parse_u64(typed, &index)) {
        json_member_integer(&json, "index", (int64_t)index);
    } else {
        json_member_text(&json, "id", typed);
    }
    json_end_object(&json);
}

static int prove_by_gate(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(velum_answer) *answer = NULL;
    VELUM_AUTO(json) *proof = NULL;
    VELUM_AUTO_BUFFER body;

    buffer_init(&body, BODY_BYTES_MAX);
    write_body(text_of(invocation->arguments[0]), &body);
    const session_request request = {.verb = VELUM_VERB_AUDIT_PROVE,
                                     .body = {(const char *)body.data, body.size}};
    if (session_open(invocation, &client) < 0 || session_ask(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    if (invocation_has(invocation, "json")) {
        return show_json(session_body(answer)) < 0 ? EXIT_REFUSED : EXIT_DONE;
    }
    if (json_parse(session_body(answer), SESSION_ANSWER_BYTES_MAX, &proof, NULL) < 0) {
        say("the gate's answer cannot be read");
        return EXIT_REFUSED;
    }
    const json_value *lines = json_member(json_root(proof), "proof");
    const text shown = lines == NULL ? TEXT_EMPTY : json_text(lines);
    return show_bytes(shown.data, shown.size) < 0 ? EXIT_REFUSED : EXIT_DONE;
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
    if (!is_entry(text_of(invocation->arguments[0]))) {
        return command_wrong(invocation->command,
                             "an entry is named by its index or by the 32 hex digits of its id");
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
