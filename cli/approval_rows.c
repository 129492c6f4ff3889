/* cli/approval_rows.c: pages of approvals, one of them, and what is said to it. */
#include "cli/approval_rows.h"

#include "cli/say.h"

#include <stdio.h>

#define BODY_BYTES_MAX 512
#define TYPED_DIGITS_MIN 4

const char *approval_activity(const invocation *invocation)
{
    const char *const named = invocation_value(invocation, "activity");

    return named == NULL ? APPROVAL_ACTIVITY : named;
}

text approval_text(const json_value *object, const char *name)
{
    const json_value *value = json_member(object, name);

    return value == NULL ? TEXT_EMPTY : json_text(value);
}

/* --- pages ---------------------------------------------------------------------------------------- */

static velum_status write_wish(const approval_wish *wish, int64_t from, buffer *out)
{
    json_writer json;

    json_writer_init(&json, out);
    json_begin_object(&json);
    if (wish->state != NULL) {
        json_member_string(&json, "state", wish->state);
    }
    if (wish->kind != NULL) {
        json_member_string(&json, "kind", wish->kind);
    }
    json_member_integer(&json, "from", from);
    json_end_object(&json);
    return buffer_status(out);
}

velum_status approval_fetch(velum_client *client, const approval_wish *wish, int64_t from,
                            json **out, int64_t *out_next)
{
    VELUM_AUTO_BUFFER body = {0};

    buffer_init(&body, BODY_BYTES_MAX);
    if (write_wish(wish, from, &body) < 0) {
        say("states and kinds are short names");
        return VELUM_E_INVALID;
    }
    const session_request request = {.verb = VELUM_VERB_APPROVAL_LIST,
                                     .activity = wish->activity,
                                     .body = {(const char *)body.data, body.size}};
    VELUM_TRY(session_ask_json(client, &request, out));
    const json_value *const next = json_member(json_root(*out), "next");
    *out_next = next != NULL && json_integer(next) > from ? json_integer(next) : 0;
    return VELUM_OK;
}

/* --- one ------------------------------------------------------------------------------------------ */

static bool is_hex(text typed)
{
    for (size_t i = 0; i < typed.size; i++) {
        if (strchr("0123456789abcdef", typed.data[i]) == NULL) {
            return false;
        }
    }
    return typed.size >= TYPED_DIGITS_MIN && typed.size <= APPROVAL_ID_DIGITS;
}

static uint32_t match_page(const json *page, text typed, char out[APPROVAL_ID_DIGITS + 1])
{
    const json_value *const rows = json_member(json_root(page), "approvals");
    uint32_t found = 0;

    for (size_t i = 0; rows != NULL && i < json_count(rows); i++) {
        const text id = approval_text(json_at(rows, i), "id");
        if (id.size == APPROVAL_ID_DIGITS && memcmp(id.data, typed.data, typed.size) == 0) {
            memcpy(out, id.data, APPROVAL_ID_DIGITS);
            out[APPROVAL_ID_DIGITS] = '\0';
            found++;
        }
    }
    return found;
}

velum_status approval_find_id(velum_client *client, const char *activity, const char *typed,
                              char out[APPROVAL_ID_DIGITS + 1])
{
    const approval_wish all = {.activity = activity};
    const text digits = text_of(typed);
    uint32_t found = 0;
    int64_t from = 0;

    if (!is_hex(digits)) {
        say("an id is 32 hex digits, or the first of them: `velum approval list` shows 8");
        return VELUM_E_INVALID;
    }
    if (digits.size == APPROVAL_ID_DIGITS) {
        memcpy(out, digits.data, APPROVAL_ID_DIGITS);
        out[APPROVAL_ID_DIGITS] = '\0';
        return VELUM_OK;
    }
    do {
        VELUM_AUTO(json) *page = NULL;
        VELUM_TRY(approval_fetch(client, &all, from, &page, &from));
        found += match_page(page, digits, out);
    } while (from != 0);
    if (found != 1) {
        say(found == 0 ? "no approval has an id that begins so"
                       : "more than one approval has an id that begins so: type more of it");
        return VELUM_E_NOTFOUND;
    }
    return VELUM_OK;
}

velum_status approval_get(velum_client *client, const char *activity, const char *id, json **out)
{
    const session_request request = {
        .verb = VELUM_VERB_APPROVAL_GET, .activity = activity, .ref = id};

    return session_ask_json(client, &request, out);
}

velum_status approval_decide(velum_client *client, const char *activity, const char *id,
                             const char *decision, json **out)
{
    VELUM_AUTO_BUFFER body = {0};
    json_writer json;

    buffer_init(&body, BODY_BYTES_MAX);
    json_writer_init(&json, &body);
    json_begin_object(&json);
    json_member_string(&json, "decision", decision);
    json_end_object(&json);
    VELUM_TRY(buffer_status(&body));
    const session_request request = {.verb = VELUM_VERB_APPROVAL_DECIDE,
                                     .activity = activity,
                                     .ref = id,
                                     .body = {(const char *)body.data, body.size}};
    return session_ask_json(client, &request, out);
}

int approval_ask_others(velum_client *client, const char *activity, const buffer *body)
{
    VELUM_AUTO(json) *asked = NULL;
    const session_request request = {.verb = VELUM_VERB_APPROVAL_ASK,
                                     .activity = activity,
                                     .body = {(const char *)body->data, body->size}};

    if (buffer_status(body) < 0) {
        say("what was typed is no text that can be sent");
        return EXIT_REFUSED;
    }
    if (session_ask_json(client, &request, &asked) < 0) {
        return EXIT_REFUSED;
    }
    const text id = approval_text(json_root(asked), "approval");
    say("asked: others see it with `velum approval list`");
    (void)printf("%.*s\n", (int)id.size, id.data);
    return EXIT_DONE;
}
