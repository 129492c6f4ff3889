/* core/registry.c: the table `registry` and its leaves. */
#include "core/registry.h"

void own_entry(velum_gate *gate, uint32_t type, int64_t at_ns, audit_entry *out)
{
    *out = (audit_entry){.type = type,
                         .stage = ENTRY_SINGLE,
                         .at_ns = at_ns,
                         .node = 1,
                         .client = CLIENT_OURSELVES,
                         .auth_method = 4,
                         .decision = ENTRY_ALLOW};
    random_fill(&gate->random, out->event_id, sizeof(out->event_id));
    memcpy(out->boot_id, gate->boot_id, sizeof(out->boot_id));
    out->tenant = keyring_tenant(gate->keys);
}

static velum_status find(store_conn *conn, uint32_t kind, text name, uint16_t *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(
        conn_statement(conn, "SELECT number FROM registry WHERE kind = $1 AND name = $2", &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, kind));
    VELUM_TRY(stmt_bind_text(stmt, 2, name));
    const velum_status status = stmt_step(stmt);
    if (status == VELUM_OK) {
        *out = (uint16_t)stmt_integer(stmt, 0);
    }
    stmt_reset(stmt);
    return status == VELUM_END ? VELUM_E_NOTFOUND : status;
}

static velum_status next_number(store_conn *conn, uint32_t kind, uint16_t *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "SELECT coalesce(max(number), 0) FROM registry WHERE kind = $1",
                             &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, kind));
    VELUM_TRY(stmt_step(stmt));
    const int64_t highest = stmt_integer(stmt, 0);
    stmt_reset(stmt);
    if (highest >= 65000) {
        return VELUM_E_LIMIT;
    }
    *out = (uint16_t)(highest + 1);
    return VELUM_OK;
}

static velum_status insert(store_conn *conn, uint32_t kind, uint16_t number, text name)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "INSERT INTO registry (kind, number, name) VALUES ($1, $2, $3)",
                             &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, kind));
    VELUM_TRY(stmt_bind_integer(stmt, 2, number));
    VELUM_TRY(stmt_bind_text(stmt, 3, name));
    return stmt_execute(stmt);
}

velum_status registry_add(write_batch *batch, uint32_t kind, text name, int64_t at_ns,
                          uint16_t *out_number)
{
    audit_entry entry;
    velum_status status = find(batch->conn, kind, name, out_number);

    if (status != VELUM_E_NOTFOUND) {
        return status;
    }
    if (name.size == 0 || name.size > ENTRY_NAME_BYTES_MAX) {
        return VELUM_E_INVALID;
    }
    VELUM_TRY(next_number(batch->conn, kind, out_number));
    VELUM_TRY(insert(batch->conn, kind, *out_number, name));
    own_entry(batch->gate, ENTRY_REGISTRY, at_ns, &entry);
    entry.registry_kind = kind;
    entry.registry_number = *out_number;
    memcpy(entry.registry_name, name.data, name.size);
    return write_batch_record(batch, &entry);
}

velum_status registry_add_bundle(write_batch *batch, const bundle *bundle, int64_t at_ns)
{
    char scratch[128];
    text name;
    uint16_t number = 0;

    for (uint32_t kind = 1; kind < REGISTRY_KINDS; kind++) {
        for (uint32_t i = 0; bundle_name_at(bundle, kind, i, scratch, &name); i++) {
            VELUM_TRY(registry_add(batch, kind, name, at_ns, &number));
        }
    }
    for (uint32_t i = 0; i < bundle->hook_count; i++) {
        VELUM_TRY(registry_add(batch, REGISTRY_DOMAIN, bundle->hooks[i].domain, at_ns, &number));
    }
    return VELUM_OK;
}

velum_status registry_add_own(write_batch *batch, int64_t at_ns)
{
    uint16_t number = 0;

    for (uint32_t problem = 1; problem < PROBLEM_END; problem++) {
        if (problem_name(problem) == NULL) {
            continue;
        }
        VELUM_TRY(
            registry_add(batch, REGISTRY_REASON, text_of(problem_name(problem)), at_ns, &number));
    }
    for (uint32_t i = 0; i < ACTION_COUNT; i++) {
        VELUM_TRY(
            registry_add(batch, REGISTRY_ACTION, text_of(action_name(1U << i)), at_ns, &number));
    }
    for (uint32_t basis = 1; basis < BASIS_COUNT; basis++) {
        VELUM_TRY(registry_add(batch, REGISTRY_BASIS, text_of(basis_name(basis)), at_ns, &number));
    }
    return registry_add(batch, REGISTRY_DOMAIN, TEXT_LITERAL(DOMAIN_SELF), at_ns, &number);
}
