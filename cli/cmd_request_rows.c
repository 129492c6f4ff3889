/* cli/cmd_request_rows.c: pages of requests, and how one looks in a table. */
#include "cli/cmd_request_rows.h"

#include "base/clock.h"
#include "cli/say.h"

#include <stdio.h>

#define BODY_BYTES_MAX 512
#define TYPED_DIGITS_MIN 4
#define NOTE_BYTES_MAX 200
#define MINUTE_NS (60 * NS_PER_SECOND)
#define HOUR_NS (60 * MINUTE_NS)
#define DAY_NS (24 * HOUR_NS)

const table_column request_columns[REQUEST_COLUMNS] = {
    {"ID", false},       {"RIGHT", false}, {"STATE", false},
    {"RECEIVED", false}, {"DUE", false},   {"NOTE", false},
};

static text member_text(const json_value *object, const char *name)
{
    const json_value *value = json_member(object, name);

    return value == NULL ? TEXT_EMPTY : json_text(value);
}

static bool member_bool(const json_value *object, const char *name)
{
    const json_value *value = json_member(object, name);

    return value != NULL && json_bool(value);
}

/* --- pages ---------------------------------------------------------------------------------------- */

static velum_status write_wish(const request_wish *wish, const char *from, buffer *out)
{
    json_writer json;

    json_writer_init(&json, out);
    json_begin_object(&json);
    if (wish->state != NULL) {
        json_member_string(&json, "state", wish->state);
    }
    if (wish->right != NULL) {
        json_member_string(&json, "right", wish->right);
    }
    if (wish->due_within_days >= 0) {
        json_member_integer(&json, "due_within_days", wish->due_within_days);
    }
    if (wish->limit > 0) {
        json_member_integer(&json, "limit", wish->limit);
    }
    if (*from != '\0') {
        json_member_string(&json, "from", from);
    }
    json_end_object(&json);
    return buffer_status(out);
}

velum_status request_fetch(velum_client *client, const request_wish *wish, const char *from,
                           json **out)
{
    VELUM_AUTO_BUFFER body = {0};

    buffer_init(&body, BODY_BYTES_MAX);
    if (write_wish(wish, from, &body) < 0) {
        say("states and rights are short names");
        return VELUM_E_INVALID;
    }
    const session_request request = {.verb = VELUM_VERB_REQUEST_LIST,
                                     .body = {(const char *)body.data, body.size}};
    return session_ask_json(client, &request, out);
}

bool request_next_page(const json *page, char from[REQUEST_ID_DIGITS + 1])
{
    const text next = member_text(json_root(page), "next");

    if (next.size != REQUEST_ID_DIGITS || text_equal(next, (text){from, REQUEST_ID_DIGITS})) {
        return false; /* an answer that does not move on would never end */
    }
    memcpy(from, next.data, REQUEST_ID_DIGITS);
    from[REQUEST_ID_DIGITS] = '\0';
    return true;
}

/* --- what was typed --------------------------------------------------------------------------------- */

static bool is_hex(text typed)
{
    for (size_t i = 0; i < typed.size; i++) {
        if (strchr("0123456789abcdef", typed.data[i]) == NULL) {
            return false;
        }
    }
    return typed.size >= TYPED_DIGITS_MIN && typed.size <= REQUEST_ID_DIGITS;
}

/* Counts the ids of a page that begin so; the last of them is kept. */
static uint32_t match_page(const json *page, text typed, char out[REQUEST_ID_DIGITS + 1])
{
    const json_value *const rows = json_member(json_root(page), "requests");
    uint32_t found = 0;

    for (size_t i = 0; rows != NULL && i < json_count(rows); i++) {
        const text id = member_text(json_at(rows, i), "id");
        if (id.size == REQUEST_ID_DIGITS && memcmp(id.data, typed.data, typed.size) == 0) {
            memcpy(out, id.data, REQUEST_ID_DIGITS);
            out[REQUEST_ID_DIGITS] = '\0';
            found++;
        }
    }
    return found;
}

static velum_status find_among_all(velum_client *client, text typed,
                                   char out[REQUEST_ID_DIGITS + 1])
{
    const request_wish all = {.due_within_days = -1};
    char from[REQUEST_ID_DIGITS + 1] = "";
    uint32_t found = 0;
    bool is_more = true;

    while (is_more) {
        VELUM_AUTO(json) *page = NULL;
        VELUM_TRY(request_fetch(client, &all, from, &page));
        found += match_page(page, typed, out);
        is_more = request_next_page(page, from);
    }
    if (found == 1) {
        return VELUM_OK;
    }
    say(found == 0 ? "no request has an id that begins so"
                   : "more than one request has an id that begins so: type more of it");
    return VELUM_E_NOTFOUND;
}

