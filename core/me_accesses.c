/* core/me_accesses.c: customers see who looked at their data, newest first (PIPL 44, 45; GDPR 15).
 *
 * One call reads at most one file of the log and says where the next one goes on, so that neither its
 * time nor its memory grows with the log. Within a file leaves are read forward, and the newest that
 * fit into the answer are kept. What is shown by role, or counted alone, comes with the first page of
 * its file and for the whole of it, so that no page says where in the file it stands (L-4).
 */
#include "audit/folder.h"
#include "core/certificate.h"
#include "core/me_log.h"
#include "core/parse.h"
#include "core/verbs.h"

#define ACCESSES_DEFAULT 50
#define ACCESSES_MAX 200
#define DAY_SECONDS 86400
#define BRIEFS_MAX 1024 /* different ones of a file; what comes on top is counted */

typedef struct access {
    uint64_t index;
    own_entry own;
    audit_entry entry;
    bool is_told; /* as part of a group that was written */
} access;

typedef struct brief_count {
    own_brief brief;
    uint64_t count;
} brief_count;

typedef struct accesses {
    audit_scan scan;
    uint64_t first; /* of the file */
    uint64_t end;   /* exclusive */
    bool is_whole;  /* the page begins at the end of the file, or of the log */
    uint64_t limit;
    uint64_t found;
    access kept[ACCESSES_MAX];      /* a ring: found % limit is the next slot */
    brief_count briefs[BRIEFS_MAX]; /* in the order in which they came */
    uint32_t brief_count;
    uint64_t more;
    uint64_t withheld[BUNDLE_ACTIVITIES_MAX];
    uint64_t told; /* all of them */
} accesses;

/* --- finding ------------------------------------------------------------------------------------ */

static velum_status parse_query(passage *passage, accesses *out)
{
    static const char *const members[] = {"from", "limit", NULL};
    const uint64_t size = journal_size(passage->gate->journal);

    VELUM_TRY(parse_known_members(passage, json_root(passage->body), members));
    VELUM_TRY(audit_parse_count(passage, "from", size, &out->end));
    VELUM_TRY(audit_parse_count(passage, "limit", ACCESSES_DEFAULT, &out->limit));
    if (out->limit == 0 || out->limit > ACCESSES_MAX) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`limit` is a number from 1 to 200.");
    }
    out->end = out->end < size ? out->end : size;
    out->is_whole = out->end == size;
    return VELUM_OK;
}

/* The first leaf of the file that holds the last one below `end`. */
static velum_status find_file(accesses *self)
{
    VELUM_AUTO_TAILS tails = {NULL, 0};

    VELUM_TRY(folder_list_tails(self->scan.passage->gate->audit_fd, &tails));
    for (size_t i = 0; i < tails.count && tails.first[i] <= self->end; i++) {
        if (tails.first[i] == self->end) {
            self->is_whole = true;
        } else {
            self->first = tails.first[i];
        }
    }
    return VELUM_OK;
}

static void keep_full(accesses *self, const log_leaf *leaf, const own_entry *own)
{
    access *const slot = &self->kept[self->found % self->limit];

    *slot = (access){.index = leaf->index, .own = *own, .entry = *leaf->entry};
    slot->entry.subjects = NULL; /* borrowed from the leaf, and others */
    self->found++;
}

/* Mostly it is one of the last, since days go by in order. */
static void keep_brief(accesses *self, const audit_entry *entry)
{
    own_brief brief;

    own_brief_of(self->scan.passage, entry, &brief);
    for (uint32_t i = self->brief_count; i > 0; i--) {
        if (own_brief_equals(&self->briefs[i - 1].brief, &brief)) {
            self->briefs[i - 1].count++;
            return;
        }
    }
    if (self->brief_count == BRIEFS_MAX) {
        self->more++;
        return;
    }
    self->briefs[self->brief_count++] = (brief_count){brief, 1};
}

static void keep(accesses *self, const log_leaf *leaf)
{
    own_entry own;

    if (!own_entry_judge(&self->scan, leaf->entry, &own) || own.visible == 0) {
        return;
    }
    if (own.visible == VISIBLE_FULL) {
        keep_full(self, leaf, &own);
        return;
    }
    if (!self->is_whole) {
        return;
    }
    self->told++;
    if (own.visible == VISIBLE_NEVER) {
        self->withheld[own.activity]++;
    } else {
        keep_brief(self, leaf->entry);
    }
}

