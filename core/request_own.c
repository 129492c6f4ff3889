/* core/request_own.c: requests seen and cancelled by who may: the customer theirs, a service those that
 * it took in. Everything else answers the one 404. */
#include "core/request_row.h"

#include "core/certificate.h"
#include "core/locate.h"
#include "core/verbs.h"

static bool is_mine(const passage *passage, const request *row)
{
    if (passage->actor.kind == ACTOR_CUSTOMER) {
        return row->has_subject &&
               memcmp(row->subject.bytes, passage->actor.own.bytes, SUBJECT_ID_BYTES) == 0;
    }
    return memcmp(row->taken_by, passage->actor.token, ENTRY_TOKEN_BYTES) == 0;
}

static velum_status load_mine(passage *passage, request *out)
{
    uint8_t id[16];

    VELUM_TRY(request_parse_id(passage, passage->request->ref, id));
    const velum_status status = request_load(passage->conn, id, out);
    if (status == VELUM_E_NOTFOUND || (status == VELUM_OK && !is_mine(passage, out))) {
        return refuse(passage, PROBLEM_NOT_FOUND);
    }
    return status;
}

velum_status request_get_locate(passage *passage)
{
    request row;

    VELUM_TRY(locate_snapshot(passage));
    return load_mine(passage, &row);
}

static velum_status note_and_write(passage *passage, const request *row, uint32_t act)
{
    json_writer out;

    VELUM_TRY(request_note_act(passage, row, act));
    json_writer_init(&out, &passage->answer->body);
    VELUM_TRY(request_write(passage, row, NULL, REQUEST_SHOW_SERVICE, &out));
    return buffer_status(&passage->answer->body);
}

velum_status request_get_mask(passage *passage)
{
    request row;

    VELUM_TRY(load_mine(passage, &row));
    return note_and_write(passage, &row, REQUEST_ACT_SHOW);
}

/* For the person who asked: what was destroyed, provable to anybody. */
velum_status request_certificate_mask(passage *passage)
{
    request row;

    VELUM_TRY(load_mine(passage, &row));
    VELUM_TRY(request_note_act(passage, &row, REQUEST_ACT_SHOW));
    return row.has_certificate
               ? certificate_answer(passage, row.certificate)
               : refuse_hint(passage, REASON_REQUEST_STATE, "Nothing was destroyed by it yet.");
}

/* --- cancelling --------------------------------------------------------------------------------------- */

/* Until something was done about it. Cancelling again is no mistake. */
static velum_status cancel(passage *passage)
{
    request row;

    VELUM_TRY(load_mine(passage, &row));
    if (row.state == REQUEST_REVOKED) {
        return note_and_write(passage, &row, REQUEST_ACT_CANCEL);
    }
    if (request_is_ended(row.state) || (row.flags & (REQUEST_BEGUN | REQUEST_DONE_HERE)) != 0) {
        return refuse(passage, REASON_REQUEST_STATE);
    }
    request_end(&row, REQUEST_REVOKED, passage->clock.later_ns);
    VELUM_TRY(request_store(passage, &row));
    return note_and_write(passage, &row, REQUEST_ACT_CANCEL);
}

velum_status request_cancel_apply(passage *passage)
{
    return cancel(passage);
}

velum_status me_request_cancel_apply(passage *passage)
{
    return cancel(passage);
}

/* --- the customer's list ------------------------------------------------------------------------------- */

typedef struct own_list {
    passage *passage;
    json_writer *out;
} own_list;

static velum_status write_one(void *context, const request *row)
{
    own_list *const self = context;
    const size_t arena_mark = secret_arena_mark(self->passage->arena);
    request_facts facts;

    velum_status status = request_unseal(self->passage, row, &facts);
    if (status == VELUM_OK) {
        status = request_write(self->passage, row, &facts, REQUEST_SHOW_PERSON, self->out);
    }
    mem_wipe(&facts, sizeof(facts));
    secret_arena_rewind(self->passage->arena, arena_mark);
    return status;
}

velum_status me_request_list_mask(passage *passage)
{
    json_writer out;
    own_list list = {passage, &out};

    entry_push(&passage->entry, INPUT_REQUEST_ACT, REQUEST_ACT_LIST);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_name(&out, "requests");
    json_begin_array(&out);
    VELUM_TRY(request_visit_of(passage->conn, &passage->subject, write_one, &list));
    json_end_array(&out);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}
