/* core/certificate.c: the text of a certificate, and the table of them. */
#include "core/certificate.h"

#include "core/schema.h"

const char *const certificate_schema_2[] = {
    /* kept for ever; `subject` goes with the evidence */
    "CREATE TABLE certificate ("
    " id BLOB PRIMARY KEY CHECK (length(id) = 16),"
    " subject BLOB,"
    " text BLOB NOT NULL"
    ") STRICT, WITHOUT ROWID",
    "CREATE INDEX certificate_subject ON certificate (subject) WHERE subject IS NOT NULL",
    NULL,
};

/* What no software can promise about the disk below it; the threat model says more. */
static const char *const LIMITS[] = {
    "The keys stood in keys.db alone, which keeps no history; what they sealed stays unreadable in "
    "every backup of the other files.",
    "Snapshots of the file system, and cells that a solid-state disk keeps after they were written "
    "over, may hold old keys until they are gone.",
    "Copies that were disclosed before lie outside of this destruction; the log names each of them.",
};

void certificate_id(const uint8_t event_id[16], uint8_t out[16])
{
    static const char label[] = "certificate";
    const crypto_part parts[] = {{label, sizeof(label) - 1}, {event_id, 16}};
    uint8_t hash[SHA256_BYTES];

    sha256_parts(parts, sizeof(parts) / sizeof(parts[0]), hash);
    memcpy(out, hash, 16);
}

/* --- the text ----------------------------------------------------------------------------------- */

static void member_hex(json_writer *out, const char *name, const uint8_t *bytes, size_t size)
{
    char hex[2 * SHA256_BYTES + 1];

    hex_encode(bytes, size, hex);
    json_member_string(out, name, hex);
}