static velum_status scan_file(void *context)
{
    accesses *const self = context;
    const velum_gate *const gate = self->scan.passage->gate;
    velum_status status = VELUM_OK;
    log_leaf leaf;
    VELUM_AUTO(log_reader) *reader = NULL;

    if (self->end == 0) {
        return VELUM_OK;
    }
    VELUM_TRY(find_file(self));
    VELUM_TRY(log_reader_open(gate->audit_fd, &reader, NULL));
    VELUM_TRY(log_reader_seek(reader, self->first));
    while ((status = log_reader_next(reader, &leaf)) == VELUM_OK && leaf.index < self->end) {
        if (atomic_load_explicit(&gate->stopping, memory_order_relaxed)) {
            return VELUM_E_UNAVAILABLE;
        }
        keep(self, &leaf);
    }
    return status == VELUM_END ? VELUM_OK : status;
}

static uint64_t kept_count(const accesses *self)
{
    return self->found < self->limit ? self->found : self->limit;
}

/* The `i`th newest. */
static access *newest(accesses *self, uint64_t i)
{
    return &self->kept[(self->found - 1 - i) % self->limit];
}

/* --- one access --------------------------------------------------------------------------------- */

static bool same_day(const bundle *bundle, int64_t a_ns, int64_t b_ns)
{
    const int64_t a_s = a_ns / NS_PER_SECOND + bundle->day_offset_s;
    const int64_t b_s = b_ns / NS_PER_SECOND + bundle->day_offset_s;

    return a_s / DAY_SECONDS == b_s / DAY_SECONDS;
}

static void member_fields(const world *world, const char *name, const uint32_t *fields,
                          uint32_t count, json_writer *out)
{
    if (count == 0) {
        return;
    }
    json_name(out, name);
    json_begin_array(out);
    for (uint32_t i = 0; i < count; i++) {
        const char *const field = world_name(world, REGISTRY_FIELD, fields[i]);
        json_write_text(out, text_of(field == NULL ? "?" : field));
    }
    json_end_array(out);
}

static void members_of_activity(const world *world, const access *access, json_writer *out)
{
    const char *const name = world_name(world, REGISTRY_ACTIVITY, access->entry.activity);

    json_member_string(out, "activity", name == NULL ? "" : name);
    if (access->own.activity != BUNDLE_NONE) {
        const bundle_activity *const activity = &world->bundle->activities[access->own.activity];
        json_member_text(out, "title_zh", activity->title_zh);
        json_member_text(out, "title_en", activity->title_en);
    }
}

/* What was written, or released; the masked ones are named beside. */
static void members_of_fields(const world *world, const audit_entry *entry, json_writer *out)
{
    uint32_t masked[ENTRY_FIELDS_MAX];

    for (uint32_t i = 0; i < entry->mask_count; i++) {
        masked[i] = entry->masks[i].field;
    }
    const bool wrote = entry->type == ENTRY_UPSERT || entry->type == ENTRY_ROWS;
    if (wrote && entry->decision != ENTRY_DENY) {
        member_fields(world, "fields", entry->asked, entry->asked_count, out);
    } else {
        member_fields(world, "fields", entry->released, entry->released_count, out);
    }
    member_fields(world, "masked", masked, entry->mask_count, out);
}

static void members_of_decision(const world *world, const audit_entry *entry, json_writer *out)
{
    const char *const decision = entry_decision_name(entry->decision);
    const char *const reason =
        entry->refusal == 0 ? NULL : world_name(world, REGISTRY_REASON, entry->refusal);

    json_member_string(out, "decision", decision == NULL ? "" : decision);
    if (reason != NULL) {
        json_member_string(out, "reason", reason);
    }
    if (entry->type == ENTRY_ERASURE && entry->stage == ENTRY_INTENT) {
        uint8_t id[16];
        char hex[33];
        certificate_id(entry->event_id, id);
        hex_encode(id, sizeof(id), hex);
        json_member_string(out, "certificate", hex);
    }
}

static void write_full(const passage *passage, const access *access, json_writer *out)
{
    const audit_entry *const entry = &access->entry;
    const char *const type = entry_type_name(entry->type);
    own_brief brief;
    char at[TIME_TEXT_BYTES];
    char id[33];

    own_brief_of(passage, entry, &brief);
    time_format(entry->at_ns, at);
    hex_encode(entry->event_id, sizeof(entry->event_id), id);
    json_member_integer(out, "index", (int64_t)access->index);
    json_member_string(out, "id", id);
    json_member_string(out, "at", at);
    json_member_string(out, "type", type == NULL ? "" : type);
    members_of_activity(passage->world, access, out);
    own_brief_write_who(passage->world, &brief, out);
    members_of_fields(passage->world, entry, out);
    members_of_decision(passage->world, entry, out);
    if (access->own.is_self) {
        json_member_bool(out, "self", true);
    }
}

