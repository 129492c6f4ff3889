/* core/erasure_timers.c: what ends by itself: what a law keeps, evidence, suppressions.
 *
 * Each handler does one step 1 at most; the writer finishes it, and a timer that stands anew takes up
 * what is left (PIPL 19, 47; NDR 12: never before its end, since no timer runs before its time).
 */
#include "core/erasure.h"
#include "core/timers.h"
#include "core/verbs.h"

#define NS_PER_DAY (86400 * NS_PER_SECOND)
#define SWEEP_ROWS 1000

static subject_id subject_of(const timer *timer)
{
    subject_id id;

    memcpy(id.bytes, timer->of, sizeof(id.bytes));
    return id;
}

/* The subject by its evidence key, so that the leaf has its token. */
static velum_status locate_erased(passage *passage, const timer *timer)
{
    passage->subject = subject_of(timer);
    VELUM_TRY(vault_open_evidence(passage->gate->vault, passage->conn, &passage->subject,
                                  passage->arena, &passage->opened));
    passage->has_subject = true;
    return VELUM_OK;
}

static destruction_plan step_one(const passage *passage)
{
    destruction_plan plan = {.at_ns = passage->clock.now_ns};

    memcpy(plan.event_id, passage->entry.event_id, sizeof(plan.event_id));
    return plan;
}

/* --- what a law kept ---------------------------------------------------------------------------- */

/* The one that ends first; NULL when nothing is kept. */
static const retained_category *first_of(const retained_category *kept, uint32_t count)
{
    const retained_category *first = NULL;

    for (uint32_t i = 0; i < count; i++) {
        first = first == NULL || kept[i].until_ns < first->until_ns ? &kept[i] : first;
    }
    return first;
}

static int64_t next_end(const retained_category *kept, uint32_t count,
                        const retained_category *without)
{
    int64_t next_ns = INT64_MAX;

    for (uint32_t i = 0; i < count; i++) {
        next_ns = &kept[i] != without && kept[i].until_ns < next_ns ? kept[i].until_ns : next_ns;
    }
    return next_ns;
}

static velum_status look_again(passage *passage, const timer *timer, int64_t at_ns)
{
    struct timer again = *timer;

    again.at_ns = at_ns > passage->clock.later_ns ? at_ns : passage->clock.later_ns;
    return timer_set(passage->batch, &again);
}

velum_status retained_timer(passage *passage, const timer *timer)
{
    retained_category kept[VAULT_CATEGORIES_MAX];
    uint32_t count = 0;
    const subject_id id = subject_of(timer);

    VELUM_TRY(vault_retained_list(passage->conn, &id, kept, &count));
    const retained_category *const first = first_of(kept, count);
    if (first == NULL) {
        return VELUM_OK;
    }
    if (first->until_ns > passage->clock.later_ns) {
        return look_again(passage, timer, first->until_ns);
    }
    VELUM_TRY(locate_erased(passage, timer));
    const destruction_plan plan = step_one(passage);
    VELUM_TRY(
        vault_destroy_retained(passage->gate->vault, passage->conn, &id, first->category, &plan));
    erasure_intent(passage, DESTROY_RETAINED, 1, count - 1);
    return count == 1 ? VELUM_OK : look_again(passage, timer, next_end(kept, count, first));
}

/* --- evidence ----------------------------------------------------------------------------------- */

/* VELUM_E_BUSY while something is retained still: tried again a minute later (T-2). */
velum_status evidence_timer(passage *passage, const timer *timer)
{
    const velum_status located = locate_erased(passage, timer);

    if (located == VELUM_E_NOTFOUND) {
        passage->entry.type = 0;
        return VELUM_OK;
    }
    VELUM_TRY(located);
    const destruction_plan plan = step_one(passage);
    VELUM_TRY(
        vault_destroy_evidence(passage->gate->vault, passage->conn, &passage->subject, &plan));
    erasure_intent(passage, DESTROY_EVIDENCE, 0, 0);
    return VELUM_OK;
}

/* --- suppressions ------------------------------------------------------------------------------- */

/* Always the same moment within a day, so that whoever suppresses never puts the sweep off. */
velum_status suppression_plan_sweep(passage *passage)
{
    const int64_t day = passage->clock.later_ns / NS_PER_DAY + 1;
    const timer sweep = {.at_ns = day * NS_PER_DAY, .kind = TIMER_SUPPRESSION};

    return timer_set(passage->batch, &sweep);
}

velum_status suppression_timer(passage *passage, const timer *timer)
{
    uint32_t count = 0;

    VELUM_TRY(vault_suppression_expire(passage->conn, passage->clock.later_ns, SWEEP_ROWS, &count));
    if (count > 0) {
        passage->entry.type = ENTRY_SUPPRESSION;
        passage->entry.record_count = count;
    }
    return count == SWEEP_ROWS ? look_again(passage, timer, 0) : suppression_plan_sweep(passage);
}

/* --- purposes that are met ---------------------------------------------------------------------- */

/* The number is kept; no policy names a term after which a purpose is met, so none is ever set, and
 * one that stands nevertheless is dropped without an effect (I-3). */
velum_status retention_timer(passage *passage, const timer *timer)
{
    (void)timer;
    passage->entry.type = 0;
    return VELUM_OK;
}
