/* core/message_done.c: what became of a message: the courier says it, or its silence does.
 *
 * Only what was surely not sent is tried again (M-4). Nothing but an answer moves a taken message before
 * its time is over, so a start of the gate sends nothing twice (MS-3).
 */
#include "core/message.h"

#include "core/locate.h"
#include "core/many.h"
#include "core/parse.h"
#include "core/timers.h"
#include "core/verbs.h"

#define BACKOFF_NS (60 * NS_PER_SECOND) /* before the second attempt; doubled for each behind it */

typedef struct outcome {
    uint32_t state; /* MESSAGE_SENT, _FAILED or _UNKNOWN */
    text note;
    int64_t attempt; /* that it speaks of; 0: the last */
} outcome;

/* --- what the courier says ---------------------------------------------------------------------- */

static bool is_note(text note)
{
    for (size_t i = 0; i < note.size; i++) {
        const char byte = note.data[i];
        if ((byte < 'a' || byte > 'z') && (byte < '0' || byte > '9') && byte != '-') {
            return false;
        }
    }
    return note.size <= MESSAGE_NOTE_BYTES_MAX;
}

static velum_status parse_outcome(passage *passage, outcome *out)
{
    static const char *const members[] = {"outcome", "note", "attempt", NULL};
    const json_value *const body = json_root(passage->body);
    const json_value *const attempt = json_member(body, "attempt");
    text name;

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_text_member(passage, body, "outcome", &name));
    VELUM_TRY(parse_optional_text(passage, body, "note", &out->note));
    out->state = message_state_find(name);
    if (out->state != MESSAGE_SENT && out->state != MESSAGE_FAILED &&
        out->state != MESSAGE_UNKNOWN) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`outcome` is sent, failed or unknown.");
    }
    if (!is_note(out->note)) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`note` is at most 32 of a-z 0-9 -");
    }
    if (attempt != NULL && (json_kind_of(attempt) != JSON_INTEGER || json_integer(attempt) < 1)) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`attempt` is a number from 1.");
    }
    out->attempt = attempt == NULL ? 0 : json_integer(attempt);
    return VELUM_OK;
}

velum_status message_load_named(passage *passage, message_row *out)
{
    uint8_t id[MESSAGE_ID_BYTES];

    passage->target = (crypto_part){passage->request->ref.data, passage->request->ref.size};
    if (hex_decode(passage->request->ref, id, sizeof(id)) < 0) {
        return refuse(passage, PROBLEM_NOT_FOUND);
    }
    VELUM_TRY(locate_snapshot(passage));
    const velum_status status = message_load(passage->conn, id, out);
    return status == VELUM_E_NOTFOUND ? refuse(passage, PROBLEM_NOT_FOUND) : status;
}

/* --- what it does ------------------------------------------------------------------------------- */

/* What was said of the last attempt; 0: nothing yet. A queued one that was tried has failed before. */
static uint32_t last_outcome(const message_row *row)
{
    switch (row->state) {
    case MESSAGE_SENT:
    case MESSAGE_FAILED:
    case MESSAGE_UNKNOWN:
        return row->state;
    case MESSAGE_QUEUED:
        return row->attempts > 0 ? MESSAGE_FAILED : 0;
    default:
        return 0;
    }
}

/* Failed is tried again, later and later; not for somebody erased meanwhile (I-6). */
static void move(const passage *passage, const outcome *what, message_row *row)
{
    const bool again = what->state == MESSAGE_FAILED && row->attempts < MESSAGE_ATTEMPTS_MAX &&
                       message_has_subject(row);

    row->state = again ? MESSAGE_QUEUED : what->state;
    row->changed_ns = passage->clock.now_ns;
    if (again) {
        row->due_ns = passage->clock.now_ns + (BACKOFF_NS << (row->attempts - 1));
    }
    memcpy(row->note, what->note.data, what->note.size);
    row->note[what->note.size] = '\0';
}

/* The OUTCOME leaf is related to the INTENT; both are of the message's own activity. */
static velum_status record_outcome(passage *passage, const outcome *what, const message_row *row,
                                   audit_entry *leaf)
{
    leaf->stage = ENTRY_OUTCOME;
    memcpy(leaf->related, row->intent, sizeof(leaf->related));
    entry_push(leaf, INPUT_OUTCOME, what->state);
    const velum_status status = message_locate(passage, row);
    if (many_is_damaged(status)) { /* what was sent is recorded, of nobody */
        locate_forget(passage);
    } else {
        VELUM_TRY(status);
    }
    return message_leaf(passage, row, PROBLEM_NONE, leaf);
}

static velum_status answer_state(passage *passage, const message_row *row, bool same)
{
    char id[2 * MESSAGE_ID_BYTES + 1];
    json_writer out;

    hex_encode(row->id, sizeof(row->id), id);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_string(&out, "id", id);
    json_member_string(&out, "state", message_state_name(row->state));
    json_member_bool(&out, "same", same);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

velum_status message_done_apply(passage *passage)
{
    outcome what = {.state = 0};
    audit_entry leaf = {.type = ENTRY_MESSAGE};
    message_row row = {.attempts = 0};

    VELUM_TRY(parse_outcome(passage, &what));
    VELUM_TRY(message_load_named(passage, &row));
    passage->is_silent = true; /* the leaf is of the message's own activity */
    const bool is_of_last = what.attempt == 0 || what.attempt == row.attempts;
    if (is_of_last && row.state != MESSAGE_TAKEN && last_outcome(&row) == what.state) {
        return answer_state(passage, &row, true);
    }
    if (!is_of_last || row.state != MESSAGE_TAKEN) {
        return refuse_hint(passage, REASON_CONFLICT, "Something else was said of it already.");
    }
    move(passage, &what, &row);
    VELUM_TRY(message_update(passage->conn, &row));
    VELUM_TRY(timer_drop(passage->batch, TIMER_MESSAGE, row.id));
    memcpy(leaf.event_id, passage->entry.event_id, sizeof(leaf.event_id));
    VELUM_TRY(record_outcome(passage, &what, &row, &leaf));
    return answer_state(passage, &row, false);
}

/* --- what its silence says ---------------------------------------------------------------------- */

velum_status message_timer(passage *passage, const timer *timer)
{
    const outcome silence = {.state = MESSAGE_UNKNOWN, .note = TEXT_EMPTY};
    audit_entry leaf = {.type = ENTRY_MESSAGE};
    message_row row;

    const velum_status status = message_load(passage->conn, timer->of, &row);
    if (status == VELUM_E_NOTFOUND || (status == VELUM_OK && row.state != MESSAGE_TAKEN)) {
        return VELUM_OK;
    }
    VELUM_TRY(status);
    move(passage, &silence, &row);
    VELUM_TRY(message_update(passage->conn, &row));
    return record_outcome(passage, &silence, &row, &leaf);
}
