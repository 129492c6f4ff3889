/* cli/cmd_audit_verify.c: velum audit verify [DIR]
 *
 * No gate is opened. What is trusted comes from the options or from the officer's own trust file,
 * never from the folder that is judged; an exit 0 moves the trust file on, and never backwards.
 */
#include "cli/commands.h"

#include "cli/place.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/session.h"
#include "cli/show.h"
#include "cli/trust.h"
#include "cli/verdict.h"

#define BODY_BYTES_MAX 256

/* What is judged, and with what. */
typedef struct judgement {
    const invocation *invocation;
    char log[PLACE_BYTES_MAX];  /* the log folder */
    char data[PLACE_BYTES_MAX]; /* its data folder, or "" */
    char key[TRUST_KEY_BYTES];
    char seen[TRUST_CHECKPOINT_BYTES];
    trust trust;
    bool has_trust;
    verdict_source key_source;
    verdict_source seen_source;
    bool is_live;
    progress progress;
    velum_log_report report;
} judgement;

/* The named folder is a data folder, the log of one, or a log by itself. */
static velum_status find_log(judgement *self)
{
    const char *folder = self->invocation->arguments[0];
    const bool is_named = folder != NULL;

    if (!is_named) {
        VELUM_TRY(place_find(self->invocation, &folder));
    }
    if (place_has_folder(folder, PLACE_AUDIT)) {
        VELUM_TRY(place_join(folder, ".", self->data));
        return place_join(folder, PLACE_AUDIT, self->log);
    }
    if (place_above(folder, self->data) != VELUM_OK) {
        self->data[0] = '\0';
    }
    return place_join(folder, ".", self->log);
}

/* A short text, from a file when it is `@FILE` or when `is_file`; without line ends behind it when
 * it is one line. */
static bool read_value(const char *value, bool is_file, char *out, size_t size)
{
    VELUM_AUTO_BUFFER contents;

    buffer_init(&contents, size - 1);
    if (!is_file && value[0] != '@') {
        buffer_append_text(&contents, value);
    } else {
        const velum_status status = place_read_path(value[0] == '@' ? value + 1 : value, &contents);
        if (status < 0) {
            return false;
        }
    }
    if (buffer_status(&contents) < 0 || contents.size == 0 ||
        memchr(contents.data, 0, contents.size) != NULL) {
        return false;
    }
    memcpy(out, contents.data, contents.size);
    out[contents.size] = '\0';
    return true;
}

static int read_options(judgement *self)
{
    const char *key = invocation_value(self->invocation, "key");
    const char *seen = invocation_value(self->invocation, "seen");

    if (key != NULL) {
        if (!read_value(key, false, self->key, sizeof(self->key))) {
            return command_wrong(self->invocation->command,
                                 "--key takes a verifier key, or @FILE that holds one");
        }
        self->key[strcspn(self->key, "\r\n")] = '\0';
        self->key_source = SOURCE_OPTION;
    }
    if (seen != NULL) {
        if (!read_value(seen, true, self->seen, sizeof(self->seen))) {
            return command_wrong(self->invocation->command,
                                 "--seen takes a file that holds a checkpoint");
        }
        self->seen_source = SOURCE_OPTION;
    }
    return EXIT_DONE;
}

/* The origin that the folder claims; it only chooses the trust file. */
static text claimed_origin(const judgement *self, buffer *line)
{
    if (self->key_source == SOURCE_OPTION) {
        return trust_origin(text_of(self->key));
    }
    if (place_read(self->log, "origin", line) < 0 || line->size == 0) {
        return TEXT_EMPTY;
    }
    return trust_origin((text){(const char *)line->data, line->size});
}

/* Fills in from the trust file what no option gave. A checkpoint of the file serves only together
 * with the file's key. */
static void read_trust(judgement *self)
{
    VELUM_AUTO_BUFFER line;

    buffer_init(&line, TRUST_KEY_BYTES);
    const velum_status status = trust_read(claimed_origin(self, &line), &self->trust);
    if (status == VELUM_E_CORRUPT || status == VELUM_E_IO) {
        say("the trust file cannot be read; it was not used");
    }
    self->has_trust = status == VELUM_OK;
    if (!self->has_trust) {
        return;
    }
    if (self->key_source == SOURCE_NONE) {
        memcpy(self->key, self->trust.key, sizeof(self->key));
        self->key_source = SOURCE_TRUST_FILE;
    }
    if (self->seen_source == SOURCE_NONE && self->trust.checkpoint[0] != '\0' &&
        strcmp(self->key, self->trust.key) == 0) {
        memcpy(self->seen, self->trust.checkpoint, sizeof(self->seen));
        self->seen_source = SOURCE_TRUST_FILE;
    }
}

