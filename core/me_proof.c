/* core/me_proof.c: the proof that an access of one's own stands in the log.
 *
 * Whatever is not the customer's, is not there, or may not be seen whole is the one 404, so that the
 * log tells nobody about anybody else.
 */
#include "core/me_log.h"
#include "core/verbs.h"

typedef struct proving {
    passage *passage;
    uint64_t index;
} proving;

static velum_status find_own(passage *passage, log_reader *reader, uint64_t index, log_leaf *leaf,
                             own_entry *own)
{
    audit_scan scan = {.passage = passage};
    const velum_status status = log_reader_seek(reader, index);

    if (status == VELUM_E_NOTFOUND) {
        return refuse(passage, PROBLEM_NOT_FOUND);
    }
    VELUM_TRY(status);
    VELUM_TRY(log_reader_next(reader, leaf));
    return own_entry_judge(&scan, leaf->entry, own) && own->visible == VISIBLE_FULL
               ? VELUM_OK
               : refuse(passage, PROBLEM_NOT_FOUND);
}

/* A leaf that names others is proven by its hash's place alone. */
static velum_status write_proof(passage *passage, const log_leaf *leaf, bool is_bulk)
{
    json_writer out;
    velum_error err = {.status = VELUM_OK};
    VELUM_AUTO_BUFFER proof = {0};
    VELUM_AUTO_BUFFER encoded = {0};

    buffer_init(&proof, 65536);
    buffer_init(&encoded, 16384);
    VELUM_TRY(log_prove(passage->gate->audit_fd, leaf->index, &proof, &err));
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_integer(&out, "index", (int64_t)leaf->index);
    json_member_text(&out, "proof", (text){(const char *)proof.data, proof.size});
    if (!is_bulk) {
        VELUM_TRY(buffer_reserve(&encoded, BASE64_SIZE(leaf->size) + 1));
        base64_encode(leaf->bytes, leaf->size, (char *)encoded.data);
        json_member_string(&out, "leaf", (const char *)encoded.data);
    }
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

static velum_status prove(void *context)
{
    const proving *const self = context;
    passage *const passage = self->passage;
    log_leaf leaf = {.index = 0};
    own_entry own = {.visible = 0};
    VELUM_AUTO(log_reader) *reader = NULL;

    VELUM_TRY(log_reader_open(passage->gate->audit_fd, &reader, NULL));
    VELUM_TRY(find_own(passage, reader, self->index, &leaf, &own));
    VELUM_TRY(checkpointer_sign(&passage->gate->checkpointer));
    return write_proof(passage, &leaf, own.is_bulk);
}

velum_status me_proof_mask(passage *passage)
{
    proving self = {.passage = passage};

    if (!text_parse_u64(passage->request->ref, &self.index)) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "An entry is named by its index.");
    }
    VELUM_TRY(audit_wait(passage));
    VELUM_TRY(own_scan_run(passage, prove, &self));
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_PROVE);
    return VELUM_OK;
}
