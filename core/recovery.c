/* core/recovery.c: bringing log and database to the same point. */
#include "core/recovery.h"

#include "core/meta.h"
#include "core/registry.h"

#define RECOVERY_BATCH 256

static velum_status open_journal(velum_gate *gate, journal_recovery *report, velum_error *err)
{
    int64_t signed_size = 0;

    VELUM_TRY(meta_read(store_writer(gate->db), META_SIGNED_SIZE, &signed_size));
    const journal_options options = {.dir_fd = gate->audit_fd,
                                     .seed = keyring_note_seed(gate->keys),
                                     .signed_size = (uint64_t)signed_size};
    return journal_open(&options, &gate->journal, report, err);
}

/* An accepted clock stands until the log has moved on from the time that was rejected. */
static velum_status set_clock(velum_gate *gate, int64_t newest_ns)
{
    int64_t rejected = 0;
    int64_t accepted = 0;
    store_conn *const conn = store_writer(gate->db);

    VELUM_TRY(meta_read(conn, META_CLOCK_REJECTED, &rejected));
    VELUM_TRY(meta_read(conn, META_CLOCK_ACCEPTED, &accepted));
    clock_guard_init(&gate->clock_guard,
                     accepted != 0 && newest_ns <= rejected ? accepted : newest_ns);
    return VELUM_OK;
}

/* Appends one batch of rows above *seq; *out_count 0 when there are none. */
static velum_status append_rows(velum_gate *gate, uint64_t *seq, uint32_t *out_count)
{
    store_stmt *stmt = NULL;
    outbox_list rows = {NULL, NULL, 0};
    journal_body bodies[RECOVERY_BATCH];
    uint64_t first = 0;
    velum_status status = VELUM_OK;

    VELUM_TRY(conn_statement(store_writer(gate->db),
                             "SELECT seq, body FROM outbox WHERE seq > $1 ORDER BY seq LIMIT $2",
                             &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, (int64_t)*seq));
    VELUM_TRY(stmt_bind_integer(stmt, 2, RECOVERY_BATCH));
    while ((status = stmt_step(stmt)) == VELUM_OK) {
        const crypto_part body = stmt_blob(stmt, 1);
        outbox_body *const row = mem_alloc(sizeof(*row) + body.size);
        if (row == NULL) {
            status = VELUM_E_NOMEM;
            break;
        }
        row->seq = (uint64_t)stmt_integer(stmt, 0);
        row->size = body.size;
        memcpy(row->data, body.data, body.size);
        bodies[rows.count] = (journal_body){row->data, row->size};
        outbox_list_push(&rows, row);
    }
    stmt_reset(stmt);
    *out_count = rows.count;
    if (status >= 0 && rows.count > 0) {
        status = journal_append(gate->journal, bodies, rows.count, 0, rows.last->seq, &first);
        *seq = rows.last->seq;
    }
    outbox_list_clear(&rows);
    return status < 0 ? status : VELUM_OK;
}

static velum_status append_recovery_leaf(velum_gate *gate, const journal_recovery *report)
{
    audit_entry entry;
    uint64_t first = 0;
    VELUM_AUTO_BUFFER body = {0};

    buffer_init(&body, ENTRY_BODY_BYTES_MAX);
    own_entry(gate, ENTRY_RECOVERY, clock_wall_ns(&gate->clock), &entry);
    entry.inputs[entry.input_count++] = (entry_input){7, report->torn_bytes};
    entry.inputs[entry.input_count++] = (entry_input){8, report->size};
    VELUM_TRY(entry_encode(&entry, &body));
    return journal_append(gate->journal, &(journal_body){body.data, body.size}, 1, 0,
                          report->outbox_seq, &first);
}

velum_status recover(velum_gate *gate, uint64_t *out_seq, velum_error *err)
{
    journal_recovery report = {.size = 0};
    int64_t counter = 0;
    uint32_t count = 0;

    VELUM_TRY(open_journal(gate, &report, err));
    VELUM_TRY(meta_read(store_writer(gate->db), META_OUTBOX_SEQ, &counter));
    if (report.outbox_seq > (uint64_t)counter) {
        return error_set(err, VELUM_E_CORRUPT,
                         "vault.db is older than the log (outbox %lld, log %llu): an old copy of "
                         "the database stands beside a newer log",
                         (long long)counter, (unsigned long long)report.outbox_seq);
    }
    VELUM_TRY(set_clock(gate, report.newest_ns));
    if (report.torn) {
        VELUM_TRY(append_recovery_leaf(gate, &report));
    }
    uint64_t seq = report.outbox_seq;
    do {
        VELUM_TRY(append_rows(gate, &seq, &count));
    } while (count == RECOVERY_BATCH);
    *out_seq = (uint64_t)counter;
    return VELUM_OK;
}
