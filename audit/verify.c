/* audit/verify.c: the judgement on a log folder (spec/audit "What verify says").
 *
 * One pass from index 0: every record's form and CRC, then through audit/chain.h every leaf and
 * root. The chain watches for the sizes of the folder's checkpoint and of the one that was seen
 * before: recomputing the root at a size is the strongest proof of consistency with it.
 */
#include "audit/verify.h"

#include <stdio.h>

#include "audit/chain.h"

#define PROGRESS_EVERY 65536

typedef struct verification {
    const verify_options *options;
    verify_report *report;
    note_key key;
    checkpoint head; /* the folder's */
    checkpoint seen;
    bool has_seen;
    chain chain;
    const chain_watch *head_watch;
    const chain_watch *seen_watch;
    folder_tails tails;
    size_t file_index;      /* of the file being read */
    bool at_end;            /* nothing whole follows */
    bool finished;          /* live: all that the checkpoint covers has been judged */
    uint64_t progress_next; /* leaves */
} verification;

/* ---- Saying it ------------------------------------------------------------------------------- */

/* A judgement ends the work; it travels as an error so that VELUM_TRY carries it. */
static velum_status judge(verification *v, int code, uint64_t index, const char *reason)
{
    v->report->exit_code = code;
    v->report->bad_index = index;
    (void)snprintf(v->report->reason, sizeof v->report->reason, "%s", reason);
    return VELUM_E_TAMPERED;
}

/* VELUM_E_NOMEM is no judgement; what cannot be read is exit 5. */
static velum_status unreadable(verification *v, velum_status status, const char *reason)
{
    if (status == VELUM_E_NOMEM) {
        return status;
    }
    if (status == VELUM_E_NEWER) {
        reason = "the log has a format of a later version";
    }
    return judge(v, VERIFY_UNREADABLE, VERIFY_NO_INDEX, reason);
}

static void progress(verification *v, bool always)
{
    const uint64_t done = v->chain.tree.size;

    if (v->options->progress == NULL || (!always && done < v->progress_next)) {
        return;
    }
    v->progress_next = done + PROGRESS_EVERY;
    v->options->progress(v->options->context, done, v->head.size > done ? v->head.size : done);
}

/* ---- Origin, key, checkpoints ---------------------------------------------------------------- */

static velum_status read_key(verification *v)
{
    const text given = v->options->verifier_key;
    note_key trusted;

    const velum_status status = folder_read_key(v->options->dir_fd, &v->key);
    if (status == VELUM_E_CORRUPT) {
        return judge(v, VERIFY_TAMPERED, VERIFY_NO_INDEX, "the origin file is not a verifier key");
    }
    if (status < 0) {
        return unreadable(v, status, "the origin file cannot be read");
    }
    (void)snprintf(v->report->origin, sizeof v->report->origin, "%s", v->key.name);
    v->report->key_was_given = given.size > 0;
    if (given.size == 0) {
        return VELUM_OK;
    }
    if (note_key_parse(given, &trusted) < 0) {
        return judge(v, VERIFY_UNREADABLE, VERIFY_NO_INDEX,
                     "the trusted key is not a verifier key");
    }
    if (trusted.type != v->key.type || trusted.id != v->key.id ||
        strcmp(trusted.name, v->key.name) != 0 ||
        memcmp(trusted.public_key, v->key.public_key, sizeof trusted.public_key) != 0) {
        return judge(v, VERIFY_TAMPERED, VERIFY_NO_INDEX,
                     "the folder's key is not the trusted one");
    }
    return VELUM_OK;
}

static void copy_checkpoint(verify_report *report, const buffer *note)
{
    if (note->size < sizeof report->checkpoint) {
        memcpy(report->checkpoint, note->data, note->size);
        report->checkpoint[note->size] = '\0';
    }
}

static velum_status read_head(verification *v)
{
    VELUM_AUTO_BUFFER note = {0};

    buffer_init(&note, NOTE_BYTES_MAX);
    velum_status status = folder_read_checkpoint(v->options->dir_fd, &note);
    if (status < 0 && status != VELUM_E_CORRUPT) {
        return unreadable(v, status, "the checkpoint cannot be read");
    }
    if (status == VELUM_OK) {
        status = checkpoint_open((text){(const char *)note.data, note.size}, &v->key, &v->head);
    }
    if (status < 0) {
        return judge(v, VERIFY_TAMPERED, VERIFY_NO_INDEX,
                     status == VELUM_E_CRYPTO ? "the signature of the checkpoint does not hold"
                                              : "the checkpoint is not a checkpoint of this log");
    }
    copy_checkpoint(v->report, &note);
    base64_encode(v->head.root, sizeof v->head.root, v->report->root);
    return VELUM_OK;
}