/* --- the lists ---------------------------------------------------------------------------------- */

/* Role, store, purpose and day, newest first. */
static void write_briefs(const accesses *self, json_writer *out)
{
    for (uint32_t i = self->brief_count; i > 0; i--) {
        const brief_count *const one = &self->briefs[i - 1];
        json_begin_object(out);
        own_brief_write_day(&one->brief, out);
        own_brief_write_who(self->scan.passage->world, &one->brief, out);
        json_member_integer(out, "count", (int64_t)one->count);
        json_end_object(out);
    }
}

static void write_single(accesses *self, json_writer *out)
{
    json_name(out, "accesses");
    json_begin_array(out);
    for (uint64_t i = 0; i < kept_count(self); i++) {
        const access *const one = newest(self, i);
        if (!one->own.is_bulk) {
            json_begin_object(out);
            write_full(self->scan.passage, one, out);
            json_end_object(out);
        }
    }
    write_briefs(self, out);
    json_end_array(out);
}

static bool is_of_group(const bundle *bundle, const access *group, const access *other)
{
    return !other->is_told && other->own.is_bulk &&
           other->entry.activity == group->entry.activity &&
           same_day(bundle, group->entry.at_ns, other->entry.at_ns);
}

/* The group of the `i`th newest: what else of that day and activity is not told yet. */
static void write_group(accesses *self, uint64_t i, json_writer *out)
{
    const passage *const passage = self->scan.passage;
    const access group = *newest(self, i);
    const char *const purpose = world_name(passage->world, REGISTRY_PURPOSE, group.entry.purpose);
    own_brief brief;
    int64_t count = 0;

    own_brief_of(passage, &group.entry, &brief);
    json_begin_object(out);
    own_brief_write_day(&brief, out);
    json_member_string(out, "purpose", purpose == NULL ? "" : purpose);
    members_of_activity(passage->world, &group, out);
    json_name(out, "indexes");
    json_begin_array(out);
    for (uint64_t j = i; j < kept_count(self); j++) {
        access *const one = newest(self, j);
        if (is_of_group(passage->world->bundle, &group, one)) {
            one->is_told = true;
            count++;
            json_write_unsigned(out, one->index);
        }
    }
    json_end_array(out);
    json_member_integer(out, "count", count);
    json_end_object(out);
}

static void write_groups(accesses *self, json_writer *out)
{
    json_name(out, "grouped");
    json_begin_array(out);
    for (uint64_t i = 0; i < kept_count(self); i++) {
        const access *const one = newest(self, i);
        if (one->own.is_bulk && !one->is_told) {
            write_group(self, i, out);
        }
    }
    json_end_array(out);
}

/* How many are not shown, by the policy's reason (PIPL 18, 35), and nothing else of them. */
static void write_withheld(const accesses *self, json_writer *out)
{
    const bundle *const bundle = self->scan.passage->world->bundle;

    json_name(out, "withheld");
    json_begin_array(out);
    for (uint32_t i = 0; i < bundle->activity_count; i++) {
        if (self->withheld[i] > 0) {
            json_begin_object(out);
            json_member_text(out, "reason", bundle->activities[i].visible_reason);
            json_member_integer(out, "count", (int64_t)self->withheld[i]);
            json_end_object(out);
        }
    }
    json_end_array(out);
    if (self->more > 0) {
        json_member_integer(out, "more", (int64_t)self->more);
    }
}

/* Where the next call goes on; 0 at the beginning of the log. */
static uint64_t next_of(accesses *self)
{
    return self->found > self->limit ? newest(self, self->limit - 1)->index : self->first;
}

velum_status me_accesses_mask(passage *passage)
{
    VELUM_AUTO_MEM accesses *self = mem_alloc(sizeof(*self));
    json_writer out;

    if (self == NULL) {
        return VELUM_E_NOMEM;
    }
    self->scan.passage = passage;
    VELUM_TRY(audit_wait(passage));
    VELUM_TRY(parse_query(passage, self));
    VELUM_TRY(own_scan_run(passage, scan_file, self));
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    write_single(self, &out);
    write_groups(self, &out);
    write_withheld(self, &out);
    if (next_of(self) != 0) {
        json_member_integer(&out, "next", (int64_t)next_of(self));
    }
    json_end_object(&out);
    passage->entry.record_count = kept_count(self) + self->told;
    return buffer_status(&passage->answer->body);
}
