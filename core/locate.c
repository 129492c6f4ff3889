/* core/locate.c: finding the subject. The cache is asked first; a cached row older than its
 * subject's slot in core/changes is a miss (I-9). */
#include "core/locate.h"

#include "core/meta.h"
#include "core/parse.h"
#include "core/person.h"

#define DOMAINS_MAX 64

velum_status locate(passage *passage)
{
    return passage->verb->locate == NULL ? VELUM_OK : passage->verb->locate(passage);
}

velum_status locate_snapshot(passage *passage)
{
    int64_t seq = 0;

    if (passage->batch != NULL) {
        passage->seq = passage->batch->seq;
        return VELUM_OK;
    }
    if (passage->conn != NULL) {
        return VELUM_OK;
    }
    VELUM_TRY(store_reader_acquire(passage->gate->db, GATE_READER_WAIT_MS, &passage->conn));
    VELUM_TRY(conn_begin(passage->conn));
    VELUM_TRY(meta_read(passage->conn, META_OUTBOX_SEQ, &seq));
    passage->seq = (uint64_t)seq;
    return VELUM_OK;
}

void locate_release_snapshot(passage *passage)
{
    if (passage->batch == NULL && passage->conn != NULL) {
        store_reader_release(passage->gate->db, passage->conn);
        passage->conn = NULL;
    }
}

/* What was asked for, borrowed from the request or the arena: the same refusal for the same target is
 * one (I-1). */
static void note_target(passage *passage, const void *what, size_t size)
{
    passage->target = (crypto_part){what, size};
}

velum_status locate_open(passage *passage, sealed_subject *rows, const opened_subject **out_opened,
                         subject_state *out)
{
    VELUM_TRY(vault_open(passage->gate->vault, rows, passage->arena, out_opened));
    VELUM_TRY(subject_state_decode(opened_state(*out_opened), out));
    return opened_ledger_matches(*out_opened, out->ledger_count) ? VELUM_OK : VELUM_E_TAMPERED;
}

static velum_status open_state(passage *passage)
{
    passage->has_subject = true;
    if (sealed_subject_status(passage->sealed) != VAULT_SUBJECT_LIVE) {
        return VELUM_OK; /* decide refuses by the status alone */
    }
    VELUM_TRY(locate_open(passage, passage->sealed, &passage->opened, &passage->state));
    return person_gather(passage);
}

/* One of several is read in one snapshot with the others (R-2 of core/person.h). */
static bool is_cached_alone(passage *passage)
{
    const uint64_t seq_min = changes_seq(&passage->gate->changes, passage->slot);

    if (!vault_cached(passage->gate->vault, &passage->subject, seq_min, &passage->sealed)) {
        return false;
    }
    if (sealed_subject_person(passage->sealed) == NULL) {
        return true;
    }
    sealed_subject_free(passage->sealed);
    passage->sealed = NULL;
    return false;
}

velum_status locate_subject(passage *passage)
{
    velum_gate *const gate = passage->gate;
    const bool cacheable = passage->batch == NULL;

    passage->slot = changes_slot(&gate->changes, &passage->subject);
    passage->has_slot = true;

    if (cacheable && passage->conn == NULL && is_cached_alone(passage)) {
        passage->seq = sealed_subject_seq(passage->sealed);
        return open_state(passage);
    }
    VELUM_TRY(locate_snapshot(passage));
    VELUM_TRY(vault_load(gate->vault, passage->conn, &passage->subject, passage->seq, cacheable,
                         &passage->sealed));
    return open_state(passage);
}

velum_status locate_take(passage *passage, sealed_subject *rows)
{
    passage->sealed = rows;
    passage->subject = *sealed_subject_id(rows);
    passage->slot = changes_slot(&passage->gate->changes, &passage->subject);
    passage->has_slot = true;
    return open_state(passage);
}

void locate_forget(passage *passage)
{
    sealed_subject_free(passage->sealed);
    passage->sealed = NULL;
    passage->opened = NULL;
    passage->rows_keys = NULL;
    passage->has_subject = false;
    passage->has_slot = false;
    mem_wipe(&passage->state, sizeof(passage->state));
    person_forget(passage);
}

/* Unknown is not a failure of this stage. */
static velum_status locate_known(passage *passage)
{
    const velum_status status = locate_subject(passage);

    return status == VELUM_E_NOTFOUND ? VELUM_OK : status;
}

velum_status locate_own(passage *passage)
{
    passage->subject = passage->actor.own;
    passage->domain = world_number(passage->world, REGISTRY_DOMAIN, TEXT_LITERAL(DOMAIN_SELF));
    note_target(passage, passage->subject.bytes, SUBJECT_ID_BYTES);
    return locate_known(passage);
}

static velum_status parse_in_domain(passage *passage, uint16_t domain, text ref)
{
    const aes_block *permutation = NULL;

    VELUM_TRY(keyring_domain(passage->gate->keys, domain, &permutation));
    if (pseudonym_parse(permutation, ref, &passage->subject) < 0) {
        return refuse_hint(passage, PROBLEM_MALFORMED,
                           "The reference is mistyped: its check character does not fit.");
    }
    passage->domain = domain;
    return VELUM_OK;
}

