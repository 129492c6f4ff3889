/* cli/cmd_restore.c: velum restore --from PLACE [DIR] */
#include "cli/commands.h"

#include <stddef.h>

#include "cli/machine.h"
#include "cli/place.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/session.h"
#include "cli/show.h"
#include "cli/trust.h"

#define ANSWER_BYTES_MAX 4096

/* --- What was found and done ------------------------------------------------------------------ */

/* One number of the result. Without words it is told by --json alone. */
typedef struct counted {
    const char *member;
    size_t offset;    /* of a uint64_t in velum_restore_result */
    const char *one;  /* what follows a 1 */
    const char *many; /* what follows any other number */
    const char *next; /* what is left to do, or NULL */
} counted;

#define COUNTED(name) .member = #name, .offset = offsetof(velum_restore_result, name)

static const counted counts[] = {
    {COUNTED(log_size)},
    {COUNTED(entries_since), .one = "write of the log is newer than the copy",
     .many = "writes of the log are newer than the copy"},
    {COUNTED(subjects), .one = "customer is there", .many = "customers are there"},
    {COUNTED(erased), .one = "customer who was erased since is erased again",
     .many = "customers who were erased since are erased again"},
    {COUNTED(unreadable),
     .one = "customer lost a category since; the rest went with its key and is erased as well",
     .many = "customers lost a category since; the rest went with its key and is erased as well"},
    {COUNTED(consents), .one = "customer took a consent back since; it does not stand here either",
     .many = "customers took a consent back since; it does not stand here either"},
    {COUNTED(restricted),
     .one = "customer changed in a way that the log does not tell; all is forbidden",
     .many = "customers changed in a way that the log does not tell; all is forbidden",
     .next = "Look at each, then `velum subject unrestrict`; a newer log may tell more (--log)."},
    {COUNTED(messages),
     .one = "customer was written to since; what the copy has waiting for them does not go",
     .many = "customers were written to since; what the copy has waiting for them does not go"},
    {COUNTED(missing), .one = "customer came after the copy and is not in it; their keys are gone",
     .many = "customers came after the copy and are not in it; their keys are gone",
     .next = "Bring them in again: `velum import`, or the system that sent them."},
    {COUNTED(approvals), .one = "approval that was not used ends: it may have been since",
     .many = "approvals that were not used end: they may have been since",
     .next = "Whoever needs one asks again: `velum approval ask`."},
    {COUNTED(credentials), .one = "credential was revoked or rotated since; its tokens end",
     .many = "credentials were revoked or rotated since; their tokens end",
     .next = "`velum credential rotate` gives a rotated one a new token."},
    {COUNTED(policies), .one = "change of the policy came after the copy",
     .many = "changes of the policy came after the copy",
     .next = "`velum policy show` says what is in force; do the rest again."},
    {COUNTED(requests), .one = "request of a customer came, or moved on, after the copy",
     .many = "requests of customers came, or moved on, after the copy",
     .next = "Look at each: `velum request list`; what is not there, `velum request add`."},
};

#define COUNTS (sizeof(counts) / sizeof(counts[0]))

static uint64_t value_of(const velum_restore_result *result, const counted *counted)
{
    uint64_t value = 0;

    memcpy(&value, (const char *)result + counted->offset, sizeof(value));
    return value;
}

static void say_result(const velum_restore_result *result)
{
    char number[SHOW_NUMBER_BYTES];

    say("the data folder is made from %s", result->name);
    for (size_t i = 0; i < COUNTS; i++) {
        const uint64_t value = value_of(result, &counts[i]);
        if (value == 0 || counts[i].one == NULL) {
            continue;
        }
        show_number(value, number);
        say_more("%s %s.", number, value == 1 ? counts[i].one : counts[i].many);
        if (counts[i].next != NULL) {
            say_more("    %s", counts[i].next);
        }
    }
    say_more("Credentials and consents that were given after the copy are to be given anew.");
    say_more("The log begins anew, under another origin and key; the old one is audit-before/.");
}

static velum_status show_result_json(const velum_restore_result *result)
{
    VELUM_AUTO_BUFFER bytes = {0};
    json_writer json;

    buffer_init(&bytes, ANSWER_BYTES_MAX);
    json_writer_init(&json, &bytes);
    json_begin_object(&json);
    json_member_string(&json, "name", result->name);
    for (size_t i = 0; i < COUNTS; i++) {
        json_name(&json, counts[i].member);
        json_write_unsigned(&json, value_of(result, &counts[i]));
    }
    json_member_string(&json, "origin", result->origin);
    json_member_string(&json, "verifier_key", result->verifier_key);
    json_end_object(&json);
    VELUM_TRY(buffer_status(&bytes));
    return show_json((text){(const char *)bytes.data, bytes.size});
}

