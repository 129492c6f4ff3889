/* core/read_with.c: a read that says why, or that others agreed to.
 *
 * What uses up an approval or breaks the glass is decided on the writer thread: use, leaf and
 * disclosure are one transaction, and the answer leaves after its COMMIT (I-1).
 */
#include "core/approvals.h"
#include "core/locate.h"
#include "core/parse.h"
#include "core/verbs.h"

/* Whether the reason given is one that stands in for an approval under this activity. */
static bool may_break_glass(const passage *passage)
{
    const bundle_activity *activity = &passage->world->bundle->activities[passage->activity];

    return passage->reason_code != 0 &&
           (activity->break_glass >> (passage->reason_code - 1) & 1) != 0;
}

velum_status read_with_locate(passage *passage)
{
    static const char *const members[] = {"activity", "fields", "reason_code", "approval", NULL};
    const json_value *body = json_root(passage->body);

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_field_list(passage, json_member(body, "fields")));
    VELUM_TRY(parse_reason_code(passage, json_member(body, "reason_code")));
    VELUM_TRY(parse_optional_text(passage, body, "approval", &passage->approval));
    passage->wants_writer = passage->approval.size > 0 || may_break_glass(passage);
    if (passage->wants_writer && passage->batch == NULL) {
        return VELUM_OK;
    }
    return locate_by_ref(passage);
}

/* Exactly what is asked: this subject, this activity, these fields (P-2). */
static approval_scope scope_of(const passage *passage, uint32_t kind)
{
    const bundle_activity *activity = &passage->world->bundle->activities[passage->activity];
    approval_scope scope = {
        .kind = kind,
        .activity = activity->number,
        .action = ACTION_READ,
        .fields = passage->asked_all ? activity->fields : passage->asked,
    };

    if (passage->has_subject) {
        scope.subject = passage->subject;
    }
    return scope;
}

velum_status read_with_check_approval(passage *passage)
{
    const approval_scope scope = scope_of(passage, APPROVAL_MINOR);

    return approval_check(passage, passage->approval, &scope);
}

/* P-4: it is seen at once and looked at afterwards, by somebody else. */
static velum_status break_glass(passage *passage)
{
    const approval_scope scope = scope_of(passage, APPROVAL_BREAK_GLASS);
    uint8_t id[16];

    VELUM_TRY(approval_break_glass(passage, &scope, id));
    hex_encode(id, sizeof(id), passage->review);
    (void)atomic_fetch_add_explicit(&passage->gate->counters.glass_broken, 1, memory_order_relaxed);
    return VELUM_OK;
}

velum_status read_with_open(passage *passage)
{
    const uint32_t owed = passage->verdict.obligations;

    if ((owed & OBLIGATION_APPROVAL) != 0) {
        const approval_scope scope = scope_of(passage, APPROVAL_MINOR);
        VELUM_TRY(approval_use(passage, passage->approval, &scope));
    }
    if ((owed & OBLIGATION_NOTIFY) != 0) {
        VELUM_TRY(break_glass(passage));
    }
    return read_open(passage);
}
