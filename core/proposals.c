/* core/proposals.c: bundles that are not in force: rows, and what they would change. */
#include "core/policy_store.h"

#include "core/locate.h"

const char *proposal_state_name(uint32_t state)
{
    static const char *const names[] = {
        [PROPOSAL_PROPOSED] = "proposed",
        [PROPOSAL_SCHEDULED] = "scheduled",
        [PROPOSAL_IN_FORCE] = "in-force",
        [PROPOSAL_FAILED] = "failed",
    };

    return state < sizeof(names) / sizeof(names[0]) ? names[state] : NULL;
}

/* --- rows --------------------------------------------------------------------------------------- */

#define COLUMNS \
    "hash, name, by_name, at_ns, note, state, approval, is_approved, activate_at_ns, shadow"

/* As much of the text as fits, never half a character. */
static void take_text(store_stmt *stmt, int column, char *out, size_t size)
{
    text value = stmt_text(stmt, column);

    if (value.size >= size) {
        value.size = size - 1;
    }
    while (value.size > 0 && !utf8_is_valid(value)) {
        value.size--;
    }
    memcpy(out, value.data, value.size);
    out[value.size] = '\0';
}

static void take_row(store_stmt *stmt, proposal *out)
{
    const crypto_part hash = stmt_blob(stmt, 0);
    const crypto_part approval = stmt_blob(stmt, 6);

    *out = (proposal){.at_ns = stmt_integer(stmt, 3),
                      .state = (uint32_t)stmt_integer(stmt, 5),
                      .has_approval = approval.size == sizeof(out->approval),
                      .is_approved = stmt_integer(stmt, 7) != 0,
                      .activate_at_ns = stmt_integer(stmt, 8),
                      .shadow = stmt_integer(stmt, 9) != 0};
    if (hash.size == SHA256_BYTES) {
        memcpy(out->hash, hash.data, SHA256_BYTES);
    }
    if (out->has_approval) {
        memcpy(out->approval, approval.data, sizeof(out->approval));
    }
    take_text(stmt, 1, out->name, sizeof(out->name));
    take_text(stmt, 2, out->by, sizeof(out->by));
    take_text(stmt, 4, out->note, sizeof(out->note));
}

static velum_status take_one(store_stmt *stmt, proposal *out)
{
    const velum_status status = stmt_step(stmt);

    if (status == VELUM_OK) {
        take_row(stmt, out);
    }
    stmt_reset(stmt);
    return status == VELUM_END ? VELUM_E_NOTFOUND : status;
}

velum_status proposal_load(store_conn *conn, const uint8_t hash[SHA256_BYTES], proposal *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "SELECT " COLUMNS " FROM proposal WHERE hash = $1", &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, hash, SHA256_BYTES));
    return take_one(stmt, out);
}

velum_status proposal_load_scheduled(store_conn *conn, const uint8_t hash_begin[16], proposal *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "SELECT " COLUMNS " FROM proposal"
                             " WHERE substr(hash, 1, 16) = $1 AND state = 2 LIMIT 1",
                             &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, hash_begin, 16));
    return take_one(stmt, out);
}

velum_status proposal_load_shadow(store_conn *conn, proposal *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(
        conn_statement(conn, "SELECT " COLUMNS " FROM proposal WHERE shadow = 1 LIMIT 1", &stmt));
    return take_one(stmt, out);
}

velum_status proposal_save(store_conn *conn, const proposal *row)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "INSERT INTO proposal (" COLUMNS ")"
                             " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
                             " ON CONFLICT (hash) DO UPDATE SET name = excluded.name,"
                             " by_name = excluded.by_name, at_ns = excluded.at_ns,"
                             " note = excluded.note, state = excluded.state,"
                             " approval = excluded.approval, is_approved = excluded.is_approved,"
                             " activate_at_ns = excluded.activate_at_ns, shadow = excluded.shadow",
                             &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, row->hash, sizeof(row->hash)));
    VELUM_TRY(stmt_bind_text(stmt, 2, text_of(row->name)));
    VELUM_TRY(stmt_bind_text(stmt, 3, text_of(row->by)));
    VELUM_TRY(stmt_bind_integer(stmt, 4, row->at_ns));
    VELUM_TRY(stmt_bind_text(stmt, 5, text_of(row->note)));
    VELUM_TRY(stmt_bind_integer(stmt, 6, row->state));
    VELUM_TRY(row->has_approval ? stmt_bind_blob(stmt, 7, row->approval, sizeof(row->approval))
                                : stmt_bind_null(stmt, 7));
    VELUM_TRY(stmt_bind_integer(stmt, 8, row->is_approved ? 1 : 0));
    VELUM_TRY(stmt_bind_integer(stmt, 9, row->activate_at_ns));
    VELUM_TRY(stmt_bind_integer(stmt, 10, row->shadow ? 1 : 0));
    return stmt_execute(stmt);
}

velum_status proposal_end_shadow(store_conn *conn)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "UPDATE proposal SET shadow = 0 WHERE shadow <> 0", &stmt));
    return stmt_execute(stmt);
}

velum_status proposal_each(store_conn *conn, proposal_visit visit, void *context)
{
    VELUM_AUTO_MEM proposal *rows = mem_alloc_array(PROPOSALS_MAX, sizeof(*rows));
    store_stmt *stmt = NULL;
    velum_status status = VELUM_OK;
    uint32_t count = 0;

    if (rows == NULL) {
        return VELUM_E_NOMEM;
    }
    VELUM_TRY(conn_statement(conn,
                             "SELECT " COLUMNS " FROM proposal WHERE state <> 3"
                             " ORDER BY at_ns DESC, hash LIMIT 100",
                             &stmt));
    while (count < PROPOSALS_MAX && (status = stmt_step(stmt)) == VELUM_OK) {
        take_row(stmt, &rows[count++]);
    }
    stmt_reset(stmt);
    for (uint32_t i = 0; i < count && status >= 0; i++) {
        status = visit(context, &rows[i]);
    }
    return status < 0 ? status : VELUM_OK;
}

/* --- what it would change ----------------------------------------------------------------------- */

static velum_status write_change(void *context, bool widens, const char *section,
                                 const char *message)
{
    json_writer *const out = context;

    json_begin_object(out);
    json_member_string(out, "section", section);
    json_member_bool(out, "widens", widens);
    json_member_string(out, "text", message);
    json_end_object(out);
    return buffer_status(out->out);
}

velum_status policy_write_changes(const bundle *before, const bundle *after, json_writer *out)
{
    json_name(out, "changes");
    json_begin_array(out);
    VELUM_TRY(bundle_diff(before, after, write_change, out));
    json_end_array(out);
    return VELUM_OK;
}

velum_status policy_write_proposal(passage *passage, const uint8_t hash[SHA256_BYTES],
                                   json_writer *out)
{
    VELUM_AUTO(bundle) *bundle = NULL;
    char hex[65];
    proposal row;

    hex_encode(hash, SHA256_BYTES, hex);
    json_member_string(out, "policy", hex);
    if (proposal_load(passage->conn, hash, &row) == VELUM_OK) {
        json_member_string(out, "name", row.name);
        json_member_string(out, "note", row.note);
    }
    const velum_status status = policy_bundle_of(passage->conn, hash, &bundle, NULL);
    if (status == VELUM_E_NOTFOUND || status == VELUM_E_INVALID) {
        return VELUM_OK; /* nothing of that hash that could come into force */
    }
    VELUM_TRY(status);
    return policy_write_changes(passage->world->bundle, bundle, out);
}
