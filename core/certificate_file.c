/* core/certificate_file.c: the file of a certificate, written and checked without a gate. */
#include "audit/leaf.h"
#include "audit/log_reader.h"
#include "audit/note.h"
#include "core/certificate.h"

#include <assert.h>
#include <stdio.h>

#define FORMAT_FILE "velum-certificate-file-1"
#define FORMAT_TEXT "velum-certificate-1"

#define EXIT_HOLDS 0 /* as `audit verify` */
#define EXIT_DOES_NOT_HOLD 3
#define EXIT_UNREADABLE 5
#define EXIT_UNPROVEN 6

/* --- writing ------------------------------------------------------------------------------------ */

static velum_status member_base64(json_writer *out, const char *name, crypto_part bytes)
{
    VELUM_AUTO_MEM char *encoded = mem_alloc(BASE64_SIZE(bytes.size) + 1);

    if (encoded == NULL) {
        return VELUM_E_NOMEM;
    }
    base64_encode(bytes.data, bytes.size, encoded);
    json_member_string(out, name, encoded);
    return VELUM_OK;
}

velum_status certificate_file_write(crypto_part said, crypto_part leaf, text proof, buffer *out)
{
    json_writer json;

    json_writer_init(&json, out);
    json_begin_object(&json);
    json_member_string(&json, "format", FORMAT_FILE);
    VELUM_TRY(member_base64(&json, "certificate", said));
    VELUM_TRY(member_base64(&json, "leaf", leaf));
    json_member_text(&json, "proof", proof);
    json_end_object(&json);
    buffer_append_byte(out, '\n');
    return buffer_status(out);
}

/* --- reading ------------------------------------------------------------------------------------ */

typedef struct parts {
    uint8_t *certificate; /* owned */
    size_t certificate_size;
    uint8_t *leaf; /* owned */
    size_t leaf_size;
    json *file; /* owns `proof` */
    text proof;
    json *said; /* what the certificate says; owns `log` */
    text log;
} parts;

static void parts_clear(parts *self)
{
    mem_free(self->certificate);
    mem_free(self->leaf);
    json_free(self->file);
    json_free(self->said);
}

/* A failure, in words of ours. */
typedef struct finding {
    int32_t exit_code;
    const char *reason;
} finding;

static finding unreadable(const char *reason)
{
    return (finding){EXIT_UNREADABLE, reason};
}

static velum_status take_base64(const json_value *object, const char *name, size_t bytes_max,
                                uint8_t **out, size_t *out_size)
{
    const json_value *value = json_member(object, name);
    const text encoded = value == NULL ? TEXT_EMPTY : json_text(value);

    if (encoded.size == 0 || encoded.size > BASE64_SIZE(bytes_max)) {
        return VELUM_E_INVALID;
    }
    *out = mem_alloc(bytes_max);
    return *out == NULL ? VELUM_E_NOMEM : base64_decode(encoded, *out, bytes_max, out_size);
}

/* The one form: written anew from its members, it must be the same bytes. */
static velum_status check_form(text source, const parts *parts)
{
    VELUM_AUTO_BUFFER anew = {0};

    buffer_init(&anew, CERTIFICATE_FILE_BYTES_MAX);
    VELUM_TRY(certificate_file_write((crypto_part){parts->certificate, parts->certificate_size},
                                     (crypto_part){parts->leaf, parts->leaf_size}, parts->proof,
                                     &anew));
    return text_equal(source, (text){(const char *)anew.data, anew.size}) ? VELUM_OK
                                                                          : VELUM_E_INVALID;
}

static velum_status read_file(text source, parts *out)
{
    VELUM_TRY(json_parse(source, CERTIFICATE_FILE_BYTES_MAX, &out->file, NULL));
    const json_value *const root = json_root(out->file);
    const json_value *const proof = json_member(root, "proof");
    if (proof == NULL) {
        return VELUM_E_INVALID;
    }
    out->proof = json_text(proof);
    VELUM_TRY(take_base64(root, "certificate", CERTIFICATE_BYTES_MAX, &out->certificate,
                          &out->certificate_size));
    VELUM_TRY(take_base64(root, "leaf", LEAF_BYTES_MAX, &out->leaf, &out->leaf_size));
    return check_form(source, out);
}

static velum_status read_text(parts *parts, uint8_t out_id[16])
{
    const text said = {(const char *)parts->certificate, parts->certificate_size};

    VELUM_TRY(json_parse(said, CERTIFICATE_BYTES_MAX, &parts->said, NULL));
    const json_value *const root = json_root(parts->said);
    const json_value *const format = json_member(root, "format");
    const json_value *const id = json_member(root, "id");
    const json_value *const log = json_member(root, "log");
    if (format == NULL || id == NULL || log == NULL ||
        !text_equal_literal(json_text(format), FORMAT_TEXT)) {
        return VELUM_E_INVALID;
    }
    parts->log = json_text(log);
    return hex_decode(json_text(id), out_id, 16);
}

