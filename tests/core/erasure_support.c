/* tests/core/erasure_support.c */
#include "tests/core/erasure_support.h"

#include <unistd.h>

#define AWAIT_NS (60 * NS_PER_SECOND)

const reply *erase(place *self, const char *ref, const char *body)
{
    return ask(self, (question){VELUM_VERB_SUBJECT_ERASE, .ref = text_f(self, "shop:%s", ref),
                                .body = body});
}

const reply *read_as(place *self, const char *token, const char *ref)
{
    return ask(self, (question){VELUM_VERB_READ, token, .ref = ref});
}

const reply *certificate_of(place *self, const reply *erased)
{
    const reply *file = assert_done(
        ask(self, (question){VELUM_VERB_CERTIFICATE, .ref = text_at(erased, "certificate")}));
    velum_certificate_report report = {.size = sizeof report};
    char *said = NULL;
    size_t size = 0;

    assert_int_equal(
        velum_certificate_verify((velum_string){file->body, strlen(file->body)},
                                 (velum_string){self->verifier_key, strlen(self->verifier_key)},
                                 &report, &said, &size),
        VELUM_OK);
    if (report.exit_code != 0) {
        fail_msg("certificate: %d %s: %s", report.exit_code, report.reason, file->body);
    }
    reply *const made = (reply *)(uintptr_t)file;
    json_free(made->json);
    made->json = NULL;
    assert_int_equal(json_parse((text){said, size}, size + 1, &made->json, NULL), VELUM_OK);
    velum_body_free(said);
    return file;
}

/* --- the state ---------------------------------------------------------------------------------- */

typedef struct state_change {
    velum_gate *gate;
    subject_id subject;
    uint32_t holds;
    uint32_t restrictions;
} state_change;

static velum_status change_state(void *context, store_conn *conn)
{
    const state_change *const self = context;
    secret_arena *const arena = self->gate->writer.arena;
    const opened_subject *opened = NULL;
    VELUM_AUTO(sealed_subject) *sealed = NULL;
    subject_state state;
    uint8_t plain[SUBJECT_STATE_BYTES];

    VELUM_TRY(vault_load(self->gate->vault, conn, &self->subject,
                         atomic_load(&self->gate->writer.seq), false, &sealed));
    VELUM_TRY(vault_open(self->gate->vault, sealed, arena, &opened));
    VELUM_TRY(subject_state_decode(opened_state(opened), &state));
    state.holds = self->holds;
    state.restrictions = self->restrictions;
    subject_state_encode(&state, plain);
    const velum_status status = vault_put_state(self->gate->vault, conn, opened, plain);
    secret_arena_reset(arena);
    return status;
}

subject_id subject_of(place *self, const char *ref)
{
    subject_id subject;
    const aes_block *permutation = NULL;
    world *const world = gate_world(self->gate);
    const uint16_t domain = world_number(world, REGISTRY_DOMAIN, TEXT_LITERAL("shop"));

    world_free(world);
    assert_int_equal(keyring_domain(self->gate->keys, domain, &permutation), VELUM_OK);
    assert_int_equal(pseudonym_parse(permutation, text_of(ref), &subject), VELUM_OK);
    return subject;
}

void put_state(place *self, const char *ref, uint32_t holds, uint32_t restrictions)
{
    state_change change = {.gate = self->gate,
                           .subject = subject_of(self, ref),
                           .holds = holds,
                           .restrictions = restrictions};

    assert_int_equal(writer_run(&self->gate->writer, change_state, &change), VELUM_OK);
}

/* --- keys that stay ------------------------------------------------------------------------------ */

lingerer linger(place *self)
{
    lingerer made = {NULL, NULL};
    const store_options options = {.folder = self->folder,
                                   .name = "keys.db",
                                   .key = keyring_keys_db_key(self->gate->keys),
                                   .readers_max = 1};
    store_stmt *stmt = NULL;

    assert_int_equal(store_open(&options, &made.keys, NULL), VELUM_OK);
    assert_int_equal(store_reader_acquire(made.keys, 1000, &made.conn), VELUM_OK);
    assert_int_equal(conn_begin(made.conn), VELUM_OK);
    assert_int_equal(conn_statement(made.conn, "SELECT count(*) FROM subject_key", &stmt),
                     VELUM_OK);
    assert_int_equal(stmt_step(stmt), VELUM_OK);
    return made;
}

void leave(lingerer *self)
{
    store_reader_release(self->keys, self->conn);
    store_free(self->keys);
}

void await_nothing_begun(place *self)
{
    const velum_clock clock = clock_system();
    const int64_t until = clock_monotonic_ns(&clock) + AWAIT_NS;

    while (sql_count(self, "SELECT count(*) FROM destruction") != 0) {
        assert_true(clock_monotonic_ns(&clock) < until);
        usleep(20000);
    }
}
