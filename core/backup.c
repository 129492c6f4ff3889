/* core/backup.c: asking for a backup, looking how it goes, letting a place go; and its leaves. */
#include "core/backup.h"

#include "core/gate.h"
#include "core/meta.h"
#include "core/own_write.h"
#include "core/parse.h"
#include "core/registry.h"
#include "core/verbs.h"

#include <stdio.h>

#define TIME_DIGITS 15 /* 20261201T031500 */

const char *backup_state_name(uint32_t state)
{
    static const char *const names[] = {[BACKUP_NONE] = "none",
                                        [BACKUP_DONE] = "done",
                                        [BACKUP_FAILED] = "failed",
                                        [BACKUP_UNKNOWN] = "unknown",
                                        [BACKUP_RUNNING] = "running"};

    return state < sizeof(names) / sizeof(names[0]) ? names[state] : NULL;
}

/* --- asking for one --------------------------------------------------------------------------------- */

/* vault-20261201T031500Z.db */
static void name_of(int64_t at_ns, char out[BACKUP_NAME_BYTES])
{
    char at[TIME_TEXT_BYTES];
    char digits[TIME_DIGITS + 1];
    size_t count = 0;

    time_format(at_ns, at);
    for (size_t i = 0; at[i] != '\0' && count < TIME_DIGITS; i++) {
        if (at[i] != '-' && at[i] != ':') {
            digits[count++] = at[i];
        }
    }
    digits[count] = '\0';
    (void)snprintf(out, BACKUP_NAME_BYTES, BACKUP_NAME_START "%sZ" BACKUP_NAME_END, digits);
}

static bool is_path(text place)
{
    if (place.size == 0 || place.size >= MIRROR_PLACE_BYTES || place.data[0] != '/') {
        return false;
    }
    for (size_t i = 0; i < place.size; i++) {
        if ((unsigned char)place.data[i] < 0x20 || place.data[i] == 0x7f) {
            return false;
        }
    }
    return place.size > 1;
}

/* Without slashes at its end, so that one place has one name. */
static velum_status parse_place(passage *passage, const char *member, text *out)
{
    VELUM_TRY(parse_text_member(passage, json_root(passage->body), member, out));
    while (out->size > 1 && out->data[out->size - 1] == '/') {
        out->size--;
    }
    return is_path(*out)
               ? VELUM_OK
               : refuse_hint(passage, REASON_INVALID_VALUE,
                             "A place is the absolute path of a folder, at most 399 bytes.");
}

static velum_status parse_keep(passage *passage, uint32_t *out)
{
    const json_value *const keep = json_member(json_root(passage->body), "keep");

    *out = BACKUP_KEEP_DEFAULT;
    if (keep == NULL) {
        return VELUM_OK;
    }
    if (json_kind_of(keep) != JSON_INTEGER || json_integer(keep) < 1 ||
        json_integer(keep) > BACKUP_KEEP_MAX) {
        return refuse_hint(passage, REASON_INVALID_VALUE, "`keep` is 1 to 1000 copies.");
    }
    *out = (uint32_t)json_integer(keep);
    return VELUM_OK;
}

static velum_status note_intent(passage *passage)
{
    const uint8_t *const id = passage->entry.event_id;

    passage->entry.stage = ENTRY_INTENT;
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_BACKUP);
    VELUM_TRY(meta_write(passage->conn, META_BACKUP_FIRST, (int64_t)bytes_read_u64be(id)));
    return meta_write(passage->conn, META_BACKUP_SECOND, (int64_t)bytes_read_u64be(id + 8));
}

