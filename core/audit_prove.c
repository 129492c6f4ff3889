/* core/audit_prove.c: the proof that an entry stands in the log, and the note that somebody verified. */
#include "core/audit_scan.h"
#include "core/parse.h"
#include "core/verbs.h"

velum_status audit_verified_apply(passage *passage)
{
    static const char *const members[] = {"result", "size", NULL};
    uint64_t result = 0;
    uint64_t size = 0;
    json_writer out;

    VELUM_TRY(parse_known_members(passage, json_root(passage->body), members));
    VELUM_TRY(audit_parse_count(passage, "result", 0, &result));
    VELUM_TRY(audit_parse_count(passage, "size", 0, &size));
    entry_push(&passage->entry, 8, size);
    entry_push(&passage->entry, 9, result);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

static velum_status write_proof(passage *passage, log_reader *reader, uint64_t index)
{
    log_leaf leaf;
    json_writer out;
    velum_error err = {.status = VELUM_OK};
    VELUM_AUTO_BUFFER proof = {0};
    VELUM_AUTO_BUFFER encoded = {0};

    buffer_init(&proof, 65536);
    buffer_init(&encoded, 16384);
    VELUM_TRY(log_prove(passage->gate->audit_fd, index, &proof, &err));
    VELUM_TRY(log_reader_seek(reader, index));
    VELUM_TRY(log_reader_next(reader, &leaf));
    VELUM_TRY(buffer_reserve(&encoded, BASE64_SIZE(leaf.size) + 1));
    base64_encode(leaf.bytes, leaf.size, (char *)encoded.data);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_integer(&out, "index", (int64_t)index);
    json_member_text(&out, "proof", (text){(const char *)proof.data, proof.size});
    json_member_string(&out, "leaf", (const char *)encoded.data);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

velum_status audit_write_next(passage *passage, uint64_t next)
{
    json_writer out;

    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_integer(&out, "next", (int64_t)next);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

velum_status audit_prove_mask(passage *passage)
{
    static const char *const members[] = {"index", "id", "from", NULL};
    uint64_t index = 0;
    VELUM_AUTO(log_reader) *reader = NULL;

    VELUM_TRY(parse_known_members(passage, json_root(passage->body), members));
    VELUM_TRY(audit_wait(passage));
    VELUM_TRY(checkpointer_sign(&passage->gate->checkpointer));
    VELUM_TRY(log_reader_open(passage->gate->audit_fd, &reader, NULL));
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_PROVE);
    velum_status status = audit_find(passage, reader, &index);
    if (status == VELUM_END) {
        return audit_write_next(passage, index);
    }
    if (status == VELUM_OK) {
        status = write_proof(passage, reader, index);
    }
    return status == VELUM_E_NOTFOUND
               ? refuse_hint(passage, REASON_INVALID_VALUE, "The log has no such entry.")
               : status;
}
