/* core/credential_rotate.c: a new token for a credential, while the old one serves a little longer.
 *
 * A credential has at most two tokens: its own, and the one from before the last rotation, which ends
 * at a time that is judged by the later of the clocks (I-3). Its hash stays after that end, so that
 * its use is refused by name and recorded, until the next rotation takes its place.
 */
#include "core/parse.h"
#include "core/schema.h"
#include "core/verbs.h"

#define OVERLAP_HOURS_DEFAULT 24
#define OVERLAP_HOURS_MAX 168
#define NS_PER_HOUR (3600 * NS_PER_SECOND)

const char *const credential_schema_2[] = {
    "ALTER TABLE credential ADD COLUMN previous_hash BLOB"
    " CHECK (previous_hash IS NULL OR length(previous_hash) = 32)",
    "ALTER TABLE credential ADD COLUMN previous_until_ns INTEGER NOT NULL DEFAULT 0",
    NULL,
};

velum_status credential_rotate(store_conn *conn, text name, int64_t until_ns,
                               const uint8_t new_hash[32])
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "UPDATE credential SET previous_hash = token_hash,"
                             " previous_until_ns = $1, token_hash = $2 WHERE name = $3",
                             &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, until_ns));
    VELUM_TRY(stmt_bind_blob(stmt, 2, new_hash, 32));
    VELUM_TRY(stmt_bind_text(stmt, 3, name));
    VELUM_TRY(stmt_execute(stmt));
    return conn_changes(conn) == 0 ? VELUM_E_NOTFOUND : VELUM_OK;
}

bool credential_token_has_ended(const credential *self, const uint8_t hash[32], int64_t now_ns)
{
    return self->has_previous && now_ns >= self->previous_until_ns &&
           mem_equal_secret(self->previous_hash, hash, sizeof(self->previous_hash));
}

/* --- the verb ----------------------------------------------------------------------------------- */

static velum_status parse_overlap(passage *passage, const json_value *body, int64_t *out_hours)
{
    const json_value *value = json_member(body, "overlap_hours");

    *out_hours = OVERLAP_HOURS_DEFAULT;
    if (value == NULL) {
        return VELUM_OK;
    }
    if (json_kind_of(value) != JSON_INTEGER) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`overlap_hours` is a number.");
    }
    *out_hours = json_integer(value);
    return *out_hours >= 0 && *out_hours <= OVERLAP_HOURS_MAX
               ? VELUM_OK
               : refuse_hint(passage, REASON_INVALID_VALUE, "`overlap_hours` is 0 to 168.");
}

/* What has ended for good is not brought back by a new token (I-3). */
static velum_status check_alive(passage *passage, text name)
{
    const credential *known = world_credential_by_name(passage->world, name);

    if (known == NULL) {
        return refuse_hint(passage, REASON_INVALID_VALUE, "There is no credential of that name.");
    }
    if (known->revoked_ns != 0) {
        return refuse_hint(passage, REASON_CONFLICT, "The credential was revoked.");
    }
    if (known->expires_ns != 0 && passage->clock.later_ns >= known->expires_ns) {
        return refuse_hint(passage, REASON_CONFLICT, "The credential has expired.");
    }
    return VELUM_OK;
}

static velum_status write_answer(passage *passage, text name, const char *token, int64_t until_ns)
{
    char until[TIME_TEXT_BYTES];
    json_writer out;

    time_format(until_ns, until);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_text(&out, "name", name);
    json_member_string(&out, "token", token);
    json_member_string(&out, "old_until", until);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

static velum_status rotate(passage *passage, text name, int64_t until_ns)
{
    char token[CREDENTIAL_TOKEN_BYTES];
    uint8_t hash[32];

    credential_token_make(passage->gate->keys, &passage->gate->random, token, hash);
    velum_status status = credential_rotate(passage->conn, name, until_ns, hash);
    if (status == VELUM_OK) {
        status = write_answer(passage, name, token, until_ns);
    }
    mem_wipe(token, sizeof(token));
    return status;
}

velum_status credential_rotate_apply(passage *passage)
{
    static const char *const members[] = {"name", "overlap_hours", NULL};
    const json_value *body = json_root(passage->body);
    int64_t hours = 0;
    text name;

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_text_member(passage, body, "name", &name));
    VELUM_TRY(parse_overlap(passage, body, &hours));
    VELUM_TRY(check_alive(passage, name));
    const int64_t until_ns = passage->clock.later_ns + hours * NS_PER_HOUR;
    VELUM_TRY(rotate(passage, name, until_ns));
    VELUM_TRY(credential_load_next_world(passage));
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_ROTATE);
    entry_push(&passage->entry, INPUT_DUE, (uint64_t)(until_ns / NS_PER_SECOND));
    credential_actor_token(passage->gate->keys, name, passage->entry.user_token);
    return VELUM_OK;
}