static velum_status read_seen(verification *v)
{
    const text given = v->options->seen_checkpoint;

    v->has_seen = given.size > 0;
    v->report->seen_was_given = v->has_seen;
    if (!v->has_seen) {
        return VELUM_OK;
    }
    const velum_status status = checkpoint_open(given, &v->key, &v->seen);
    if (status == VELUM_E_CRYPTO) {
        return judge(v, VERIFY_TAMPERED, VERIFY_NO_INDEX,
                     "the checkpoint last seen was signed by another key");
    }
    if (status < 0) {
        return judge(v, VERIFY_UNREADABLE, VERIFY_NO_INDEX,
                     "the checkpoint last seen is not a checkpoint of this log");
    }
    return VELUM_OK;
}

/* ---- Reading the leaves ---------------------------------------------------------------------- */

static velum_status file_rest(verification *v, size_t index, uint64_t from, tail_rest *out)
{
    VELUM_AUTO_TAIL_FILE file = TAIL_FILE_NONE;

    velum_status status = tail_file_open(v->options->dir_fd, v->tails.first[index], &file);
    if (status == VELUM_OK) {
        status = tail_examine(&file, from, out);
    }
    return status < 0 ? unreadable(v, status, "a tail file cannot be read") : VELUM_OK;
}

/* What lies behind the last whole record, in this file and the later ones. */
static velum_status examine_behind(verification *v, uint64_t offset, bool corrupt, tail_rest *out)
{
    tail_rest behind = {0, false};
    tail_rest rest = {0, false};

    if (v->file_index < v->tails.count) {
        VELUM_TRY(file_rest(v, v->file_index, offset + (corrupt ? TAIL_ALIGN : 0), &behind));
    }
    for (size_t i = v->file_index + 1; i < v->tails.count; i++) {
        VELUM_TRY(file_rest(v, i, 0, &rest));
        behind.has_record = behind.has_record || rest.has_record;
        behind.dirty_end = behind.dirty_end > rest.dirty_end ? behind.dirty_end : rest.dirty_end;
    }
    *out = behind;
    return VELUM_OK;
}

/* No whole record at `offset`: the end of the log, a torn batch, or damage. */
static velum_status judge_end(verification *v, uint64_t offset, bool corrupt, uint64_t bad)
{
    const uint64_t covered = v->head.size;
    tail_rest behind = {0, false};

    VELUM_TRY(examine_behind(v, offset, corrupt, &behind));
    v->at_end = true;
    if (behind.has_record) {
        return judge(v, VERIFY_TAMPERED, bad, "a damaged batch is followed by a whole one");
    }
    if (!corrupt && behind.dirty_end == 0) {
        return VELUM_OK;
    }
    if (v->chain.tree.size < covered) {
        return judge(v, VERIFY_TAMPERED, bad, "a batch that the checkpoint covers is damaged");
    }
    v->report->unclean_tail = true;
    return VELUM_OK;
}

static velum_status chained(verification *v, velum_status status, const chain_damage *damage)
{
    if (status == VELUM_E_TAMPERED) {
        return judge(v, VERIFY_TAMPERED, damage->index, damage->reason);
    }
    return status < 0 ? unreadable(v, status, "a leaf cannot be read") : VELUM_OK;
}

/* A closed file ends with zeros, and the next one, if there is one, begins with the next leaf. */
static velum_status take_closing(verification *v, const tail_record *record)
{
    const size_t next = v->file_index + 1;
    chain_damage damage = {0, ""};
    tail_rest rest = {0, false};

    if (record->closing.first != v->tails.first[v->file_index]) {
        return judge(v, VERIFY_TAMPERED, v->chain.tree.size, "a file is closed at another place");
    }
    VELUM_TRY(chained(v, chain_check_closing(&v->chain, &record->closing, &damage), &damage));
    VELUM_TRY(file_rest(v, v->file_index, record->end, &rest));
    if (rest.dirty_end != 0) {
        return judge(v, VERIFY_TAMPERED, v->chain.tree.size, "something follows a closed file");
    }
    if (next < v->tails.count && v->tails.first[next] != v->chain.tree.size) {
        return judge(v, VERIFY_TAMPERED, v->chain.tree.size, "a tail file is missing or misnamed");
    }
    return VELUM_OK;
}

static velum_status take_record(verification *v, const tail_record *record)
{
    chain_damage damage = {0, ""};

    if (record->kind == TAIL_CLOSING) {
        return take_closing(v, record);
    }
    VELUM_TRY(chained(v, chain_take_batch(&v->chain, record, &damage), &damage));
    progress(v, false);
    v->finished = v->options->live && v->chain.tree.size >= v->head.size;
    return VELUM_OK;
}

