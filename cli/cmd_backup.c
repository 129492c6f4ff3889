/* cli/cmd_backup.c: velum backup --to PLACE | --status | --forget PLACE
 *
 * The gate writes to places on a thread of its own, and this asks how far it is; a gate in this
 * process stays open until that has ended.
 */
#include "cli/commands.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "cli/place.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/session.h"
#include "cli/show.h"
#include "cli/width.h"

#define KEEP_MAX 1000
#define BODY_BYTES_MAX ((size_t)8 * PLACE_BYTES_MAX) /* \u00XX for a byte, and the names */
#define WORDS_BYTES_MAX 512
#define WHAT_BYTES 64

#define PAUSE_MS 200
#define POLLS_OF_BACKUP 500000  /* more than a day */
#define POLLS_OF_FORGETTING 150 /* half a minute */

/* --- The place, as the gate wants it ---------------------------------------------------------- */

static_assert(PLACE_BYTES_MAX >= PATH_MAX, "realpath() writes so much");

/* A folder that is not there yet, below one that is: the gate makes the last component. */
static velum_status resolve_new(const char *typed, char out[PLACE_BYTES_MAX])
{
    char path[PLACE_BYTES_MAX];
    char above[PLACE_BYTES_MAX];
    int size = snprintf(path, sizeof(path), "%s%s", typed[0] == '/' ? "" : "./", typed);

    if (size < 0 || size >= PLACE_BYTES_MAX) {
        return VELUM_E_LIMIT;
    }
    while (size > 1 && path[size - 1] == '/') {
        path[--size] = '\0';
    }
    char *const slash = strrchr(path, '/');
    const char *const name = slash + 1;
    if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        return VELUM_E_INVALID;
    }
    *slash = '\0';
    if (realpath(path[0] == '\0' ? "/" : path, above) == NULL) {
        return VELUM_E_NOTFOUND;
    }
    return place_join(strcmp(above, "/") == 0 ? "" : above, name, out);
}

/* An absolute path without links. Where this person may not look, or where a place to be forgotten
 * is gone, an absolute path counts as typed: the gate may be another user, and judges it. */
static velum_status resolve(const char *typed, bool may_be_gone, char out[PLACE_BYTES_MAX])
{
    if (realpath(typed, out) != NULL) {
        return VELUM_OK;
    }
    const int reason = errno;
    if (reason == ENOENT && resolve_new(typed, out) == VELUM_OK) {
        return VELUM_OK;
    }
    const int size = snprintf(out, PLACE_BYTES_MAX, "%s", typed);
    const bool fits = size > 0 && size < PLACE_BYTES_MAX;
    if (fits && typed[0] == '/' && (may_be_gone || reason == EACCES)) {
        return VELUM_OK;
    }
    if (may_be_gone) {
        say("which place? One that is gone is named by its whole path");
        say_more("`velum backup --status` lists the places as they are known.");
    } else {
        say("the folder in which the place is to be made is not there");
        say_more("PLACE is a folder for backups alone; it is made, but nothing above it.");
    }
    return VELUM_E_NOTFOUND;
}

/* {member: place, keep?}; what is wrong has been said. */
static velum_status write_body(const char *member, const char *place, uint64_t keep, buffer *out)
{
    json_writer json;

    buffer_init(out, BODY_BYTES_MAX);
    json_writer_init(&json, out);
    json_begin_object(&json);
    json_member_string(&json, member, place);
    if (keep > 0) {
        json_member_integer(&json, "keep", (int64_t)keep);
    }
    json_end_object(&json);
    if (buffer_status(out) < 0) {
        say("the path of the place is no text in UTF-8");
    }
    return buffer_status(out);
}

/* --- What an answer says ---------------------------------------------------------------------- */

static text text_in(const json_value *object, const char *name)
{
    const json_value *const value = json_member(object, name);

    return value == NULL ? TEXT_EMPTY : json_text(value);
}

static uint64_t number_in(const json_value *object, const char *name)
{
    const json_value *const value = json_member(object, name);
    const int64_t number = value == NULL ? 0 : json_integer(value);

    return number < 0 ? 0 : (uint64_t)number;
}

static bool is_state(const json_value *status, const char *state)
{
    return text_equal_literal(text_in(status, "state"), state);
}

