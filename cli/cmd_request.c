/* cli/cmd_request.c: velum request list, show and watch */
#include "cli/commands.h"

#include "base/clock.h"
#include "cli/cmd_request_rows.h"
#include "cli/say.h"

#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define LINES_BYTES_MAX ((size_t)64 << 20)
#define DUE_DAYS_MAX 3650
#define INTERVAL_S_USUAL 10
#define INTERVAL_S_MAX 3600
#define WATCH_ROWS_USUAL 40
#define WATCH_ROWS_MAX 200
#define WATCH_LINES_BESIDE 4 /* title, blank line, and the prompt that comes back */

static int64_t now_ns(void)
{
    const velum_clock clock = clock_system();

    return clock_wall_ns(&clock);
}

/* EXIT_USAGE has been said. */
static bool read_wish(const invocation *invocation, request_wish *out)
{
    uint64_t days = 0;

    out->state = invocation_value(invocation, "state");
    out->right = invocation_value(invocation, "right");
    out->due_within_days = -1;
    if (!invocation_number(invocation, "due", DUE_DAYS_MAX, &days)) {
        return false;
    }
    if (invocation_has(invocation, "due")) {
        out->due_within_days = (int64_t)days;
    }
    return true;
}

/* --- list ------------------------------------------------------------------------------------------- */

static velum_status show_json_rows(const json_value *rows, size_t shown)
{
    VELUM_AUTO_BUFFER lines = {0};

    buffer_init(&lines, LINES_BYTES_MAX);
    for (size_t i = 0; i < json_count(rows); i++) {
        json_writer json;
        buffer_append_text(&lines, shown + i == 0 ? "\n" : ",\n");
        json_writer_init(&json, &lines);
        json_write_value(&json, json_at(rows, i));
    }
    VELUM_TRY(buffer_status(&lines));
    return show_bytes(lines.data, lines.size);
}

static const char *const csv_members[] = {"id",  "right",   "state",  "verified",  "received",
                                          "due", "overdue", "reason", "paused_by", "ended"};
#define CSV_MEMBERS (sizeof(csv_members) / sizeof(csv_members[0]))

/* Names, numbers and times of ours: nothing in them needs a quote. */
static velum_status show_csv_rows(const json_value *rows, size_t shown)
{
    VELUM_AUTO_BUFFER lines = {0};

    buffer_init(&lines, LINES_BYTES_MAX);
    for (size_t i = 0; shown == 0 && i < CSV_MEMBERS; i++) {
        buffer_append_format(&lines, "%s%s", csv_members[i], i + 1 < CSV_MEMBERS ? "," : "\n");
    }
    for (size_t row = 0; row < json_count(rows); row++) {
        for (size_t i = 0; i < CSV_MEMBERS; i++) {
            const json_value *const value = json_member(json_at(rows, row), csv_members[i]);
            if (value != NULL && json_kind_of(value) == JSON_BOOL) {
                buffer_append_text(&lines, json_bool(value) ? "yes" : "no");
            } else if (value != NULL) {
                buffer_append(&lines, json_text(value).data, json_text(value).size);
            }
            buffer_append_byte(&lines, i + 1 < CSV_MEMBERS ? ',' : '\n');
        }
    }
    VELUM_TRY(buffer_status(&lines));
    return show_bytes(lines.data, lines.size);
}

static velum_status show_table(const json_value *rows, bool with_titles)
{
    VELUM_AUTO_TABLE table;
    VELUM_AUTO_BUFFER lines = {0};
    const int64_t now = now_ns();

    table_init(&table, request_columns, REQUEST_COLUMNS);
    buffer_init(&lines, LINES_BYTES_MAX);
    table.hides_empty = true;
    for (size_t i = 0; i < json_count(rows); i++) {
        request_add_row(&table, json_at(rows, i), now);
    }
    VELUM_TRY(table_status(&table));
    table_layout(&table, terminal_columns());
    if (with_titles) {
        table_write_titles(&table, &lines);
    }
    table_write_rows(&table, &lines);
    VELUM_TRY(buffer_status(&lines));
    return show_bytes(lines.data, lines.size);
}

typedef velum_status (*rows_function)(const json_value *rows, size_t shown);

/* Page after page. */
static velum_status show_pages(velum_client *client, const request_wish *wish, rows_function show,
                               size_t *out_shown)
{
    char from[REQUEST_ID_DIGITS + 1] = "";
    bool is_more = true;

    while (is_more) {
        VELUM_AUTO(json) *page = NULL;
        VELUM_TRY(request_fetch(client, wish, from, &page));
        const json_value *const rows = json_member(json_root(page), "requests");
        VELUM_TRY(rows == NULL ? VELUM_E_INVALID : VELUM_OK);
        if (json_count(rows) > 0 || *out_shown == 0) {
            VELUM_TRY(show(rows, *out_shown));
        }
        *out_shown += json_count(rows);
        is_more = request_next_page(page, from);
    }
    return VELUM_OK;
}

static velum_status show_table_rows(const json_value *rows, size_t shown)
{
    return json_count(rows) == 0 ? VELUM_OK : show_table(rows, shown == 0);
}

static velum_status show_list(const invocation *invocation, velum_client *client,
                              const request_wish *wish)
{
    size_t shown = 0;

    if (invocation_has(invocation, "json")) {
        VELUM_TRY(show_bytes("{\"requests\":[", 13));
        VELUM_TRY(show_pages(client, wish, show_json_rows, &shown));
        return show_bytes("]}\n", 3);
    }
    if (invocation_has(invocation, "csv")) {
        return show_pages(client, wish, show_csv_rows, &shown);
    }
    VELUM_TRY(show_pages(client, wish, show_table_rows, &shown));
    if (shown == 0) {
        say_more("No request matches.");
    }
    return VELUM_OK;
}

