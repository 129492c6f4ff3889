/* core/policy_list.c: what is, was and may come into force, and its text. */
#include "core/approval_rows.h"
#include "core/locate.h"
#include "core/policy_change.h"
#include "core/verbs.h"

typedef struct list_writer {
    passage *passage;
    json_writer json;
} list_writer;

/* --- in force, and before ------------------------------------------------------------------------ */

static void write_hash(json_writer *out, const uint8_t hash[SHA256_BYTES])
{
    char hex[65];

    hex_encode(hash, SHA256_BYTES, hex);
    json_member_string(out, "policy", hex);
}

static void write_time(json_writer *out, const char *name, int64_t at_ns)
{
    char at[TIME_TEXT_BYTES];

    time_format(at_ns, at);
    json_member_string(out, name, at);
}

typedef struct applied_row {
    uint8_t hash[SHA256_BYTES];
    int64_t since_ns;
} applied_row;

#define APPLIED_MAX 101 /* the active one and 100 earlier */

static velum_status read_applied(store_conn *conn, applied_row rows[APPLIED_MAX],
                                 uint32_t *out_count)
{
    store_stmt *stmt = NULL;
    velum_status status = VELUM_OK;

    *out_count = 0;
    VELUM_TRY(conn_statement(
        conn, "SELECT hash, at_ns FROM bundle_applied ORDER BY n DESC LIMIT 101", &stmt));
    while (*out_count < APPLIED_MAX && (status = stmt_step(stmt)) == VELUM_OK) {
        const crypto_part hash = stmt_blob(stmt, 0);
        if (hash.size == SHA256_BYTES) {
            applied_row *const row = &rows[(*out_count)++];
            memcpy(row->hash, hash.data, SHA256_BYTES);
            row->since_ns = stmt_integer(stmt, 1);
        }
    }
    stmt_reset(stmt);
    return status < 0 ? status : VELUM_OK;
}

/* Who brought it and what it calls itself, where that is known. */
static velum_status write_origin(list_writer *self, const uint8_t hash[SHA256_BYTES])
{
    proposal row;
    const velum_status status = proposal_load(self->passage->conn, hash, &row);

    if (status == VELUM_OK) {
        json_member_string(&self->json, "name", row.name);
        json_member_string(&self->json, "by", row.by);
    }
    return status == VELUM_E_NOTFOUND ? VELUM_OK : status;
}

static velum_status write_applied(list_writer *self)
{
    VELUM_AUTO_MEM applied_row *rows = mem_alloc_array(APPLIED_MAX, sizeof(*rows));
    json_writer *const out = &self->json;
    uint32_t count = 0;

    if (rows == NULL) {
        return VELUM_E_NOMEM;
    }
    VELUM_TRY(read_applied(self->passage->conn, rows, &count));
    for (uint32_t i = 0; i < count; i++) {
        if (i == 0) {
            json_name(out, "active");
        } else if (i == 1) {
            json_name(out, "earlier");
            json_begin_array(out);
        }
        json_begin_object(out);
        write_hash(out, rows[i].hash);
        VELUM_TRY(write_origin(self, rows[i].hash));
        write_time(out, "since", rows[i].since_ns);
        if (i > 0) {
            write_time(out, "until", rows[i - 1].since_ns);
        }
        json_end_object(out);
    }
    if (count > 1) {
        json_end_array(out);
    }
    return VELUM_OK;
}

/* --- what is proposed ----------------------------------------------------------------------------- */

static void write_name_of(void *context, const approval_said *said)
{
    json_writer *const out = context;

    if (said->said == APPROVAL_SAID_AGREE) {
        json_write_text(out, said->by);
    }
}

static velum_status write_approval(list_writer *self, const proposal *row)
{
    json_writer *const out = &self->json;
    char id[33];
    approval_row approval;

    if (!row->has_approval) {
        return VELUM_OK;
    }
    const velum_status status = approval_row_load(self->passage->conn, row->approval, &approval);
    if (status < 0) {
        return status == VELUM_E_NOTFOUND ? VELUM_OK : status;
    }
    hex_encode(row->approval, sizeof(row->approval), id);
    json_member_string(out, "approval", id);
    json_member_string(out, "approval_state", approval_state_name(approval.state));
    json_member_integer(out, "needed", approval.needed);
    json_name(out, "agreed");
    json_begin_array(out);
    VELUM_TRY(approval_said_each(self->passage->conn, row->approval, write_name_of, out));
    json_end_array(out);
    return VELUM_OK;
}

static velum_status write_proposal(void *context, const proposal *row)
{
    list_writer *const self = context;
    json_writer *const out = &self->json;

    json_begin_object(out);
    write_hash(out, row->hash);
    json_member_string(out, "name", row->name);
    json_member_string(out, "state", proposal_state_name(row->state));
    json_member_string(out, "by", row->by);
    write_time(out, "at", row->at_ns);
    if (row->note[0] != '\0') {
        json_member_string(out, "note", row->note);
    }
    if (row->activate_at_ns != 0) {
        write_time(out, "activates", row->activate_at_ns);
    }
    json_member_bool(out, "shadow", row->shadow);
    VELUM_TRY(write_approval(self, row));
    json_end_object(out);
    return VELUM_OK;
}

velum_status policy_list_mask(passage *passage)
{
    list_writer self = {.passage = passage};
    json_writer *const out = &self.json;

    VELUM_TRY(locate_snapshot(passage));
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_LIST);
    json_writer_init(out, &passage->answer->body);
    json_begin_object(out);
    json_name(out, "proposed");
    json_begin_array(out);
    VELUM_TRY(proposal_each(passage->conn, write_proposal, &self));
    json_end_array(out);
    VELUM_TRY(write_applied(&self));
    json_end_object(out);
    return buffer_status(&passage->answer->body);
}

/* --- the text -------------------------------------------------------------------------------------- */

velum_status policy_files_mask(passage *passage)
{
    VELUM_AUTO_STORED_FILES files = {.count = 0};
    uint8_t hash[SHA256_BYTES];
    json_writer out;

    if (hex_decode(passage->request->ref, hash, sizeof(hash)) < 0) {
        return refuse(passage, REASON_UNKNOWN_POLICY);
    }
    VELUM_TRY(locate_snapshot(passage));
    VELUM_TRY(policy_files_of(passage->conn, hash, &files));
    if (files.count == 0) {
        return refuse(passage, REASON_UNKNOWN_POLICY);
    }
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_SHOW);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    write_hash(&out, hash);
    json_name(&out, "files");
    json_begin_object(&out);
    for (size_t i = 0; i < files.count; i++) {
        json_name_text(&out, files.files[i].name);
        json_write_text(&out, files.files[i].bytes);
    }
    json_end_object(&out);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}