static void show_progress(void *context, uint64_t done, uint64_t total)
{
    progress_show(context, done, done, total);
}

static velum_status judge(judgement *self)
{
    const velum_log_options options = {
        .size = sizeof(options),
        .folder = string_of(text_of(self->log)),
        .verifier_key = string_of(text_of(self->key)),
        .seen_checkpoint = string_of(text_of(self->seen)),
        .live = self->is_live,
        .progress = show_progress,
        .context = &self->progress,
    };

    self->report.size = sizeof(self->report);
    progress_begin(&self->progress, "entries verified");
    const velum_status status = velum_log_verify(&options, &self->report);
    progress_end(&self->progress);
    return status;
}

/* After an exit 0: the trust file moves on to what was seen now. One that is not there is made when
 * key and checkpoint were both given. */
static void move_trust(const judgement *self)
{
    trust next = {.key = ""};
    const bool may_move = self->has_trust && self->seen_source == SOURCE_TRUST_FILE;
    const bool may_make =
        !self->has_trust && self->key_source == SOURCE_OPTION && self->seen_source == SOURCE_OPTION;

    if ((!may_move && !may_make) || self->report.checkpoint[0] == '\0') {
        return;
    }
    memcpy(next.key, self->key, sizeof(next.key));
    (void)memccpy(next.checkpoint, self->report.checkpoint, '\0', sizeof(next.checkpoint) - 1);
    if (trust_write(trust_origin(text_of(self->key)), &next) < 0) {
        say("the trust file could not be moved on; the next verification starts where this did");
    }
}

/* A running velumd writes the verification into the log itself. */
static void report_to_gate(const judgement *self)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(velum_answer) *answer = NULL;
    VELUM_AUTO_BUFFER body;
    json_writer json;
    velum_error err;

    buffer_init(&body, BODY_BYTES_MAX);
    json_writer_init(&json, &body);
    json_begin_object(&json);
    json_member_integer(&json, "result", self->report.exit_code);
    json_member_integer(&json, "size", (int64_t)self->report.entries);
    json_end_object(&json);
    if (velum_client_open(string_of(text_of(self->data)), &client, &err) < 0 ||
        !velum_client_is_remote(client)) {
        return; /* the program that holds the folder is no velumd */
    }
    const session_request request = {.verb = VELUM_VERB_AUDIT_VERIFIED,
                                     .body = {(const char *)body.data, body.size}};
    if (session_ask(client, &request, &answer) < 0) {
        say("so the verification is not in the log; its result stands");
    }
}

static int show(const judgement *self)
{
    const verdict verdict = {&self->report, self->key_source, self->seen_source, self->is_live};
    const velum_status status = invocation_has(self->invocation, "json")
                                    ? verdict_show_json(&verdict)
                                    : verdict_show(&verdict);

    return status < 0 ? EXIT_REFUSED : self->report.exit_code;
}

static int run(const invocation *invocation)
{
    judgement judgement = {.invocation = invocation};

    if (find_log(&judgement) < 0) {
        return EXIT_USAGE;
    }
    if (read_options(&judgement) != EXIT_DONE) {
        return EXIT_USAGE;
    }
    read_trust(&judgement);
    judgement.is_live =
        judgement.data[0] != '\0' && velum_folder_is_live(string_of(text_of(judgement.data)));
    if (judge(&judgement) < 0) {
        say("the log could not be judged: there is not enough memory");
        return VERDICT_UNREADABLE;
    }
    if (judgement.report.exit_code == VERDICT_SOUND) {
        move_trust(&judgement);
    }
    const int exit_code = show(&judgement);
    if (judgement.is_live) {
        report_to_gate(&judgement);
    }
    return exit_code;
}

const command command_audit_verify = {
    .group = "audit",
    .name = "verify",
    .arguments = "[DIR]",
    .arguments_max = 1,
    .has_data = true,
    .activity = "audit",
    .summary = "Whether the log can be believed",
    .detail = "DIR is a data folder, a log folder, or a copy of one; no gate is opened and no\n"
              "secret is needed. Key and last checkpoint come from the options, else from the\n"
              "trust file ~/.config/velum/trust/ORIGIN, which `velum init` writes and a\n"
              "result 0 moves on.\n"
              "\n"
              "  0  sound, consistent with the checkpoint last seen\n"
              "  3  tampered; the first bad entry is named\n"
              "  4  truncated against something signed\n"
              "  5  unreadable\n"
              "  6  consistent in itself, but nothing outside proves that nothing was cut",
    .options = {{"key", "VKEY", "the verifier key to trust, or @FILE"},
                {"seen", "CHECKPOINT", "a file with the checkpoint last seen"},
                {"json", NULL, "the result as JSON"}},
    .run = run,
};