/* An officer's bare ref is tried in every domain that the registry knows; the leaf names the one
 * that was used. */
static velum_status locate_in_all_domains(passage *passage, text ref)
{
    const world *world = passage->world;

    for (uint32_t i = 0; i < world->name_count; i++) {
        if (world->names[i].kind != REGISTRY_DOMAIN) {
            continue;
        }
        VELUM_TRY(parse_in_domain(passage, world->names[i].number, ref));
        const velum_status status = locate_subject(passage);
        if (status != VELUM_E_NOTFOUND) {
            return status;
        }
    }
    passage->domain = 0;
    return VELUM_OK;
}

/* DOMAIN:REF at the command line. */
static velum_status split_domain(passage *passage, text *ref, uint16_t *out_domain)
{
    const size_t colon = text_find_byte(*ref, ':');

    *out_domain = 0;
    if (colon == ref->size) {
        return VELUM_OK;
    }
    const text name = {ref->data, colon};
    *out_domain = world_number(passage->world, REGISTRY_DOMAIN, name);
    *ref = (text){ref->data + colon + 1, ref->size - colon - 1};
    return *out_domain == 0 ? refuse(passage, REASON_UNKNOWN_DOMAIN) : VELUM_OK;
}

velum_status locate_by_ref(passage *passage)
{
    return locate_by_text(passage, passage->request->ref);
}

velum_status locate_by_text(passage *passage, text ref)
{
    uint16_t domain = 0;

    note_target(passage, ref.data, ref.size);
    VELUM_TRY(split_domain(passage, &ref, &domain));
    const credential *credential = passage->actor.credential;
    if (credential == NULL) {
        return refuse(passage, REASON_NOT_OWN_RECORD);
    }
    if (credential->domain_number == 0) {
        if (domain == 0) {
            return locate_in_all_domains(passage, ref);
        }
    } else if (domain != 0 && domain != credential->domain_number) {
        return refuse(passage, REASON_UNKNOWN_DOMAIN);
    }
    VELUM_TRY(parse_in_domain(passage, domain != 0 ? domain : credential->domain_number, ref));
    return locate_known(passage);
}

velum_status locate_other_ref(passage *passage, text ref, subject_id *out)
{
    const aes_block *permutation = NULL;
    uint16_t domain = 0;

    VELUM_TRY(split_domain(passage, &ref, &domain));
    if (domain != 0 && domain != passage->domain) {
        return refuse_hint(passage, REASON_UNKNOWN_DOMAIN, "Both are named in one domain.");
    }
    VELUM_TRY(keyring_domain(passage->gate->keys, passage->domain, &permutation));
    return pseudonym_parse(permutation, ref, out) < 0
               ? refuse_hint(passage, PROBLEM_MALFORMED,
                             "The other reference is mistyped: its check character does not fit.")
               : VELUM_OK;
}

velum_status locate_by_optional_ref(passage *passage)
{
    return passage->request->ref.size == 0 ? VELUM_OK : locate_by_ref(passage);
}

static void use_own_domain(passage *passage)
{
    if (passage->actor.credential != NULL) {
        passage->domain = passage->actor.credential->domain_number;
    }
}

velum_status locate_first(passage *passage)
{
    velum_gate *const gate = passage->gate;

    VELUM_TRY(locate_snapshot(passage));
    for (uint32_t i = 0; i < passage->identifier_count; i++) {
        const velum_status status =
            vault_find(gate->vault, passage->conn, &passage->identifiers[i], &passage->subject);
        if (status == VELUM_OK) {
            return locate_known(passage);
        }
        if (status != VELUM_E_NOTFOUND) {
            return status;
        }
    }
    return VELUM_OK;
}

velum_status locate_by_body_identifier(passage *passage)
{
    static const char *const members[] = {"identifier", "reason_code", NULL};
    const json_value *body = json_root(passage->body);
    void *slice = NULL;

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_reason_code(passage, json_member(body, "reason_code")));
    VELUM_TRY(secret_arena_slice(passage->arena, sizeof(identifier), &slice));
    passage->identifiers = slice;
    VELUM_TRY(parse_identifier(passage, json_member(body, "identifier"), passage->identifiers));
    passage->identifier_count = 1;
    note_target(passage, passage->identifiers[0].value, passage->identifiers[0].value_size);
    use_own_domain(passage);
    return locate_first(passage);
}

velum_status locate_by_body_identifiers(passage *passage)
{
    VELUM_TRY(parse_identifiers(passage, json_member(json_root(passage->body), "identifiers")));
    note_target(passage, passage->identifiers[0].value, passage->identifiers[0].value_size);
    use_own_domain(passage);
    return locate_first(passage);
}

velum_status locate_format_ref(passage *passage, char out[PSEUDONYM_TEXT_BYTES])
{
    const aes_block *permutation = NULL;

    if (passage->domain == 0) {
        return refuse_hint(passage, REASON_UNKNOWN_DOMAIN,
                           "A credential of one domain is needed to name a customer.");
    }
    VELUM_TRY(keyring_domain(passage->gate->keys, passage->domain, &permutation));
    pseudonym_format(permutation, &passage->subject, out);
    return VELUM_OK;
}
