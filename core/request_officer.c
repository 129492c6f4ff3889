/* core/request_officer.c: requests listed and shown to officers, the most urgent first. */
#include "core/request_row.h"

#include "core/locate.h"
#include "core/parse.h"
#include "core/verbs.h"

#define NS_PER_DAY (86400 * NS_PER_SECOND)
#define LIST_MAX 200
#define LIST_USUAL 100
#define DUE_DAYS_MAX 3650

typedef struct listing {
    passage *passage;
    json_writer *out;
    uint32_t count;
    uint8_t last[16];
} listing;

/* --- what is asked for ----------------------------------------------------------------------------------- */

static velum_status parse_name(passage *passage, const char *member,
                               const char *(*name_of)(uint32_t), uint32_t count, uint32_t *out)
{
    text name;

    VELUM_TRY(parse_optional_text(passage, json_root(passage->body), member, &name));
    *out = name.size == 0 ? 0 : request_number_of(name_of, count, name);
    return name.size == 0 || *out != 0
               ? VELUM_OK
               : refuse_hint(passage, PROBLEM_MALFORMED, "`state` or `right` is none there is.");
}

static velum_status parse_number(passage *passage, const char *member, int64_t max, int64_t *out)
{
    const json_value *const value = json_member(json_root(passage->body), member);

    if (value == NULL) {
        return VELUM_OK;
    }
    if (json_kind_of(value) != JSON_INTEGER || json_integer(value) < 0 ||
        json_integer(value) > max) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "A number is out of its range.");
    }
    *out = json_integer(value);
    return VELUM_OK;
}

static velum_status parse_due(passage *passage, request_filter *out)
{
    int64_t days = -1;

    VELUM_TRY(parse_number(passage, "due_within_days", DUE_DAYS_MAX, &days));
    if (days >= 0) {
        out->due_before_ns = passage->clock.later_ns + days * NS_PER_DAY;
    }
    return VELUM_OK;
}

/* `from` is the id of the last one seen; one that has gone since begins anew. */
static velum_status parse_from(passage *passage, request *last, request_filter *out)
{
    uint8_t id[16];
    text from;

    VELUM_TRY(parse_optional_text(passage, json_root(passage->body), "from", &from));
    if (from.size == 0) {
        return VELUM_OK;
    }
    VELUM_TRY(request_parse_id(passage, from, id));
    const velum_status status = request_load(passage->conn, id, last);
    if (status == VELUM_E_NOTFOUND) {
        return VELUM_OK;
    }
    VELUM_TRY(status);
    out->after = last;
    return VELUM_OK;
}

static velum_status parse_filter(passage *passage, request *last, request_filter *out)
{
    static const char *const members[] = {"state", "right", "due_within_days",
                                          "from",  "limit", NULL};
    int64_t limit = LIST_USUAL;

    VELUM_TRY(parse_known_members(passage, json_root(passage->body), members));
    VELUM_TRY(parse_name(passage, "state", request_state_name, REQUEST_STATE_COUNT, &out->state));
    VELUM_TRY(parse_name(passage, "right", right_name, RIGHT_COUNT, &out->right));
    VELUM_TRY(parse_due(passage, out));
    VELUM_TRY(parse_number(passage, "limit", LIST_MAX, &limit));
    out->limit = limit == 0 ? LIST_USUAL : (uint32_t)limit;
    return parse_from(passage, last, out);
}

/* --- the answers ------------------------------------------------------------------------------------------ */

static velum_status write_row(void *context, const request *row)
{
    listing *const self = context;

    self->count++;
    memcpy(self->last, row->id, sizeof(self->last));
    return request_write(self->passage, row, NULL, REQUEST_SHOW_SERVICE, self->out);
}

velum_status request_list_mask(passage *passage)
{
    request_filter filter = {.limit = 0};
    request last;
    json_writer out;
    listing listing = {.passage = passage, .out = &out};
    char next[33];

    VELUM_TRY(locate_snapshot(passage));
    VELUM_TRY(parse_filter(passage, &last, &filter));
    entry_push(&passage->entry, INPUT_REQUEST_ACT, REQUEST_ACT_LIST);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_name(&out, "requests");
    json_begin_array(&out);
    VELUM_TRY(request_visit(passage->conn, &filter, write_row, &listing));
    json_end_array(&out);
    if (listing.count == filter.limit) {
        hex_encode(listing.last, sizeof(listing.last), next);
        json_member_string(&out, "next", next);
    }
    json_end_object(&out);
    passage->entry.record_count = listing.count;
    return buffer_status(&passage->answer->body);
}

/* Without its words where the evidence has gone. */
velum_status request_show_mask(passage *passage)
{
    uint8_t id[16];
    request row;
    request_facts facts;
    json_writer out;

    VELUM_TRY(locate_snapshot(passage));
    VELUM_TRY(request_parse_id(passage, passage->request->ref, id));
    velum_status status = request_load(passage->conn, id, &row);
    if (status == VELUM_E_NOTFOUND) {
        return refuse(passage, PROBLEM_NOT_FOUND);
    }
    VELUM_TRY(status);
    passage->domain = row.domain; /* I-10: it is shown under the name of this one */
    VELUM_TRY(request_note_act(passage, &row, REQUEST_ACT_SHOW));
    status = request_unseal(passage, &row, &facts);
    if (status < 0 && status != VELUM_E_NOTFOUND) {
        return status;
    }
    json_writer_init(&out, &passage->answer->body);
    const request_facts *const shown = status == VELUM_OK ? &facts : NULL;
    status = request_write(passage, &row, shown, REQUEST_SHOW_OFFICER, &out);
    mem_wipe(&facts, sizeof(facts));
    VELUM_TRY(status);
    return buffer_status(&passage->answer->body);
}
