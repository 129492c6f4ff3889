/* core/request_terms.c: what holds for a request from its receipt on.
 *
 * The bundle in force at receipt answers (fides#2389): its deadlines, cool-down and recipients are
 * written into the row, so that a later policy changes nothing of a request that is under way.
 */
#include "core/request_row.h"

#include "policy/deadline.h"

/* The packs that give the deadlines. */
typedef struct pack_list {
    const jurisdiction_pack *packs[BUNDLE_PACKS_MAX];
    uint32_t count;
} pack_list;

/* Several or unknown jurisdictions: the strictest of all, the shortest deadline (spec/law). */
static void take_all(const bundle *bundle, pack_list *out)
{
    out->count = bundle->pack_count < BUNDLE_PACKS_MAX ? bundle->pack_count : BUNDLE_PACKS_MAX;
    for (uint32_t i = 0; i < out->count; i++) {
        out->packs[i] = &bundle->packs[i];
    }
}

static void take_one(const bundle *bundle, const jurisdiction_pack *pack, pack_list *out)
{
    if (pack == NULL) {
        take_all(bundle, out);
        return;
    }
    out->packs[0] = pack;
    out->count = 1;
}

static velum_status take_named(passage *passage, const json_value *names, pack_list *out)
{
    const bundle *const bundle = passage->world->bundle;
    const jurisdiction_pack *found = NULL;

    if (json_kind_of(names) != JSON_ARRAY || json_count(names) == 0 ||
        json_count(names) > BUNDLE_PACKS_MAX) {
        return refuse_hint(passage, PROBLEM_MALFORMED,
                           "`jurisdictions` is an array of 1 to 8 names.");
    }
    for (size_t i = 0; i < json_count(names); i++) {
        if (json_kind_of(json_at(names, i)) != JSON_TEXT) {
            return refuse_hint(passage, PROBLEM_MALFORMED, "A jurisdiction is a name.");
        }
    }
    for (uint32_t i = 0; i < bundle->pack_count && json_count(names) == 1; i++) {
        if (text_equal(bundle->packs[i].name, json_text(json_at(names, 0)))) {
            found = &bundle->packs[i];
        }
    }
    take_one(bundle, found, out);
    return VELUM_OK;
}

static velum_status choose_packs(passage *passage, const json_value *names, pack_list *out)
{
    const bundle *const bundle = passage->world->bundle;

    if (names != NULL) {
        return take_named(passage, names, out);
    }
    take_one(bundle, bundle_pack(bundle, passage->opened == NULL ? 0 : passage->state.jurisdiction),
             out);
    return VELUM_OK;
}

/* A letter that lay about is still waited for as long as any other: its sender learns only now that
 * they must prove who they are. */
static int64_t verify_end(const deadlines *deadlines, const request *row)
{
    if (deadlines->verify_ns == 0 || deadlines->verify_ns > row->entered_ns) {
        return deadlines->verify_ns;
    }
    return row->entered_ns + (deadlines->verify_ns - row->received_ns);
}

static void set_deadlines(const pack_list *list, request *row)
{
    deadlines deadlines;

    deadlines_of(list->packs, list->count, request_is_opt_out(row->right), row->received_ns,
                 &deadlines);
    row->due_ns = deadlines.answer_ns;
    row->confirm_ns = deadlines.confirm_ns;
    row->verify_ns = verify_end(&deadlines, row);
    row->extend_until_ns = deadlines.extend_until_ns;
    row->extended_ns = deadlines.extended_ns;
    for (uint32_t i = 0; i < list->count; i++) {
        const jurisdiction_pack *const pack = list->packs[i];
        row->jurisdictions[row->jurisdiction_count++] = pack->number;
        row->log_days =
            pack->request_log_days > row->log_days ? pack->request_log_days : row->log_days;
    }
}

velum_status request_set_terms(passage *passage, const json_value *names, request *row)
{
    const bundle *const bundle = passage->world->bundle;
    pack_list list = {.count = 0};

    VELUM_TRY(choose_packs(passage, names, &list));
    set_deadlines(&list, row);
    memcpy(row->policy, bundle->hash, sizeof(row->policy));
    row->cool_down_days = bundle->erasure.cool_down_days;
    for (uint32_t i = 0; i < bundle->recipient_count; i++) {
        row->processors[row->processor_count++] = bundle->recipients[i].number;
    }
    return VELUM_OK;
}
