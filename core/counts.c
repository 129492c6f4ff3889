/* core/counts.c: the question: which count, whether it may be asked, and which answer there is. */
#include "core/counts.h"

#include "core/locate.h"
#include "core/parse.h"
#include "core/verbs.h"

#define NS_PER_DAY (86400 * NS_PER_SECOND)

/* --- which count -------------------------------------------------------------------------------- */

static velum_status take_name(passage *passage, text *out)
{
    static const char *const members[] = {"count", NULL};
    const json_value *const body = json_root(passage->body);

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_optional_text(passage, body, "count", out));
    if (out->size == 0) {
        *out = passage->request->ref;
    }
    return out->size > 0 ? VELUM_OK
                         : refuse_hint(passage, PROBLEM_MALFORMED, "`count` is the name of one.");
}

velum_status counts_locate(passage *passage)
{
    const bundle *const bundle = passage->world->bundle;
    text name = TEXT_EMPTY;

    VELUM_TRY(take_name(passage, &name));
    passage->target = (crypto_part){name.data, name.size};
    const uint32_t index = bundle_find(bundle, REGISTRY_COUNT, name);
    if (index == BUNDLE_NONE) {
        return refuse(passage, REASON_UNKNOWN_RESOURCE);
    }
    const bundle_count *const count = &bundle->counts[index];
    passage->count = index + 1;
    passage->resource = count->resource + 1;
    for (uint32_t d = 0; d < count->dimension_count; d++) {
        passage->asked |= (uint64_t)1 << count->dimensions[d];
    }
    if (count->measure != BUNDLE_NONE) {
        passage->asked |= (uint64_t)1 << count->measure;
    }
    return VELUM_OK;
}

uint32_t counts_k(const bundle *bundle, const bundle_count *count)
{
    const resource_field *const fields = bundle->resources[count->resource].fields;
    bool is_sensitive =
        count->measure != BUNDLE_NONE && fields[count->measure].class >= CLASS_SENSITIVE;

    for (uint32_t d = 0; d < count->dimension_count; d++) {
        is_sensitive = is_sensitive || fields[count->dimensions[d]].class >= CLASS_SENSITIVE;
    }
    return publish_k(count->k, is_sensitive);
}

/* --- who may ask -------------------------------------------------------------------------------- */

/* A count is of everybody: two who see different customers would see different numbers, and could take
 * one from the other. */
static velum_status require_all_customers(passage *passage)
{
    const bundle *const bundle = passage->world->bundle;

    if (passage->actor.kind != ACTOR_HUMAN) {
        return VELUM_OK;
    }
    for (uint32_t i = 0; i < bundle->role_count; i++) {
        if ((passage->actor.roles >> i & 1) != 0 && bundle->roles[i].condition_count == 0) {
            return VELUM_OK;
        }
    }
    return refuse_hint(passage, REASON_SMALL_NUMBERS,
                       "A count is of all customers; the roles here see some.");
}

static uint16_t purpose_of(const passage *passage)
{
    const bundle *const bundle = passage->world->bundle;

    return bundle->purposes[bundle->activities[passage->activity].purpose].number;
}

/* --- what is counted, and how ------------------------------------------------------------------- */

/* What makes two answers comparable: numbers of another shape have no answer before. */
static void shape_of(const bundle *bundle, const bundle_count *count, uint8_t out[SHA256_BYTES])
{
    const bundle_resource *const resource = &bundle->resources[count->resource];
    uint8_t bytes[8 + 4 * COUNT_DIMENSIONS_MAX + 8] = {0};
    const crypto_part parts[] = {{"velum count 1", 13}, {bytes, sizeof(bytes)}};

    bytes_write_u16be(bytes, resource->number);
    bytes_write_u16be(bytes + 2,
                      count->measure == BUNDLE_NONE ? 0 : resource->fields[count->measure].number);
    bytes_write_u32be(bytes + 4, count->dimension_count);
    for (uint32_t d = 0; d < count->dimension_count; d++) {
        bytes_write_u16be(bytes + 8 + 4 * (size_t)d, resource->fields[count->dimensions[d]].number);
        bytes_write_u16be(bytes + 10 + 4 * (size_t)d, count->by_month[d] ? 1 : 0);
    }
    bytes_write_u32be(bytes + 8 + 4 * COUNT_DIMENSIONS_MAX, counts_k(bundle, count));
    bytes_write_u32be(bytes + 12 + 4 * COUNT_DIMENSIONS_MAX, count->dominance_percent);
    sha256(parts, sizeof(parts) / sizeof(parts[0]), out);
}

