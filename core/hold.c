/* core/hold.c: a legal hold: somebody's data must not be destroyed, whoever asks.
 *
 * Holds are counted, since two cases may need the same data; each is put and taken at an officer's
 * word and is an entry of the log. While one stands every erasure is refused (REASON_LEGAL_HOLD), and a
 * deletion that the customer asked for waits and says what holds it (PIPL 47).
 */
#include "core/parse.h"
#include "core/person.h"
#include "core/profile.h"
#include "core/verbs.h"

static velum_status parse_hold(passage *passage, bool *out)
{
    static const char *const members[] = {"hold", NULL};
    const json_value *const body = json_root(passage->body);
    const json_value *const hold = json_member(body, "hold");

    VELUM_TRY(parse_known_members(passage, body, members));
    if (hold == NULL || json_kind_of(hold) != JSON_BOOL) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`hold` is true or false.");
    }
    *out = json_bool(hold);
    return VELUM_OK;
}

static velum_status count_hold(passage *passage, bool hold)
{
    subject_state *const state = &passage->state;

    if (!hold && state->holds == 0) {
        return refuse_hint(passage, REASON_CONFLICT, "No hold stands.");
    }
    if (hold && state->holds == UINT32_MAX) {
        return VELUM_E_LIMIT;
    }
    state->holds += hold ? 1 : UINT32_MAX; /* one more, or one less */
    VELUM_TRY(state_seal_final(passage));  /* older rows do not lift it (V-5) */
    return person_touch(passage);
}

velum_status subject_hold_apply(passage *passage)
{
    bool hold = false;
    json_writer out;

    VELUM_TRY(parse_hold(passage, &hold));
    VELUM_TRY(count_hold(passage, hold));
    entry_push(&passage->entry, INPUT_OPERATION, hold ? OPERATION_HOLD : OPERATION_RELEASE);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_integer(&out, "holds", passage->state.holds);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}