/* What stands in a buffer; never NULL. */
static text shown_of(const buffer *shown)
{
    return (text){shown->size == 0 ? "" : (const char *)shown->data, shown->size};
}

/* Whether a status names a place as one that is followed. */
static bool is_followed(const json_value *status, text place)
{
    const json_value *const places = json_member(status, "places");

    for (size_t i = 0; places != NULL && i < json_count(places); i++) {
        if (text_equal(text_in(json_at(places, i), "place"), place)) {
            return true;
        }
    }
    return false;
}

/* --- Waiting ---------------------------------------------------------------------------------- */

/* What is waited for, and what is under way in the meantime. */
typedef struct watch {
    velum_client *client;
    text place; /* until it is not followed any more; empty: until no backup runs */
    uint32_t polls_max;
    char what[WHAT_BYTES];
    progress shown;
} watch;

static bool is_over(const watch *self, const json_value *status)
{
    return self->place.size > 0 ? !is_followed(status, self->place) : !is_state(status, "running");
}

static void tell(watch *self, const json_value *status)
{
    char what[WHAT_BYTES];
    const uint64_t done = number_in(status, "done");

    width_clean(text_in(status, "what"), what, sizeof(what));
    if (strcmp(what, self->what) != 0) {
        progress_end(&self->shown);
        memcpy(self->what, what, sizeof(what));
        progress_begin(&self->shown, self->what);
    }
    if (what[0] != '\0') {
        progress_show(&self->shown, done, done, number_in(status, "total"));
    }
}

/* A small folder is copied in less than a blink. */
static void wait_before(uint32_t number)
{
    static const int64_t first_ms[] = {20, 50, 100};
    const bool is_first = number < sizeof(first_ms) / sizeof(first_ms[0]);
    const struct timespec pause = {.tv_nsec = (is_first ? first_ms[number] : PAUSE_MS) * NS_PER_MS};

    (void)nanosleep(&pause, NULL);
}

/* `*out` is the status with which it was over. */
static velum_status poll_status(watch *self, json **out)
{
    const session_request request = {.verb = VELUM_VERB_BACKUP_STATUS};

    for (uint32_t i = 0; i < self->polls_max; i++) {
        VELUM_AUTO(json) *status = NULL;
        wait_before(i);
        VELUM_TRY(session_ask_json(self->client, &request, &status));
        if (is_over(self, json_root(status))) {
            *out = json_take(&status);
            return VELUM_OK;
        }
        tell(self, json_root(status));
    }
    say("it is not over yet; `velum backup --status` says how far it is");
    return VELUM_E_BUSY;
}

static velum_status await_end(watch *self, json **out)
{
    progress_begin(&self->shown, self->what);
    const velum_status status = poll_status(self, out);
    progress_end(&self->shown);
    return status;
}

/* --- --to ------------------------------------------------------------------------------------- */

/* Whether the last backup that the gate knows is the one that was begun here. */
static bool is_of(const json_value *begun, const json_value *status)
{
    const text name = text_in(status, "name");
    const text place = text_in(status, "place");

    return (name.size == 0 || text_equal(name, text_in(begun, "name"))) &&
           (place.size == 0 || text_equal(place, text_in(begun, "place")));
}

static velum_status show_value(const json_value *value)
{
    VELUM_AUTO_BUFFER bytes = {0};
    json_writer json;

    buffer_init(&bytes, SESSION_ANSWER_BYTES_MAX);
    json_writer_init(&json, &bytes);
    json_write_value(&json, value);
    VELUM_TRY(buffer_status(&bytes));
    return show_json(shown_of(&bytes));
}

/* "backup: NAME in PLACE": what `velum restore` is told. */
static velum_status show_made(const json_value *begun)
{
    VELUM_AUTO_BUFFER line = {0};
    const text name = text_in(begun, "name");
    const text place = text_in(begun, "place");

    buffer_init(&line, BODY_BYTES_MAX);
    buffer_append_text(&line, "backup: ");
    buffer_append(&line, name.data, name.size);
    buffer_append_text(&line, " in ");
    buffer_append(&line, place.data, place.size);
    VELUM_TRY(buffer_status(&line));
    return show_words(shown_of(&line));
}