velum_status backup_apply(passage *passage)
{
    static const char *const members[] = {"to", "keep", NULL};
    backup_job job = {.keep = 0};
    json_writer out;
    text place;

    VELUM_TRY(parse_known_members(passage, json_root(passage->body), members));
    VELUM_TRY(parse_place(passage, "to", &place));
    VELUM_TRY(parse_keep(passage, &job.keep));
    memcpy(job.place, place.data, place.size);
    memcpy(job.event_id, passage->entry.event_id, sizeof(job.event_id));
    name_of(passage->clock.now_ns, job.name);
    if (passage->batch->begins_backup || keeper_prepare(&passage->gate->keeper, &job) < 0) {
        return refuse_hint(passage, REASON_CONFLICT, "A backup is being made: wait for its end.");
    }
    VELUM_TRY(note_intent(passage));
    passage->batch->begins_backup = true;
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_string(&out, "place", job.place);
    json_member_string(&out, "name", job.name);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

/* --- looking ---------------------------------------------------------------------------------------- */

static void write_report(const keeper_report *report, json_writer *out)
{
    json_member_string(out, "state", backup_state_name(report->state));
    if (report->state == BACKUP_NONE) {
        return;
    }
    json_member_string(out, "place", report->job.place);
    json_member_string(out, "name", report->job.name);
    if (report->state == BACKUP_RUNNING) {
        json_member_string(out, "what", report->what);
        json_member_integer(out, "done", (int64_t)report->done);
        json_member_integer(out, "total", (int64_t)report->total);
    }
    if (report->state == BACKUP_FAILED) {
        json_member_string(out, "reason", report->reason);
    }
}

static void write_places(const key_mirrors *places, json_writer *out)
{
    char at[TIME_TEXT_BYTES];

    json_name(out, "places");
    json_begin_array(out);
    for (uint32_t i = 0; i < places->count; i++) {
        const key_mirror *const place = &places->items[i];
        json_begin_object(out);
        json_member_string(out, "place", place->place);
        json_member_integer(out, "behind", (int64_t)place->behind);
        if (place->last_ns != 0) {
            time_format(place->last_ns, at);
            json_member_string(out, "last", at);
        }
        json_end_object(out);
    }
    json_end_array(out);
}

velum_status backup_status_apply(passage *passage)
{
    const keeper_report report = keeper_look(&passage->gate->keeper);
    key_mirrors places;
    json_writer out;

    VELUM_TRY(vault_mirrors(passage->gate->vault, &places));
    passage->is_silent = true;
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    write_report(&report, &out);
    write_places(&places, &out);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

/* --- letting a place go ------------------------------------------------------------------------------- */

static bool is_known(const key_mirrors *places, text place)
{
    for (uint32_t i = 0; i < places->count; i++) {
        if (text_equal(text_of(places->items[i].place), place)) {
            return true;
        }
    }
    return false;
}

velum_status backup_forget_apply(passage *passage)
{
    static const char *const members[] = {"place", NULL};
    key_mirrors places;
    json_writer out;
    text place;

    VELUM_TRY(parse_known_members(passage, json_root(passage->body), members));
    VELUM_TRY(parse_place(passage, "place", &place));
    VELUM_TRY(vault_mirrors(passage->gate->vault, &places));
    if (!is_known(&places, place)) {
        return refuse_hint(passage, REASON_INVALID_VALUE, "No keys are brought to such a place.");
    }
    if (passage->batch->begins_backup || keeper_prepare_forget(&passage->gate->keeper, place) < 0) {
        return refuse_hint(passage, REASON_CONFLICT, "A backup is being made: wait for its end.");
    }
    passage->batch->begins_backup = true;
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_FORGET);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_text(&out, "place", place);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

/* --- its end ------------------------------------------------------------------------------------------ */

static velum_status record_end(write_batch *batch, const uint8_t intent[ENTRY_TOKEN_BYTES],
                               uint32_t state)
{
    audit_entry entry;

    own_entry(batch->gate, ENTRY_BACKUP, clock_wall_ns(&batch->gate->clock), &entry);
    entry.stage = ENTRY_OUTCOME;
    memcpy(entry.related, intent, ENTRY_TOKEN_BYTES);
    entry_push(&entry, INPUT_BACKUP, state);
    VELUM_TRY(write_batch_record(batch, &entry));
    VELUM_TRY(meta_write(batch->conn, META_BACKUP_FIRST, 0));
    return meta_write(batch->conn, META_BACKUP_SECOND, 0);
}

typedef struct ending {
    const backup_job *job;
    uint32_t state;
} ending;

static velum_status write_end(void *context, write_batch *batch)
{
    const ending *const self = context;

    return record_end(batch, self->job->event_id, self->state);
}

velum_status backup_end(velum_gate *gate, const backup_job *job, uint32_t state)
{
    ending self = {job, state};

    return writer_transact(&gate->writer, write_end, &self, 1);
}

velum_status backup_tell_orphan(write_batch *batch)
{
    uint8_t intent[ENTRY_TOKEN_BYTES];
    int64_t first = 0;
    int64_t second = 0;

    VELUM_TRY(meta_read(batch->conn, META_BACKUP_FIRST, &first));
    VELUM_TRY(meta_read(batch->conn, META_BACKUP_SECOND, &second));
    if (first == 0 && second == 0) {
        return VELUM_OK;
    }
    bytes_write_u64be(intent, (uint64_t)first);
    bytes_write_u64be(intent + 8, (uint64_t)second);
    return record_end(batch, intent, BACKUP_UNKNOWN);
}
