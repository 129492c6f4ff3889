/* core/subject_list.c: references of everybody who may be listed, page by page, in the caller's domain. */
#include "core/cursor.h"
#include "core/locate.h"
#include "core/many.h"
#include "core/parse.h"
#include "core/verbs.h"

#define PAGE_MAX ENTRY_SUBJECTS_MAX
#define PAGE_USUAL 100

typedef struct subject_page {
    passage *passage;
    many_frame frame;
    subject_id after;
    uint32_t limit;
    uint32_t looked;
    json_writer out;
} subject_page;

static const crypto_part QUERY = {"subjects", 8};

static velum_status parse_page(subject_page *self)
{
    static const char *const members[] = {"from", "limit", NULL};
    passage *const passage = self->passage;
    const json_value *const body = json_root(passage->body);
    text from;

    VELUM_TRY(parse_known_members(passage, body, members));
    self->limit = PAGE_USUAL;
    VELUM_TRY(parse_limit(passage, PAGE_MAX, "`limit` is 1 to 200.", &self->limit));
    VELUM_TRY(parse_optional_text(passage, body, "from", &from));
    return cursor_read(passage, QUERY, from, &self->after);
}

/* Who may not be listed is passed over without a word, and so is whose rows are damaged. */
static velum_status take(subject_page *self, velum_status status)
{
    passage *const passage = self->passage;
    char ref[PSEUDONYM_TEXT_BYTES];

    if (status < 0) {
        return many_is_damaged(status) ? VELUM_OK : status;
    }
    if (!passage->verdict.allowed) {
        return VELUM_OK;
    }
    VELUM_TRY(many_name(passage)); /* N-1 */
    VELUM_TRY(locate_format_ref(passage, ref));
    json_write_text(&self->out, text_of(ref));
    return VELUM_OK;
}

static velum_status visit(void *context, const subject_id *id, velum_status status,
                          sealed_subject *row)
{
    subject_page *const self = context;
    const many_ask ask = {.activity = self->passage->activity, .action = ACTION_LIST};

    self->after = *id;
    self->looked++;
    if (status == VELUM_OK) {
        status = many_decide_row(self->passage, row, &ask);
    }
    VELUM_TRY(take(self, status));
    many_next(self->passage, &self->frame);
    return VELUM_OK;
}

static velum_status walk_page(subject_page *self)
{
    passage *const passage = self->passage;
    const state_walk walk = {.after = self->after,
                             .limit = self->limit,
                             .seq = passage->seq,
                             .visit = visit,
                             .context = self};

    self->frame = many_begin(passage);
    const velum_status status = vault_states_after(passage->gate->vault, passage->conn, &walk);
    many_end(passage, &self->frame);
    return status;
}

velum_status subject_list_mask(passage *passage)
{
    subject_page self = {.passage = passage};
    char next[CURSOR_TEXT_BYTES];

    VELUM_TRY(parse_page(&self));
    passage->domain =
        passage->actor.credential == NULL ? 0 : passage->actor.credential->domain_number;
    VELUM_TRY(locate_snapshot(passage));
    json_writer_init(&self.out, &passage->answer->body);
    json_begin_object(&self.out);
    json_name(&self.out, "subjects");
    json_begin_array(&self.out);
    VELUM_TRY(walk_page(&self));
    json_end_array(&self.out);
    if (self.looked == self.limit) {
        cursor_write(passage, QUERY, &self.after, next);
        json_member_string(&self.out, "next", next);
    }
    json_end_object(&self.out);
    passage->entry.record_count = many_count(passage);
    return buffer_status(&passage->answer->body);
}