static bool is_good_end(const json_value *begun, const json_value *status)
{
    const text reason = text_in(status, "reason");

    if (!is_of(begun, status)) {
        say("another backup was begun since: what became of this one is not told");
        return false;
    }
    if (is_state(status, "done")) {
        return true;
    }
    if (is_state(status, "failed")) {
        say("the backup failed: %.*s", (int)(reason.size < 200 ? reason.size : 200), reason.data);
    } else {
        say("the backup was cut short: the gate that made it is gone");
    }
    say_more("What is whole in the place stays; the next backup removes what is not.");
    return false;
}

static int run_to(const invocation *invocation, uint64_t keep)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(json) *begun = NULL;
    VELUM_AUTO(json) *status = NULL;
    VELUM_AUTO_BUFFER body = {0};
    char place[PLACE_BYTES_MAX];

    if (resolve(invocation_value(invocation, "to"), false, place) < 0 ||
        write_body("to", place, keep, &body) < 0) {
        return EXIT_REFUSED;
    }
    const session_request request = {.verb = VELUM_VERB_BACKUP, .body = shown_of(&body)};
    if (session_open(invocation, &client) < 0 || session_ask_json(client, &request, &begun) < 0) {
        return EXIT_REFUSED;
    }
    watch watch = {.client = client, .polls_max = POLLS_OF_BACKUP};
    if (await_end(&watch, &status) < 0) {
        return EXIT_REFUSED;
    }
    const bool is_good = is_good_end(json_root(begun), json_root(status));
    velum_status shown = VELUM_OK;
    if (invocation_has(invocation, "json")) {
        shown = show_value(json_root(status));
    } else if (is_good) {
        shown = show_made(json_root(begun));
    }
    return is_good && shown == VELUM_OK ? EXIT_DONE : EXIT_REFUSED;
}

/* --- --status --------------------------------------------------------------------------------- */

static const show_column place_columns[] = {
    {"PLACE", "place", SHOW_PLAIN},
    {"BEHIND", "behind", SHOW_NUMBER},
    {"LAST", "last", SHOW_TIME},
};

static void add_pair(table *table, const char *label, text value, colour colour)
{
    if (value.size > 0) {
        table_add(table, text_of(label), COLOUR_NONE);
        table_add(table, value, colour);
    }
}

/* "pages copied: 12,000 of 48,213" */
static void append_how_far(const json_value *status, buffer *out)
{
    const text what = text_in(status, "what");
    char done[SHOW_NUMBER_BYTES];
    char total[SHOW_NUMBER_BYTES];

    if (!is_state(status, "running") || what.size == 0) {
        return;
    }
    show_number(number_in(status, "done"), done);
    show_number(number_in(status, "total"), total);
    buffer_append(out, what.data, what.size);
    buffer_append_format(out, ": %s", done);
    if (number_in(status, "total") > 0) {
        buffer_append_format(out, " of %s", total);
    }
}

/* The last backup, or the one under way. */
static velum_status show_last(const json_value *status)
{
    static const table_column columns[] = {{"", false}, {"", false}};
    VELUM_AUTO_TABLE table;
    VELUM_AUTO_BUFFER lines = {0};
    VELUM_AUTO_BUFFER how_far = {0};
    const bool is_bad = is_state(status, "failed");

    table_init(&table, columns, 2);
    buffer_init(&lines, BODY_BYTES_MAX);
    buffer_init(&how_far, WORDS_BYTES_MAX);
    append_how_far(status, &how_far);
    add_pair(&table, "state", text_in(status, "state"), is_bad ? COLOUR_BAD : COLOUR_NONE);
    add_pair(&table, "place", text_in(status, "place"), COLOUR_NONE);
    add_pair(&table, "backup", text_in(status, "name"), COLOUR_NONE);
    add_pair(&table, "now", shown_of(&how_far), COLOUR_NONE);
    add_pair(&table, "reason", text_in(status, "reason"), COLOUR_BAD);
    VELUM_TRY(table_status(&table));
    table_layout(&table, terminal_columns());
    table_write_rows(&table, &lines);
    VELUM_TRY(buffer_status(&lines));
    return show_bytes(lines.data, lines.size);
}

static bool is_one_behind(const json_value *places)
{
    for (size_t i = 0; places != NULL && i < json_count(places); i++) {
        if (number_in(json_at(places, i), "behind") > 0) {
            return true;
        }
    }
    return false;
}

