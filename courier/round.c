/* courier/round.c: one turn. */
#include "courier/round.h"

#include "base/clock.h"
#include "base/fault.h"

#include <assert.h>
#include <time.h>

#define LEASE_MS 120000
#define REPORT_TRIES 6
#define REPORT_WAIT_MS 100 /* doubled each time: about three seconds in all */

static_assert(ROUND_LIMIT * CONFIG_TOTAL_MS < LEASE_MS, "what is taken is delivered in time (R-1)");

/* --- telling the gate ----------------------------------------------------------------------------- */

typedef velum_status (*report_function)(gate *gate, text id, const outcome *what);

static void rest(uint32_t wait_ms)
{
    const struct timespec wait = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000L};

    (void)nanosleep(&wait, NULL);
}

/* A numbered place before and behind the telling: a courier may die there, too. */
static velum_status report_once(gate *gate, report_function report, text id, const outcome *what)
{
    if (fault_at(FAULT_WRITE) != 0) {
        return VELUM_E_UNAVAILABLE;
    }
    const velum_status status = report(gate, id, what);
    return fault_at(FAULT_WRITE) != 0 ? VELUM_E_UNAVAILABLE : status;
}

static void tell(gate *gate, report_function report, text id, const outcome *what,
                 round_counts *out)
{
    velum_status status = VELUM_E_UNAVAILABLE;
    uint32_t wait_ms = REPORT_WAIT_MS;

    out->outcomes[what->kind]++;
    for (uint32_t i = 0; i < REPORT_TRIES; i++) {
        status = report_once(gate, report, id, what);
        if (status != VELUM_E_UNAVAILABLE) {
            break;
        }
        if (i + 1 < REPORT_TRIES) {
            rest(wait_ms);
            wait_ms *= 2;
        }
    }
    out->unreported += status < 0 && status != VELUM_E_NOTFOUND;
}

/* --- messages ------------------------------------------------------------------------------------- */

static text member_of(const json_value *object, const char *name)
{
    const json_value *const value = json_member(object, name);

    return value == NULL ? TEXT_EMPTY : json_text(value);
}

static int64_t attempt_of(const json_value *row)
{
    const json_value *const attempt = json_member(row, "attempt");

    return attempt == NULL ? 0 : json_integer(attempt);
}

static void deliver_one_message(gate *gate, const courier_config *config, const json_value *row,
                                round_counts *out)
{
    const velum_clock clock = clock_system();
    const message message = {
        .id = member_of(row, "id"),
        .channel = member_of(row, "channel"),
        .to = member_of(row, "to"),
        .sender = member_of(row, "sender"),
        .subject = member_of(row, "subject"),
        .body = member_of(row, "text"),
        .language = member_of(row, "language"),
    };
    const errand errand = {.config = config,
                           .place = courier_config_channel(config, message.channel),
                           .message = &message,
                           .now_ns = clock_wall_ns(&clock)};
    outcome done = deliver_message(&errand);

    done.attempt = attempt_of(row);
    tell(gate, gate_report_message, message.id, &done, out);
}

static const json_value *list_of(const json *document, const char *name)
{
    const json_value *const root = json_root(document);
    const json_value *const list =
        json_kind_of(root) == JSON_OBJECT ? json_member(root, name) : NULL;

    return list != NULL && json_kind_of(list) == JSON_ARRAY ? list : NULL;
}

velum_status round_messages(gate *gate, const courier_config *config, round_counts *out)
{
    VELUM_AUTO(json) *taken = NULL;

    VELUM_TRY(gate_take_messages(gate, ROUND_LIMIT, &taken));
    const json_value *const rows = list_of(taken, "messages");
    if (rows == NULL) {
        return VELUM_E_INVALID;
    }
    for (size_t i = 0; i < json_count(rows); i++) {
        out->taken++;
        deliver_one_message(gate, config, json_at(rows, i), out);
    }
    return VELUM_OK;
}

/* --- hooks ---------------------------------------------------------------------------------------- */

static int64_t now_ns(void)
{
    const velum_clock clock = clock_system();

    return clock_monotonic_ns(&clock);
}

static void deliver_one_hook(gate *gate, const courier_config *config, const json_value *row,
                             rests *rests, round_counts *out)
{
    const json_value *const timestamp = json_member(row, "timestamp");
    const hook_call call = {
        .id = member_of(row, "id"),
        .hook = member_of(row, "hook"),
        .timestamp = timestamp == NULL ? 0 : json_integer(timestamp),
        .body = member_of(row, "body"),
        .signature = member_of(row, "signature"),
    };
    const place *const place = courier_config_hook(config, call.hook);
    outcome done = deliver_hook(config, place, &call);

    done.attempt = attempt_of(row);
    if (place != NULL) {
        rests_note(rests, (uint32_t)(place - config->hooks), done.kind == OUTCOME_SENT, now_ns());
    }
    tell(gate, gate_report_hook, call.id, &done, out);
}

/* A hook without an address here is left to a courier that has one. */
static uint32_t list_awake(const courier_config *config, const rests *rests,
                           text out[CONFIG_HOOKS_MAX])
{
    const int64_t now = now_ns();
    uint32_t count = 0;

    for (uint32_t i = 0; i < config->hook_count; i++) {
        if (!rests_now(rests, i, now)) {
            out[count++] = text_of(config->hooks[i].name);
        }
    }
    return count;
}

velum_status round_hooks(gate *gate, const courier_config *config, rests *rests, round_counts *out)
{
    VELUM_AUTO(json) *taken = NULL;
    text names[CONFIG_HOOKS_MAX];
    const uint32_t name_count = list_awake(config, rests, names);

    if (name_count == 0) {
        return VELUM_OK;
    }
    VELUM_TRY(gate_take_hooks(gate, names, name_count, ROUND_LIMIT, &taken));
    const json_value *const rows = list_of(taken, "hooks");
    if (rows == NULL) {
        return VELUM_E_INVALID;
    }
    for (size_t i = 0; i < json_count(rows); i++) {
        out->taken++;
        deliver_one_hook(gate, config, json_at(rows, i), rests, out);
    }
    return VELUM_OK;
}