velum_status request_find_id(velum_client *client, const char *typed,
                             char out[REQUEST_ID_DIGITS + 1])
{
    const text digits = text_of(typed);

    if (!is_hex(digits)) {
        say("an id is 32 hex digits, or the first of them: `velum request list` shows 8");
        return VELUM_E_INVALID;
    }
    if (digits.size == REQUEST_ID_DIGITS) {
        memcpy(out, digits.data, REQUEST_ID_DIGITS + 1);
        return VELUM_OK;
    }
    return find_among_all(client, digits, out);
}

/* --- a row ------------------------------------------------------------------------------------------ */

bool request_due_words(int64_t due_ns, int64_t now_ns, char out[REQUEST_DUE_BYTES])
{
    const bool is_late = due_ns <= now_ns;
    const int64_t away_ns = is_late ? now_ns - due_ns : due_ns - now_ns;
    const bool in_days = away_ns >= 2 * DAY_NS;
    const bool in_hours = !in_days && away_ns >= HOUR_NS;
    const int64_t unit_ns = in_days ? DAY_NS : in_hours ? HOUR_NS : MINUTE_NS;
    const char *const unit = in_days ? "days" : in_hours ? "h" : "min";

    (void)snprintf(out, REQUEST_DUE_BYTES, is_late ? "%lld %s late" : "in %lld %s",
                   (long long)(away_ns / unit_ns), unit);
    return is_late;
}

static bool is_ended(text state)
{
    static const char *const ended[] = {"fulfilled", "denied", "revoked", "expired"};

    for (size_t i = 0; i < sizeof(ended) / sizeof(ended[0]); i++) {
        if (text_equal_literal(state, ended[i])) {
            return true;
        }
    }
    return false;
}

static colour colour_of_state(text state)
{
    if (text_equal_literal(state, "fulfilled")) {
        return COLOUR_GOOD;
    }
    if (text_equal_literal(state, "denied")) {
        return COLOUR_BAD;
    }
    return text_equal_literal(state, "paused") || text_equal_literal(state, "expired")
               ? COLOUR_DOUBT
               : COLOUR_NONE;
}

static void add_due(table *table, const json_value *request, int64_t now_ns)
{
    char words[REQUEST_DUE_BYTES];
    int64_t due_ns = 0;

    if (is_ended(member_text(request, "state")) ||
        time_parse(member_text(request, "due"), &due_ns) < 0) {
        table_add(table, TEXT_EMPTY, COLOUR_NONE);
        return;
    }
    const bool is_late = request_due_words(due_ns, now_ns, words);
    const bool is_near = !is_late && due_ns - now_ns < 3 * DAY_NS;
    table_add(table, text_of(words), is_late ? COLOUR_BAD : is_near ? COLOUR_DOUBT : COLOUR_NONE);
}

/* What an officer should know of it at a glance. */
static void add_note(table *table, const json_value *request, int64_t now_ns)
{
    const text paused_by = member_text(request, "paused_by");
    const text reason = member_text(request, "reason");
    char words[REQUEST_DUE_BYTES] = "";
    char note[NOTE_BYTES_MAX] = "";
    int64_t until_ns = 0;

    if (paused_by.size > 0 && paused_by.size < 100) {
        (void)snprintf(note, sizeof(note), "waits for %.*s", (int)paused_by.size, paused_by.data);
    } else if (reason.size > 0 && reason.size < 100) {
        (void)snprintf(note, sizeof(note), "%.*s", (int)reason.size, reason.data);
    } else if (time_parse(member_text(request, "cool_down_until"), &until_ns) == VELUM_OK) {
        (void)request_due_words(until_ns, now_ns, words);
        (void)snprintf(note, sizeof(note), "begins %s", words);
    } else if (!is_ended(member_text(request, "state")) &&
               time_parse(member_text(request, "confirm_by"), &until_ns) == VELUM_OK) {
        (void)request_due_words(until_ns, now_ns, words);
        (void)snprintf(note, sizeof(note), "confirm %s", words);
    } else if (member_bool(request, "extended")) {
        (void)snprintf(note, sizeof(note), "extended");
    }
    table_add(table, text_of(note), COLOUR_NONE);
}

void request_add_row(table *table, const json_value *request, int64_t now_ns)
{
    const text id = member_text(request, "id");
    const text state = member_text(request, "state");
    const text received = member_text(request, "received");

    table_add(table,
              (text){id.data, id.size < REQUEST_SHORT_DIGITS ? id.size : REQUEST_SHORT_DIGITS},
              COLOUR_NONE);
    table_add(table, member_text(request, "right"), COLOUR_NONE);
    table_add(table, state, colour_of_state(state));
    table_add(table, (text){received.data, received.size < 10 ? received.size : 10}, COLOUR_NONE);
    add_due(table, request, now_ns);
    add_note(table, request, now_ns);
}
