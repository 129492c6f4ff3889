/* vault/ledger.c: the consent ledger, append-only and chained, its end sealed in the state (V-4).
 *
 *   head₀ = 32 zero bytes;  headₙ = SHA-256(headₙ₋₁ ‖ sealed bytes of event n)
 * The chain is checked whole before the first event is shown, so that a visitor never acts on events
 * of a ledger that turns out to be broken.
 */
#include "vault/internal.h"

#include <assert.h>

#define EVENT_SEALED_BYTES (CONSENT_EVENT_BYTES + SEALED_OVERHEAD_BYTES)
#define EVENT_SEALED_BYTES_1 (CONSENT_EVENT_BYTES_1 + SEALED_OVERHEAD_BYTES)

static const uint8_t empty_head[SHA256_BYTES];

static void chain(uint8_t head[SHA256_BYTES], crypto_part sealed)
{
    const crypto_part parts[] = {{head, SHA256_BYTES}, sealed};
    uint8_t next[SHA256_BYTES];

    sha256_parts(parts, 2, next);
    memcpy(head, next, SHA256_BYTES);
}

/* --- appending ----------------------------------------------------------------------------------------- */

/* The rows that stand are 1 … n−1, and the first event follows the empty head. */
static velum_status check_end(store_conn *conn, const subject_id *id, uint32_t n,
                              const uint8_t head[SHA256_BYTES])
{
    static const char sql[] = "SELECT count(*), coalesce(max(n), 0) FROM consent_event"
                              " WHERE subject = $1";
    VELUM_AUTO_STMT *stmt = NULL;
    const int64_t before = (int64_t)n - 1;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    VELUM_TRY(step_row(stmt, VELUM_E_CORRUPT));
    if (stmt_integer(stmt, 0) != before || stmt_integer(stmt, 1) != before) {
        return VELUM_E_TAMPERED;
    }
    const bool is_empty = memcmp(head, empty_head, SHA256_BYTES) == 0;
    return is_empty == (n == 1) ? VELUM_OK : VELUM_E_TAMPERED;
}

static velum_status seal_event(const vault *self, const opened_subject *opened,
                               const consent_event *event, buffer *out)
{
    const sealed_place place = opened_place(opened, PLACE_CONSENT_EVENT, event->n);
    uint8_t plain[CONSENT_EVENT_BYTES];
    uint8_t key[KEY_BYTES];

    VELUM_TRY(consent_event_encode(event, plain));
    opened_consent_key(opened, key);
    const velum_status status =
        sealed_write(key, &self->random, &place, (crypto_part){plain, sizeof(plain)}, out);
    mem_wipe(key, sizeof(key));
    mem_wipe(plain, sizeof(plain));
    return status;
}

static velum_status insert_event(store_conn *conn, const subject_id *id, uint32_t n,
                                 const buffer *sealed)
{
    static const char sql[] = "INSERT INTO consent_event (subject, n, sealed)"
                              " VALUES ($1, $2, $3)";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, n));
    VELUM_TRY(stmt_bind_blob(stmt, 3, sealed->data, sealed->size));
    return stmt_execute(stmt);
}

velum_status vault_ledger_append(vault *self, store_conn *conn, const opened_subject *opened,
                                 const consent_event *event, uint8_t head[SHA256_BYTES])
{
    VELUM_AUTO_BUFFER sealed;

    buffer_init(&sealed, EVENT_SEALED_BYTES);
    VELUM_TRY(seal_event(self, opened, event, &sealed));
    VELUM_TRY(check_end(conn, &opened->id, event->n, head));
    VELUM_TRY(insert_event(conn, &opened->id, event->n, &sealed));
    chain(head, (crypto_part){sealed.data, sealed.size});
    return VELUM_OK;
}

/* --- reading ------------------------------------------------------------------------------------------- */

/* What is done with each row in order. */
typedef struct ledger_walk {
    const opened_subject *opened;
    const consent_ledger_end *end;
    consent_visitor visit; /* NULL: only the chain */
    void *context;
    uint8_t key[KEY_BYTES];
} ledger_walk;

static velum_status show_event(const ledger_walk *walk, uint32_t n, crypto_part sealed)
{
    const sealed_place place = opened_place(walk->opened, PLACE_CONSENT_EVENT, n);
    uint8_t plain[CONSENT_EVENT_BYTES];
    consent_event event;

    VELUM_TRY(sealed_open(walk->key, &place, sealed, plain));
    velum_status status = consent_event_decode(plain, sealed.size - SEALED_OVERHEAD_BYTES, &event);
    if (status == VELUM_OK) {
        status = event.n == n ? walk->visit(walk->context, &event) : VELUM_E_TAMPERED;
    }
    mem_wipe(plain, sizeof(plain));
    mem_wipe(&event, sizeof(event));
    return status;
}

/* The row that stands must be event `n`. */
static velum_status walk_row(const ledger_walk *walk, store_stmt *stmt, uint32_t n,
                             uint8_t head[SHA256_BYTES])
{
    const crypto_part sealed = stmt_blob(stmt, 1);

    if (stmt_integer(stmt, 0) != n ||
        (sealed.size != EVENT_SEALED_BYTES && sealed.size != EVENT_SEALED_BYTES_1)) {
        return VELUM_E_TAMPERED;
    }
    chain(head, sealed);
    return walk->visit == NULL ? VELUM_OK : show_event(walk, n, sealed);
}

static velum_status walk_ledger(store_conn *conn, const ledger_walk *walk)
{
    static const char sql[] = "SELECT n, sealed FROM consent_event WHERE subject = $1 ORDER BY n";
    VELUM_AUTO_STMT *stmt = NULL;
    uint8_t head[SHA256_BYTES] = {0};

    VELUM_TRY(statement_for(conn, sql, &walk->opened->id, &stmt));
    for (uint32_t n = 1; n <= walk->end->count && n > 0; n++) {
        VELUM_TRY(step_row(stmt, VELUM_E_TAMPERED));
        VELUM_TRY(walk_row(walk, stmt, n, head));
    }
    const velum_status last = stmt_step(stmt);
    VELUM_TRY(last);
    const bool matches = memcmp(head, walk->end->head, SHA256_BYTES) == 0;
    return last == VELUM_END && matches ? VELUM_OK : VELUM_E_TAMPERED;
}

velum_status vault_ledger_read(store_conn *conn, const opened_subject *opened,
                               const consent_ledger_end *end, consent_visitor visit, void *context)
{
    ledger_walk walk = {.opened = opened, .end = end, .visit = NULL, .context = context};

    VELUM_TRY(walk_ledger(conn, &walk));
    walk.visit = visit;
    opened_consent_key(opened, walk.key);
    const velum_status status = walk_ledger(conn, &walk);
    mem_wipe(walk.key, sizeof(walk.key));
    return status;
}