static velum_status read_file(verification *v)
{
    VELUM_AUTO_TAIL_FILE file = TAIL_FILE_NONE;
    uint64_t offset = 0;
    bool closed = false;
    tail_record record;

    velum_status status = tail_file_open(v->options->dir_fd, v->tails.first[v->file_index], &file);
    if (status < 0) {
        return unreadable(v, status, "a tail file cannot be read");
    }
    while (!closed && !v->finished) {
        status = tail_read(&file, offset, &record);
        if (status == VELUM_END || status == VELUM_E_CORRUPT) {
            const uint64_t bad =
                record.bad_index == TAIL_NO_INDEX ? v->chain.tree.size : record.bad_index;
            return judge_end(v, offset, status == VELUM_E_CORRUPT, bad);
        }
        if (status < 0) {
            return unreadable(v, status, "a tail file cannot be read");
        }
        VELUM_TRY(take_record(v, &record));
        closed = record.kind == TAIL_CLOSING;
        offset = record.end;
    }
    return VELUM_OK;
}

static velum_status read_leaves(verification *v)
{
    const velum_status status = folder_list_tails(v->options->dir_fd, &v->tails);

    if (status < 0) {
        return unreadable(v, status, "the folder cannot be read");
    }
    v->finished = v->options->live && v->head.size == 0;
    if (v->tails.count > 0 && v->tails.first[0] != 0 && !v->finished) {
        return judge(v, VERIFY_TAMPERED, 0, "a tail file is missing or misnamed");
    }
    while (v->file_index < v->tails.count && !v->at_end && !v->finished) {
        VELUM_TRY(read_file(v));
        v->file_index++;
    }
    return VELUM_OK;
}

/* ---- The judgement --------------------------------------------------------------------------- */

static velum_status judge_heads(verification *v)
{
    const uint64_t size = v->chain.tree.size;

    if (v->head_watch->reached && !v->head_watch->matched) {
        return judge(v, VERIFY_TAMPERED, VERIFY_NO_INDEX,
                     "the log is not the one that its checkpoint signs");
    }
    if (v->has_seen && v->seen_watch->reached && !v->seen_watch->matched) {
        return judge(v, VERIFY_TAMPERED, VERIFY_NO_INDEX,
                     "the log does not continue the checkpoint last seen");
    }
    if (size < v->head.size) {
        return judge(v, VERIFY_TRUNCATED, size, "the log is shorter than its checkpoint");
    }
    if (v->has_seen && v->head.size < v->seen.size) {
        return judge(v, VERIFY_TRUNCATED, size < v->seen.size ? size : v->head.size,
                     "the log is older than the checkpoint last seen");
    }
    return VELUM_OK;
}

static velum_status judge_all(verification *v)
{
    VELUM_TRY(judge_heads(v));
    v->report->size = v->head.size;
    v->report->unanchored = v->head.size; /* nothing is anchored yet */
    if (!v->options->live && v->chain.tree.size > v->head.size) {
        v->report->unclean_tail = true;
    }
    if (v->report->unclean_tail) {
        return judge(v, VERIFY_UNPROVEN, VERIFY_NO_INDEX,
                     "the tail is unclean behind what the checkpoint covers");
    }
    if (!v->report->key_was_given) {
        return judge(v, VERIFY_UNPROVEN, VERIFY_NO_INDEX,
                     "consistent, but no trusted key was given");
    }
    if (!v->has_seen) {
        return judge(v, VERIFY_UNPROVEN, VERIFY_NO_INDEX,
                     "consistent, but no checkpoint was seen before");
    }
    return judge(v, VERIFY_SOUND, VERIFY_NO_INDEX,
                 "sound, and consistent with the checkpoint last seen");
}

static velum_status verify_steps(verification *v)
{
    VELUM_TRY(read_key(v));
    VELUM_TRY(read_head(v));
    VELUM_TRY(read_seen(v));
    chain_begin(&v->chain, text_of(v->key.name));
    v->head_watch = chain_add_watch(&v->chain, &v->head);
    if (v->has_seen) {
        v->seen_watch = chain_add_watch(&v->chain, &v->seen);
    }
    const velum_status status = read_leaves(v);
    progress(v, true);
    v->report->size = v->chain.tree.size; /* what was sound before a damage; else set below */
    VELUM_TRY(status);
    return judge_all(v);
}

velum_status log_verify(const verify_options *options, verify_report *report)
{
    verification *const v = mem_alloc(sizeof *v);

    memset(report, 0, sizeof *report);
    report->exit_code = VERIFY_UNREADABLE;
    report->bad_index = VERIFY_NO_INDEX;
    if (v == NULL) {
        return VELUM_E_NOMEM;
    }
    v->options = options;
    v->report = report;
    const velum_status status = verify_steps(v);
    folder_tails_clear(&v->tails);
    mem_free(v);
    return status == VELUM_E_NOMEM ? status : VELUM_OK;
}