static int run_list(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    request_wish wish = {.state = NULL};

    if (!read_wish(invocation, &wish)) {
        return EXIT_USAGE;
    }
    if (session_open(invocation, &client) < 0 || show_list(invocation, client, &wish) < 0) {
        return EXIT_REFUSED;
    }
    return EXIT_DONE;
}

/* --- show ------------------------------------------------------------------------------------------- */

static int run_show(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(velum_answer) *answer = NULL;
    VELUM_AUTO(json) *shown = NULL;
    char id[REQUEST_ID_DIGITS + 1];

    if (session_open(invocation, &client) < 0 ||
        request_find_id(client, invocation->arguments[0], id) < 0) {
        return EXIT_REFUSED;
    }
    const session_request request = {.verb = VELUM_VERB_REQUEST_SHOW, .ref = id};
    if (session_ask(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    if (invocation_has(invocation, "json") ||
        json_parse(session_body(answer), SESSION_ANSWER_BYTES_MAX, &shown, NULL) < 0) {
        return show_json(session_body(answer)) < 0 ? EXIT_REFUSED : EXIT_DONE;
    }
    return show_pairs(json_root(shown)) < 0 ? EXIT_REFUSED : EXIT_DONE;
}

/* --- watch ------------------------------------------------------------------------------------------ */

static volatile sig_atomic_t watch_ends;

static void end_watch(int number)
{
    (void)number;
    watch_ends = 1;
}

/* What fits the terminal; a pipe gets a bounded page. */
static uint32_t rows_that_fit(void)
{
    struct winsize size = {0};

    if (!terminal_is(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 ||
        size.ws_row <= WATCH_LINES_BESIDE) {
        return WATCH_ROWS_USUAL;
    }
    const uint32_t rows = (uint32_t)size.ws_row - WATCH_LINES_BESIDE;
    return rows < WATCH_ROWS_MAX ? rows : WATCH_ROWS_MAX;
}

/* The folder is let go between two looks, so that others can work in it. */
static velum_status look_once(const invocation *invocation, request_wish *wish)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(json) *page = NULL;

    wish->limit = rows_that_fit();
    VELUM_TRY(session_open(invocation, &client));
    VELUM_TRY(request_fetch(client, wish, "", &page));
    if (terminal_is(STDOUT_FILENO)) {
        VELUM_TRY(show_bytes("\033[H\033[2J", 7));
    }
    const json_value *const rows = json_member(json_root(page), "requests");
    VELUM_TRY(rows == NULL ? VELUM_E_INVALID : VELUM_OK);
    if (json_count(rows) == 0) {
        VELUM_TRY(show_bytes("No request matches.\n", 20));
    } else {
        VELUM_TRY(show_table(rows, true));
    }
    return fflush(stdout) == 0 ? VELUM_OK : VELUM_E_IO;
}

static void wait_s(uint64_t seconds)
{
    const struct timespec interval = {.tv_sec = (time_t)seconds};

    (void)nanosleep(&interval, NULL); /* ^C ends it early */
}

static int run_watch(const invocation *invocation)
{
    struct sigaction action = {.sa_handler = end_watch};
    request_wish wish = {.state = NULL};
    uint64_t interval_s = INTERVAL_S_USUAL;
    uint64_t times = UINT64_MAX;

    if (!read_wish(invocation, &wish) ||
        !invocation_number(invocation, "interval", INTERVAL_S_MAX, &interval_s) ||
        !invocation_number(invocation, "times", UINT32_MAX, &times)) {
        return EXIT_USAGE;
    }
    if (interval_s == 0) {
        return command_wrong(invocation->command, "--interval is at least 1 second");
    }
    (void)sigaction(SIGINT, &action, NULL);
    for (uint64_t i = 0; i < times && watch_ends == 0; i++) {
        if (i > 0) {
            wait_s(interval_s);
        }
        if (watch_ends == 0 && look_once(invocation, &wish) < 0) {
            return EXIT_REFUSED;
        }
    }
    return EXIT_DONE;
}

const command command_request_list = {
    .group = "request",
    .name = "list",
    .arguments = "",
    .has_data = true,
    .activity = "requests",
    .summary = "What people ask under the law, the most urgent first",
    .detail = "Deadlines are told from now; what is overdue is red. The first 8 digits of an\n"
              "id are enough for the other commands. Who asks is seen with `velum request\n"
              "show`, not here.",
    .options = {{"state", "S", "open, in_progress, need_user_verification, paused …"},
                {"right", "R", "access, correct, delete, restrict, withdraw …"},
                {"due", "DAYS", "open ones that are due within so many days"},
                {"json", NULL, "requests as JSON, one a line"},
                {"csv", NULL, "as CSV"}},
    .run = run_list,
};

const command command_request_show = {
    .group = "request",
    .name = "show",
    .arguments = "ID",
    .arguments_min = 1,
    .arguments_max = 1,
    .has_data = true,
    .activity = "requests",
    .summary = "One request, with who asks and what was said",
    .detail = "Looking is an entry of the log.",
    .options = {{"json", NULL, "the answer as JSON"}},
    .run = run_show,
};

const command command_request_watch = {
    .group = "request",
    .name = "watch",
    .arguments = "",
    .has_data = true,
    .activity = "requests",
    .summary = "The list of requests, again and again until ^C",
    .detail = "As many as fit the terminal. Each look is an entry of the log.",
    .options = {{"state", "S", "only in this state"},
                {"right", "R", "only of this right"},
                {"due", "DAYS", "open ones that are due within so many days"},
                {"interval", "S", "seconds between two looks; 10"},
                {"times", "N", "end after so many looks"}},
    .run = run_watch,
};
