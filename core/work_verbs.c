/* core/work_verbs.c: a module shows what it was written for, and answers what it was given. */
#include "core/locate.h"
#include "core/many.h"
#include "core/parse.h"
#include "core/verbs.h"
#include "core/work.h"

#define RETRY_SHIFT_MAX 16 /* not asked otherwise: 1 s, 2 s, 4 s … about 18 hours */

/* --- open --------------------------------------------------------------------------------------- */

static void write_hash(json_writer *out, const uint8_t hash[SHA256_BYTES])
{
    char hex[2 * SHA256_BYTES + 1];

    hex_encode(hash, SHA256_BYTES, hex);
    json_member_string(out, "sha256", hex);
}

/* A module that was written for other tables than the policy has works with nobody's rows. */
static velum_status check_hash(passage *passage, const bundle_module *module)
{
    uint8_t hash[SHA256_BYTES];
    text given;

    VELUM_TRY(parse_optional_text(passage, json_root(passage->body), "sha256", &given));
    if (given.size == 0) {
        return VELUM_OK;
    }
    if (hex_decode(given, hash, sizeof(hash)) < 0) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`sha256` is 64 hex digits.");
    }
    return memcmp(hash, module->hash, sizeof(hash)) == 0 ? VELUM_OK
                                                         : refuse(passage, REASON_MODULE_CHANGED);
}

static void write_tables(const bundle *bundle, const bundle_module *module, json_writer *out)
{
    json_name(out, "tables");
    json_begin_array(out);
    for (uint32_t i = 0; i < bundle->resource_count; i++) {
        if (&bundle->modules[bundle->resources[i].module] == module) {
            json_write_text(out, bundle->resources[i].name);
        }
    }
    json_end_array(out);
}

velum_status module_open_mask(passage *passage)
{
    static const char *const members[] = {"module", "sha256", NULL};
    const bundle_module *module = NULL;
    json_writer out;

    VELUM_TRY(parse_known_members(passage, json_root(passage->body), members));
    VELUM_TRY(work_module(passage, &module));
    VELUM_TRY(check_hash(passage, module));
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_SHOW);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_text(&out, "module", module->name);
    json_member_text(&out, "domain", module->domain);
    write_tables(passage->world->bundle, module, &out);
    write_hash(&out, module->hash);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

/* --- reply -------------------------------------------------------------------------------------- */

typedef struct reply_wish {
    int64_t n;
    int64_t lease;
    bool is_done;
    int64_t after_ms; /* 0: as the attempts say */
} reply_wish;

static velum_status parse_integer(passage *passage, const char *name, int64_t *out)
{
    const json_value *const value = json_member(json_root(passage->body), name);

    if (value == NULL || json_kind_of(value) != JSON_INTEGER) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`n` and `lease` are whole numbers.");
    }
    *out = json_integer(value);
    return VELUM_OK;
}

static velum_status parse_after(passage *passage, int64_t *out)
{
    const json_value *const value = json_member(json_root(passage->body), "after_ms");

    if (value == NULL) {
        return VELUM_OK;
    }
    if (json_kind_of(value) != JSON_INTEGER || json_integer(value) < WORK_AGAIN_MS_MIN ||
        json_integer(value) > WORK_AGAIN_MS_MAX) {
        return refuse_hint(passage, PROBLEM_MALFORMED,
                           "`after_ms` is between a second and seven days.");
    }
    *out = json_integer(value);
    return VELUM_OK;
}

static velum_status parse_reply(passage *passage, reply_wish *out)
{
    static const char *const members[] = {"module", "n", "lease", "result", "after_ms", NULL};
    const json_value *const body = json_root(passage->body);
    text result;

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_integer(passage, "n", &out->n));
    VELUM_TRY(parse_integer(passage, "lease", &out->lease));
    VELUM_TRY(parse_text_member(passage, body, "result", &result));
    VELUM_TRY(parse_after(passage, &out->after_ms));
    out->is_done = text_equal_literal(result, "done");
    return out->is_done || text_equal_literal(result, "again")
               ? VELUM_OK
               : refuse_hint(passage, PROBLEM_MALFORMED, "`result` is done or again.");
}

/* The one that was given under this lease (WK-2). */
static velum_status find_given(passage *passage, uint32_t module, const reply_wish *wish, work *out)
{
    const velum_status status = work_find(passage->conn, module, wish->n, out);

    if (status < 0 && status != VELUM_E_NOTFOUND) {
        return status;
    }
    if (status == VELUM_E_NOTFOUND || out->lease == 0 || out->lease != wish->lease) {
        passage->target = (crypto_part){passage->request->body.data, passage->request->body.size};
        return refuse(passage, REASON_WORK_GONE);
    }
    return VELUM_OK;
}

static int64_t pause_ms(const reply_wish *wish, const work *given)
{
    const uint32_t shift = given->attempts > RETRY_SHIFT_MAX ? RETRY_SHIFT_MAX : given->attempts;

    return wish->after_ms != 0 ? wish->after_ms : WORK_AGAIN_MS_MIN << shift;
}

/* What is left to do afterwards: nothing, or the same later; too often is never (WK-5). */
static velum_status settle(passage *passage, const reply_wish *wish, work *given)
{
    const bool is_over = !wish->is_done && given->attempts >= WORK_ATTEMPTS_MAX;

    entry_push(&passage->entry, INPUT_OPERATION,
               wish->is_done ? OPERATION_WORK_DONE
               : is_over     ? OPERATION_WORK_DROPPED
                             : OPERATION_WORK_AGAIN);
    if (wish->is_done || is_over) {
        return work_drop(passage->conn, given->n);
    }
    given->lease = 0;
    given->due_ns = passage->clock.later_ns + pause_ms(wish, given) * NS_PER_MS;
    return work_put(passage->conn, given);
}

/* What was done is done, also about somebody who is being erased or whose record is damaged. */
static velum_status name_answered(passage *passage, const work *given)
{
    const velum_status status = work_name_subject(passage, given, passage->entry.subject_token);

    if (status == VELUM_E_NOTFOUND || many_is_damaged(status)) {
        locate_forget(passage);
        return VELUM_OK;
    }
    return status;
}

velum_status module_reply_apply(passage *passage)
{
    const bundle_module *module = NULL;
    reply_wish wish = {.n = 0};
    work given;
    json_writer out;

    VELUM_TRY(parse_reply(passage, &wish));
    VELUM_TRY(work_module(passage, &module));
    VELUM_TRY(find_given(passage, module->number, &wish, &given));
    VELUM_TRY(name_answered(passage, &given));
    passage->entry.token_epoch = time_month(passage->clock.now_ns);
    entry_push(&passage->entry, INPUT_WORK, given.kind);
    VELUM_TRY(settle(passage, &wish, &given));
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_string(&out, "result", wish.is_done ? "done" : "again");
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}