/* --- Doing it --------------------------------------------------------------------------------- */

typedef struct phase {
    const char *what;
    progress shown;
} phase;

static void tell(void *context, const char *what, uint64_t done, uint64_t total)
{
    phase *const self = context;

    if (self->what != what) {
        progress_end(&self->shown);
        self->what = what;
        progress_begin(&self->shown, what);
    }
    progress_show(&self->shown, done, done, total);
}

/* The log of a data folder, or a log by itself, as for `velum audit verify`. */
static velum_status find_log(const char *typed, char out[PLACE_BYTES_MAX])
{
    if (typed == NULL) {
        out[0] = '\0';
        return VELUM_OK;
    }
    return place_join(typed, place_has_folder(typed, PLACE_AUDIT) ? PLACE_AUDIT : ".", out);
}

/* What to do where the same status means something else than of a data folder. */
static const struct {
    velum_status status;
    const char *words;
} remedies[] = {
    {VELUM_E_EXISTS,
     "DIR must not exist: nothing is overwritten, and nothing is restored into it."},
    {VELUM_E_NOTFOUND, "PLACE is a folder that `velum backup --to PLACE` wrote to."},
    {VELUM_E_OLDER,
     "A newer log, such as that of the folder that is gone, is named with --log DIR2."},
};

static void say_failure(velum_status status, const velum_error *err)
{
    for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++) {
        if (remedies[i].status == status) {
            say("nothing was restored: %s",
                err->text[0] == '\0' ? velum_status_text(status) : err->text);
            say_more("%s", remedies[i].words);
            return;
        }
    }
    session_say_error("nothing was restored", status, err);
}

static velum_status restore(const invocation *invocation, const char *folder,
                            velum_restore_result *result)
{
    velum_error err = {0};
    phase phase = {.what = NULL};
    char log[PLACE_BYTES_MAX];

    if (find_log(invocation_value(invocation, "log"), log) < 0) {
        say("nothing was restored: the path of the log is too long");
        return VELUM_E_LIMIT;
    }
    const velum_restore_options options = {
        .size = sizeof(options),
        .place = string_of(text_of(invocation_value(invocation, "from"))),
        .name = string_of(text_of(invocation_value(invocation, "backup"))),
        .log = string_of(text_of(log)),
        .folder = string_of(text_of(folder)),
        .progress = tell,
        .context = &phase,
    };

    machine_point_to_root(folder);
    const velum_status status = velum_restore(&options, result, &err);
    progress_end(&phase.shown);
    if (status < 0) {
        say_failure(status, &err);
    }
    return status;
}

static int run(const invocation *invocation)
{
    velum_restore_result result = {.size = sizeof(result)};
    const char *folder = invocation->arguments[0];

    if (!invocation_has(invocation, "from")) {
        return command_wrong(invocation->command, "it takes --from PLACE, where the backups are");
    }
    if (folder == NULL && place_find(invocation, &folder) < 0) {
        return EXIT_REFUSED;
    }
    if (restore(invocation, folder, &result) < 0) {
        return EXIT_REFUSED;
    }
    trust_begin(folder, text_of(result.verifier_key));
    say_result(&result);
    const velum_status shown = invocation_has(invocation, "json")
                                   ? show_result_json(&result)
                                   : show_json(text_of(result.verifier_key));
    return shown < 0 ? EXIT_REFUSED : EXIT_DONE;
}

const command command_restore = {
    .name = "restore",
    .arguments = "[DIR]",
    .arguments_max = 1,
    .has_data = true,
    .summary = "Make a data folder from a backup, as of today's keys and log",
    .detail = "DIR must not exist; PLACE stays as it is. The log in the place, or a newer one,\n"
              "is verified. Who was erased after the copy is erased again; a consent that was\n"
              "taken back stays so, and a token that was revoked, as far as the log reaches;\n"
              "whoever changed in a way that it does not tell is restricted. A new log begins:\n"
              "its verifier key stands alone on stdout, and the trust file for `velum audit\n"
              "verify` is written. What is left to do is told. It needs the root secret, which\n"
              "no backup holds. Killed anywhere, it leaves no DIR: start it again.",
    .options = {{"from", "PLACE", "the folder that backups were made in"},
                {"backup", "NAME", "this vault-….db of it, else the newest"},
                {"log", "DIR2", "a newer log than the place has: a data folder's"},
                {"json", NULL, "the result as JSON"}},
    .run = run,
};
