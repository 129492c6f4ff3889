/* cli/cmd_certificate_verify.c: velum certificate verify FILE
 *
 * No gate and no data folder: the file and a key that is trusted. The file only says which log it is
 * of, which chooses the trust file.
 */
#include "cli/commands.h"

#include "cli/place.h"
#include "cli/say.h"
#include "cli/session.h"
#include "cli/show.h"
#include "cli/trust.h"
#include "cli/verdict.h"

#define FILE_BYTES_MAX 262144
#define SHOWN_BYTES_MAX 65536

typedef struct judged {
    velum_certificate_report report;
    char *text; /* freed by its maker's function */
    size_t size;
} judged;

static void judged_clear(judged *self)
{
    velum_body_free(self->text);
    self->text = NULL;
}

static velum_status judge(text file, const char *key, judged *out)
{
    judged_clear(out);
    out->report = (velum_certificate_report){.size = sizeof(out->report)};
    return velum_certificate_verify(string_of(file), string_of(text_of(key)), &out->report,
                                    &out->text, &out->size);
}

/* --- the key ------------------------------------------------------------------------------------ */

/* --key VKEY or @FILE; false when it is none. */
static bool read_key(const char *value, char out[TRUST_KEY_BYTES])
{
    VELUM_AUTO_BUFFER line = {0};

    buffer_init(&line, TRUST_KEY_BYTES - 1);
    if (value[0] != '@') {
        buffer_append_text(&line, value);
    } else if (place_read_path(value + 1, &line) < 0) {
        return false;
    }
    if (buffer_status(&line) < 0 || line.size == 0 || memchr(line.data, 0, line.size) != NULL) {
        return false;
    }
    memcpy(out, line.data, line.size);
    out[line.size] = '\0';
    out[strcspn(out, "\r\n")] = '\0';
    return true;
}

/* With the key of the log's trust file, where there is one. */
static velum_status judge_by_trust(text file, judged *out)
{
    trust trust;

    VELUM_TRY(judge(file, "", out));
    if (out->report.exit_code != VERDICT_UNPROVEN ||
        trust_read(text_of(out->report.origin), &trust) != VELUM_OK) {
        return VELUM_OK;
    }
    return judge(file, trust.key, out);
}

/* --- what it says ------------------------------------------------------------------------------- */

static void copy_member(json_writer *out, const char *name, const json_value *from,
                        const char *member)
{
    const json_value *value = json_member(from, member);

    if (value != NULL && (json_kind_of(value) != JSON_ARRAY || json_count(value) > 0)) {
        json_name(out, name);
        json_write_value(out, value);
    }
}

/* Sentences as one text. */
static void copy_sentences(json_writer *out, const char *name, const json_value *sentences)
{
    VELUM_AUTO_BUFFER joined = {0};

    buffer_init(&joined, SHOWN_BYTES_MAX);
    for (size_t i = 0; sentences != NULL && i < json_count(sentences); i++) {
        const text sentence = json_text(json_at(sentences, i));
        if (i > 0) {
            buffer_append_byte(&joined, ' ');
        }
        buffer_append(&joined, sentence.data, sentence.size);
    }
    json_name(out, name);
    json_write_text(out, (text){(const char *)joined.data, joined.size});
}

/* One level, so that each line of the table is a fact. */
static void write_facts(const json_value *said, uint64_t index, json_writer *out)
{
    const json_value *asked = json_member(said, "asked");
    const json_value *destroyed = json_member(said, "destroyed");

    json_begin_object(out);
    copy_member(out, "certificate", said, "id");
    copy_member(out, "log", said, "log");
    json_member_integer(out, "entry", (int64_t)index);
    copy_member(out, "kind", said, "kind");
    copy_member(out, "asked", asked, "at");
    copy_member(out, "request", asked, "request");
    copy_member(out, "done", said, "at");
    copy_member(out, "subject", json_member(said, "subject"), "token");
    copy_member(out, "destroyed", destroyed, "categories");
    copy_member(out, "identifiers", destroyed, "identifiers");
    copy_member(out, "keys", destroyed, "keys");
    copy_member(out, "kept", said, "kept");
    copy_member(out, "evidence_until", said, "evidence_until");
    copy_member(out, "suppressed_until", json_member(said, "suppressed"), "until");
    copy_sentences(out, "limits", json_member(said, "limits"));
    json_end_object(out);
}