static velum_status show_status(const json_value *status)
{
    const json_value *const places = json_member(status, "places");

    VELUM_TRY(show_last(status));
    if (places != NULL && json_count(places) > 0) {
        VELUM_TRY(show_bytes("\n", 1));
    }
    VELUM_TRY(show_rows(places, place_columns, sizeof(place_columns) / sizeof(place_columns[0]),
                        "No place is followed: `velum backup --to PLACE` begins with one."));
    if (is_one_behind(places)) {
        say_more("While a place is behind, certificates of erasures may wait for it. One that is");
        say_more("gone for good is given up with `velum backup --forget PLACE`.");
    }
    return VELUM_OK;
}

static int run_status(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(json) *status = NULL;
    const session_request request = {.verb = VELUM_VERB_BACKUP_STATUS};

    if (session_open(invocation, &client) < 0 || session_ask_json(client, &request, &status) < 0) {
        return EXIT_REFUSED;
    }
    const velum_status shown = invocation_has(invocation, "json") ? show_value(json_root(status))
                                                                  : show_status(json_root(status));
    return shown < 0 ? EXIT_REFUSED : EXIT_DONE;
}

/* --- --forget --------------------------------------------------------------------------------- */

static int run_forget(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(json) *answer = NULL;
    VELUM_AUTO(json) *status = NULL;
    VELUM_AUTO_BUFFER body = {0};
    char place[PLACE_BYTES_MAX];

    if (resolve(invocation_value(invocation, "forget"), true, place) < 0 ||
        write_body("place", place, 0, &body) < 0) {
        return EXIT_REFUSED;
    }
    const session_request request = {.verb = VELUM_VERB_BACKUP_FORGET, .body = shown_of(&body)};
    if (session_open(invocation, &client) < 0 || session_ask_json(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    watch watch = {.client = client,
                   .place = text_in(json_root(answer), "place"),
                   .polls_max = POLLS_OF_FORGETTING};
    if (await_end(&watch, &status) < 0) {
        return EXIT_REFUSED;
    }
    say("the place is not followed any more; its keys.db is destroyed where it can be reached");
    say_more("Where it cannot, destroy it when it can: erasures do not reach it from now on.");
    return invocation_has(invocation, "json") && show_value(json_root(answer)) < 0 ? EXIT_REFUSED
                                                                                   : EXIT_DONE;
}

static int run(const invocation *invocation)
{
    const bool is_to = invocation_has(invocation, "to");
    const bool is_status = invocation_has(invocation, "status");
    uint64_t keep = 0;

    if (is_to + is_status + invocation_has(invocation, "forget") != 1) {
        return command_wrong(invocation->command, "it takes one of --to, --status and --forget");
    }
    if (!is_to && invocation_has(invocation, "keep")) {
        return command_wrong(invocation->command, "--keep goes with --to");
    }
    if (!invocation_number(invocation, "keep", KEEP_MAX, &keep)) {
        return EXIT_USAGE;
    }
    if (invocation_has(invocation, "keep") && keep == 0) {
        return command_wrong(invocation->command, "--keep is at least 1");
    }
    if (is_to) {
        return run_to(invocation, keep);
    }
    return is_status ? run_status(invocation) : run_forget(invocation);
}

const command command_backup = {
    .name = "backup",
    .arguments = "",
    .has_data = true,
    .activity = "administration",
    .summary = "Copy the data folder to a place that follows erasures",
    .detail = "--to writes a new vault-….db into the folder PLACE, which is made when only it\n"
              "is missing, and brings its keys.db, log and keyring up to date; velumd goes on\n"
              "serving. From then on the place is followed: a key that is destroyed here is\n"
              "destroyed there before its certificate is given, so that no backup brings back\n"
              "who was erased. ^C ends the waiting, not a backup that velumd makes. The root\n"
              "secret is never copied: keep it elsewhere.\n"
              "--status says how far one is, and how many changes of keys each place lacks.\n"
              "--forget gives a place up, and destroys its keys.db where it can be reached.",
    .options = {{"to", "PLACE", "make a backup in this folder, outside the data folder"},
                {"keep", "N", "how many vault-….db stay there: 1 to 1000, else 7"},
                {"status", NULL, "the last backup, and the places"},
                {"forget", "PLACE", "do not follow this place any more"},
                {"json", NULL, "the last status, or the answer, as JSON"}},
    .run = run,
};