/* --- judging ------------------------------------------------------------------------------------ */

/* Whether the leaf speaks of this text (docs/formats/certificate.md, "Checking", 2). */
static finding check_leaf(const parts *parts, const uint8_t id[16], uint64_t *out_index)
{
    uint8_t hash[SHA256_BYTES];
    uint8_t origin_id[LEAF_ORIGIN_ID_BYTES];
    leaf_header header;
    audit_entry entry;

    if (leaf_read_header(parts->leaf, parts->leaf_size, &header) < 0 ||
        entry_decode(parts->leaf + LEAF_HEADER_BYTES, parts->leaf_size - LEAF_HEADER_BYTES,
                     &entry) < 0) {
        return unreadable("the entry of the log cannot be read");
    }
    *out_index = header.index;
    sha256(parts->certificate, parts->certificate_size, hash);
    leaf_origin_id(parts->log, origin_id);
    if (entry.type != ENTRY_ERASURE || entry.stage != ENTRY_OUTCOME) {
        return (finding){EXIT_DOES_NOT_HOLD, "the entry is not the outcome of an erasure"};
    }
    if (memcmp(entry.detail_hash, hash, sizeof(hash)) != 0 ||
        memcmp(entry.event_id, id, sizeof(entry.event_id)) != 0) {
        return (finding){EXIT_DOES_NOT_HOLD, "the entry speaks of another certificate"};
    }
    if (memcmp(header.origin_id, origin_id, sizeof(origin_id)) != 0) {
        return (finding){EXIT_DOES_NOT_HOLD, "the entry is of another log"};
    }
    return (finding){EXIT_HOLDS, "what it says stands in the log"};
}

static finding check_proof(const parts *parts, text key)
{
    uint64_t index = 0;

    if (key.size == 0) {
        return (finding){EXIT_UNPROVEN, "consistent in itself, but no key to prove it is trusted"};
    }
    const velum_status status =
        log_proof_check(parts->proof, parts->leaf, parts->leaf_size, key, &index);
    if (status == VELUM_E_CRYPTO) {
        return (finding){EXIT_DOES_NOT_HOLD, "its checkpoint is not signed by the trusted key"};
    }
    if (status == VELUM_E_INVALID || status == VELUM_E_NEWER) {
        return unreadable("its proof cannot be read");
    }
    if (status < 0) {
        return (finding){EXIT_DOES_NOT_HOLD, "its entry does not stand in the log that was signed"};
    }
    return (finding){EXIT_HOLDS, "what it says stands in the log"};
}

static velum_status judge(text source, text key, parts *parts, velum_certificate_report *report,
                          finding *out)
{
    uint8_t id[16];

    velum_status status = read_file(source, parts);
    if (status == VELUM_E_NOMEM) {
        return status;
    }
    if (status == VELUM_OK) {
        status = read_text(parts, id);
    }
    if (status < 0) {
        *out = unreadable("it is no certificate, or of a later version");
        return status == VELUM_E_NOMEM ? status : VELUM_OK;
    }
    (void)snprintf(report->origin, sizeof(report->origin), "%.*s",
                   (int)(parts->log.size < sizeof(report->origin) ? parts->log.size
                                                                  : sizeof(report->origin) - 1),
                   parts->log.data);
    *out = check_leaf(parts, id, &report->index);
    if (out->exit_code == EXIT_HOLDS) {
        *out = check_proof(parts, key);
    }
    return VELUM_OK;
}

static text text_from(velum_string string)
{
    return string.size == 0 ? TEXT_EMPTY : (text){string.data, string.size};
}

/* The text is handed out where it was read, whatever the judgement: the caller shows both. */
static void hand_out(parts *parts, const finding *found, char **out_text, size_t *out_size)
{
    if (found->exit_code == EXIT_UNREADABLE) {
        return;
    }
    *out_text = (char *)parts->certificate;
    *out_size = parts->certificate_size;
    parts->certificate = NULL;
}

velum_status velum_certificate_verify(velum_string file, velum_string verifier_key,
                                      velum_certificate_report *report, char **out_text,
                                      size_t *out_size)
{
    parts parts = {.certificate = NULL};
    finding found = unreadable("it is no certificate");
    note_key key;

    *out_text = NULL;
    *out_size = 0;
    if (report->size < sizeof(*report) ||
        (verifier_key.size > 0 && note_key_parse(text_from(verifier_key), &key) < 0)) {
        return VELUM_E_INVALID;
    }
    VELUM_TRY(crypto_init());
    *report = (velum_certificate_report){.size = report->size};
    const velum_status status =
        judge(text_from(file), text_from(verifier_key), &parts, report, &found);
    if (status == VELUM_OK) {
        report->exit_code = found.exit_code;
        (void)snprintf(report->reason, sizeof(report->reason), "%s", found.reason);
        hand_out(&parts, &found, out_text, out_size);
    }
    parts_clear(&parts);
    return status;
}