static void member_time(json_writer *out, const char *name, int64_t at_ns)
{
    char shown[TIME_TEXT_BYTES];

    time_format(at_ns, shown);
    json_member_string(out, name, shown);
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    uint8_t any = 0;

    for (size_t i = 0; i < size; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

static const char *kind_name(uint32_t kind)
{
    static const char *const names[] = {[DESTROY_DATA] = "person",
                                        [DESTROY_CATEGORIES] = "categories",
                                        [DESTROY_RETAINED] = "retained",
                                        [DESTROY_EVIDENCE] = "evidence"};

    return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : NULL;
}

/* Names of the registry are for ever; a bundle's own wording of a category may be gone. */
static const char *category_name(const world *world, uint16_t number)
{
    const char *const name = world_name(world, REGISTRY_CATEGORY, number);

    return name == NULL ? "?" : name;
}

static void write_asked(json_writer *out, const destruction *what)
{
    json_name(out, "asked");
    json_begin_object(out);
    member_hex(out, "event", what->event_id, sizeof(what->event_id));
    member_time(out, "at", what->at_ns);
    if (!is_zero(what->request_id, sizeof(what->request_id))) {
        member_hex(out, "request", what->request_id, sizeof(what->request_id));
    }
    json_end_object(out);
}

static void write_subject(json_writer *out, const certificate_facts *facts)
{
    if (is_zero(facts->subject_token, sizeof(facts->subject_token))) {
        return;
    }
    json_name(out, "subject");
    json_begin_object(out);
    member_hex(out, "token", facts->subject_token, sizeof(facts->subject_token));
    json_member_integer(out, "month", facts->token_month);
    json_end_object(out);
}

static void write_keys(json_writer *out, uint32_t kind)
{
    static const char *const keys[][2] = {[DESTROY_DATA] = {"data-key", "category-keys"},
                                          [DESTROY_CATEGORIES] = {"data-key", "category-keys"},
                                          [DESTROY_RETAINED] = {"retention-key", NULL},
                                          [DESTROY_EVIDENCE] = {"evidence-key", NULL}};

    json_name(out, "keys");
    json_begin_array(out);
    for (uint32_t i = 0; i < 2 && keys[kind][i] != NULL; i++) {
        json_write_text(out, text_of(keys[kind][i]));
    }
    json_end_array(out);
}

static void write_destroyed(json_writer *out, const certificate_facts *facts)
{
    const destruction_report *const report = facts->report;

    json_name(out, "destroyed");
    json_begin_object(out);
    json_name(out, "categories");
    json_begin_array(out);
    for (uint32_t i = 0; i < report->category_count; i++) {
        json_write_text(out, text_of(category_name(facts->world, report->categories[i])));
    }
    json_end_array(out);
    json_member_integer(out, "identifiers", report->index_rows);
    write_keys(out, facts->what->kind);
    json_end_object(out);
}

static void write_kept(json_writer *out, const certificate_facts *facts)
{
    const bundle *const bundle = facts->world->bundle;

    json_name(out, "kept");
    json_begin_array(out);
    for (uint32_t i = 0; i < facts->report->retained_count; i++) {
        const retained_category *const kept = &facts->report->retained[i];
        const uint32_t index = bundle_find_number(bundle, REGISTRY_CATEGORY, kept->category);
        const char *const basis = world_name(facts->world, REGISTRY_BASIS, kept->basis);
        json_begin_object(out);
        json_member_string(out, "category", category_name(facts->world, kept->category));
        if (index != BUNDLE_NONE && bundle->categories[index].retain_law.size > 0) {
            json_member_text(out, "law", bundle->categories[index].retain_law);
        }
        json_member_string(out, "basis", basis == NULL ? "?" : basis);
        member_time(out, "until", kept->until_ns);
        json_end_object(out);
    }
    json_end_array(out);
}

static void write_ends(json_writer *out, const certificate_facts *facts)
{
    if (facts->report->evidence_until_ns != 0) {
        member_time(out, "evidence_until", facts->report->evidence_until_ns);
    }
    if (facts->suppressed > 0) {
        json_name(out, "suppressed");
        json_begin_object(out);
        json_member_integer(out, "identifiers", facts->suppressed);
        member_time(out, "until", facts->suppressed_until_ns);
        json_end_object(out);
    }
    json_name(out, "limits");
    json_begin_array(out);
    for (size_t i = 0; i < sizeof(LIMITS) / sizeof(LIMITS[0]); i++) {
        json_write_text(out, text_of(LIMITS[i]));
    }
    json_end_array(out);
}

velum_status certificate_write(const certificate_facts *facts, buffer *out)
{
    const char *const kind = kind_name(facts->what->kind);
    json_writer json;

    if (kind == NULL) {
        return VELUM_E_CORRUPT;
    }
    json_writer_init(&json, out);
    json_begin_object(&json);
    json_member_string(&json, "format", "velum-certificate-1");
    member_hex(&json, "id", facts->id, sizeof(facts->id));
    json_member_text(&json, "log", facts->log);
    json_member_integer(&json, "tenant", facts->tenant);
    member_time(&json, "at", facts->at_ns);
    json_member_string(&json, "kind", kind);
    write_asked(&json, facts->what);
    write_subject(&json, facts);
    member_hex(&json, "policy", facts->world->bundle->hash, SHA256_BYTES);
    write_destroyed(&json, facts);
    write_kept(&json, facts);
    write_ends(&json, facts);
    json_end_object(&json);
    return buffer_status(out);
}

/* --- the table ---------------------------------------------------------------------------------- */

velum_status certificate_put(store_conn *conn, const uint8_t id[16], const subject_id *subject,
                             crypto_part text)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(
        conn, "INSERT INTO certificate (id, subject, text) VALUES ($1, $2, $3)", &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, id, 16));
    VELUM_TRY(subject == NULL ? stmt_bind_null(stmt, 2)
                              : stmt_bind_blob(stmt, 2, subject->bytes, SUBJECT_ID_BYTES));
    VELUM_TRY(stmt_bind_blob(stmt, 3, text.data, text.size));
    return stmt_execute(stmt);
}

velum_status certificate_get(store_conn *conn, const uint8_t id[16], buffer *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "SELECT text FROM certificate WHERE id = $1", &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, id, 16));
    const velum_status status = stmt_step(stmt);
    if (status == VELUM_OK) {
        const crypto_part text = stmt_blob(stmt, 0);
        buffer_append(out, text.data, text.size);
    }
    stmt_reset(stmt);
    VELUM_TRY(status == VELUM_END ? VELUM_E_NOTFOUND : status);
    return buffer_status(out);
}

velum_status certificate_unlink(store_conn *conn, const subject_id *subject)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(
        conn_statement(conn, "UPDATE certificate SET subject = NULL WHERE subject = $1", &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, subject->bytes, SUBJECT_ID_BYTES));
    return stmt_execute(stmt);
}