static velum_status show_facts(const judged *judged)
{
    VELUM_AUTO(json) *said = NULL;
    VELUM_AUTO(json) *facts = NULL;
    VELUM_AUTO_BUFFER flat = {0};
    json_writer out;

    buffer_init(&flat, SHOWN_BYTES_MAX);
    VELUM_TRY(json_parse((text){judged->text, judged->size}, FILE_BYTES_MAX, &said, NULL));
    json_writer_init(&out, &flat);
    write_facts(json_root(said), judged->report.index, &out);
    VELUM_TRY(buffer_status(&flat));
    VELUM_TRY(
        json_parse((text){(const char *)flat.data, flat.size}, SHOWN_BYTES_MAX, &facts, NULL));
    return show_pairs(json_root(facts));
}

static velum_status show_result_json(const judged *judged)
{
    VELUM_AUTO_BUFFER body = {0};
    json_writer out;

    buffer_init(&body, SHOWN_BYTES_MAX);
    json_writer_init(&out, &body);
    json_begin_object(&out);
    json_member_integer(&out, "exit_code", judged->report.exit_code);
    json_member_string(&out, "reason", judged->report.reason);
    if (judged->text != NULL) {
        json_member_integer(&out, "entry", (int64_t)judged->report.index);
        json_name(&out, "certificate");
        json_write_raw(&out, (text){judged->text, judged->size});
    }
    json_end_object(&out);
    VELUM_TRY(buffer_status(&body));
    return show_json((text){(const char *)body.data, body.size});
}

static int show(const invocation *invocation, const judged *judged)
{
    const int32_t code = judged->report.exit_code;
    velum_status status = VELUM_OK;

    if (invocation_has(invocation, "json")) {
        status = show_result_json(judged);
    } else {
        say("%s: %s", code == VERDICT_SOUND ? "the certificate holds" : "the certificate",
            judged->report.reason);
        if (code == VERDICT_UNPROVEN) {
            say_more("Give the log's verifier key with --key, from a source of your own.");
        }
        if (code == VERDICT_SOUND || code == VERDICT_UNPROVEN) {
            status = show_facts(judged);
        }
    }
    return status < 0 ? EXIT_REFUSED : code;
}

static int run(const invocation *invocation)
{
    __attribute__((cleanup(judged_clear))) judged judged = {.text = NULL};
    VELUM_AUTO_BUFFER file = {0};
    char key[TRUST_KEY_BYTES];
    const char *const given = invocation_value(invocation, "key");

    buffer_init(&file, FILE_BYTES_MAX);
    if (given != NULL && !read_key(given, key)) {
        return command_wrong(invocation->command,
                             "--key takes a verifier key, or @FILE that holds one");
    }
    if (place_read_path(invocation->arguments[0], &file) < 0) {
        say("the file cannot be read, or is too large for a certificate");
        return VERDICT_UNREADABLE;
    }
    const text bytes = {(const char *)file.data, file.size};
    const velum_status status =
        given != NULL ? judge(bytes, key, &judged) : judge_by_trust(bytes, &judged);
    if (status == VELUM_E_INVALID) {
        return command_wrong(invocation->command, "that is no verifier key");
    }
    if (status < 0) {
        say("the certificate could not be judged: there is not enough memory");
        return VERDICT_UNREADABLE;
    }
    return show(invocation, &judged);
}

const command command_certificate_verify = {
    .group = "certificate",
    .name = "verify",
    .arguments = "FILE",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Whether the certificate of an erasure holds, offline",
    .detail = "Needs no gate, no data folder and no secret: only the log's verifier key, from\n"
              "--key or from the trust file ~/.config/velum/trust/ORIGIN.\n"
              "\n"
              "  0  it holds: what it says stands in the log that the key signed\n"
              "  3  it does not hold\n"
              "  5  unreadable\n"
              "  6  consistent in itself, but no key to prove it is trusted",
    .options = {{"key", "VKEY", "the verifier key to trust, or @FILE"},
                {"json", NULL, "the result and the certificate as JSON"}},
    .run = run,
};