/* --- a new answer ------------------------------------------------------------------------------- */

typedef struct counting {
    passage *passage;
    const bundle_count *count;
    counts_kept kept;
    counts_table *table;
    bool has_before;
    int64_t today;
} counting;

static velum_status publish_table_of(counting *self)
{
    publish_table table = counts_table_publish(self->table);

    table.k = counts_k(self->passage->world->bundle, self->count);
    table.dominance_percent = self->count->dominance_percent;
    table.has_measure = self->count->measure != BUNDLE_NONE;
    table.has_before = self->has_before;
    table.sum_base = self->kept.sum_base;
    const velum_status status = publish(&table);
    if (status == VELUM_OK) {
        self->kept.sum_base = table.sum_base;
        self->kept.at_ns = self->passage->clock.later_ns;
    }
    return status;
}

static velum_status count_anew(counting *self)
{
    passage *const passage = self->passage;

    VELUM_TRY(counts_walk(passage, self->count, self->table));
    VELUM_TRY(publish_table_of(self));
    self->kept.purpose = purpose_of(passage);
    self->kept.day = self->today;
    locate_release_snapshot(passage); /* the writer waits for no reader of ours */
    const uint64_t customers = counts_table_customers(self->table);
    passage->entry.record_count = customers - customers % PUBLISH_ROUNDED_TO;
    entry_push(&passage->entry, INPUT_COUNTED, 1);
    return counts_kept_store(passage->gate, &self->kept, self->table);
}

/* One walk at a time in a gate. */
static velum_status count_alone(counting *self)
{
    atomic_bool *const counting = &self->passage->gate->is_counting;
    bool expected = false;

    if (!atomic_compare_exchange_strong(counting, &expected, true)) {
        return VELUM_E_BUSY;
    }
    const velum_status status = count_anew(self);
    atomic_store(counting, false);
    return status;
}

/* --- which answer ------------------------------------------------------------------------------- */

static velum_status load_kept(counting *self)
{
    passage *const passage = self->passage;

    self->kept.count = self->count->number;
    shape_of(passage->world->bundle, self->count, self->kept.shape);
    VELUM_TRY(locate_snapshot(passage));
    const velum_status status = counts_kept_load(passage->conn, &self->kept, self->table);
    self->has_before = status == VELUM_OK;
    if (self->has_before && self->kept.purpose != purpose_of(passage)) {
        return refuse_hint(passage, REASON_SMALL_NUMBERS,
                           "This count is answered for another purpose.");
    }
    return status == VELUM_E_NOTFOUND ? VELUM_OK : status;
}

/* The answer of today; where it was not counted today, a new one; while another counts, the last one. */
static velum_status find_answer(counting *self)
{
    VELUM_TRY(load_kept(self));
    self->today = self->passage->clock.later_ns / NS_PER_DAY;
    if (self->has_before && (self->kept.day >= self->today || self->passage->clock.behind)) {
        return VELUM_OK;
    }
    if (self->passage->clock.behind) {
        return refuse(self->passage, REASON_CLOCK_BEHIND); /* nobody's consent could be judged */
    }
    const velum_status status = count_alone(self);
    if (status == VELUM_E_LIMIT) {
        return refuse_hint(self->passage, PROBLEM_TOO_LARGE,
                           "The count has more values or cells than can be told.");
    }
    return status == VELUM_E_BUSY && self->has_before ? VELUM_OK : status;
}

static velum_status answer(counting *self)
{
    passage *const passage = self->passage;
    uint64_t untold = 0;

    VELUM_TRY(counts_table_create(self->count->dimension_count, &self->table));
    VELUM_TRY(find_answer(self));
    VELUM_TRY(counts_untold(self->table, &untold));
    entry_push(&passage->entry, INPUT_AGGREGATE, self->count->number);
    entry_push(&passage->entry, INPUT_SUPPRESSED, untold);
    return counts_write(passage, self->count, &self->kept, self->table);
}

velum_status counts_mask(passage *passage)
{
    counting self = {.passage = passage,
                     .count = &passage->world->bundle->counts[passage->count - 1]};

    VELUM_TRY(require_all_customers(passage));
    const velum_status status = answer(&self);
    counts_table_free(self.table);
    return status;
}
