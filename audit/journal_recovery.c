/* audit/journal_recovery.c: what a start finds in the folder, and what it does about it.
 *
 * Closed files are taken by their closing records, whose roots the batch roots of the last file
 * confirm; the file that holds the checkpoint's size and all behind it are read leaf by leaf.
 * Nothing is written before all has been judged, so that a refusal leaves the evidence as it is.
 */
#include "audit/journal_state.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"

typedef struct recovery {
    journal *self;
    const checkpoint *head;
    uint64_t signed_size; /* nothing below this may be missing: checkpoint and vault.db */
    chain chain;
    folder_tails tails;
    size_t last;        /* the last file that holds anything; of tails */
    bool closed;        /* it ends in a closing record */
    uint64_t end;       /* behind its last whole record */
    uint64_t dirty_end; /* behind the last non-zero byte; 0 when all is clean */
    velum_error *err;
} recovery;

static velum_status tampered(recovery *r, uint64_t index, const char *reason)
{
    return error_set(r->err, VELUM_E_TAMPERED, "leaf %llu: %s", (unsigned long long)index, reason);
}

static velum_status readable(recovery *r, velum_status status)
{
    return status < 0 ? error_set(r->err, status, "a tail file of the log cannot be read") : status;
}

static velum_status judged(recovery *r, velum_status status, const chain_damage *damage)
{
    if (status == VELUM_E_TAMPERED) {
        return tampered(r, damage->index, damage->reason);
    }
    return readable(r, status);
}

/* First indexes are 0, n, 2n …: a hole is a file that somebody took away. */
static velum_status check_names(recovery *r)
{
    for (size_t i = 0; i < r->tails.count; i++) {
        const uint64_t expected = i * r->self->leaves_per_tail;
        if (r->tails.first[i] != expected) {
            return tampered(r, expected, "a tail file is missing or misnamed");
        }
    }
    return VELUM_OK;
}

static velum_status begins_empty(recovery *r, size_t index, bool *out_empty)
{
    VELUM_AUTO_TAIL_FILE file = TAIL_FILE_NONE;
    tail_record record;
    tail_rest rest;

    VELUM_TRY(readable(r, tail_file_open(r->self->dir_fd, r->tails.first[index], &file)));
    const velum_status status = tail_read(&file, 0, &record);
    if (status != VELUM_END) {
        *out_empty = false;
        return status == VELUM_E_CORRUPT ? VELUM_OK : readable(r, status);
    }
    VELUM_TRY(readable(r, tail_examine(&file, 0, &rest)));
    *out_empty = rest.dirty_end == 0;
    return VELUM_OK;
}

/* Files behind the last one with anything in it were only prepared. */
static velum_status find_last(recovery *r)
{
    bool empty = true;

    r->last = r->tails.count - 1;
    while (r->last > 0) {
        VELUM_TRY(begins_empty(r, r->last, &empty));
        if (!empty) {
            break;
        }
        r->last--;
    }
    return VELUM_OK;
}

static velum_status skip_closed(recovery *r, size_t index)
{
    VELUM_AUTO_TAIL_FILE file = TAIL_FILE_NONE;
    chain_damage damage = {r->tails.first[index], "a closed file has no closing record"};
    tail_closing closing;

    VELUM_TRY(judged(r, tail_file_open(r->self->dir_fd, r->tails.first[index], &file), &damage));
    const velum_status found = tail_find_closing(&file, &closing);
    if (found == VELUM_E_CORRUPT ||
        (found == VELUM_OK && closing.count != r->self->leaves_per_tail)) {
        return tampered(r, damage.index, damage.reason);
    }
    VELUM_TRY(readable(r, found));
    return judged(r, chain_skip_file(&r->chain, &closing, &damage), &damage);
}

/* All whole records of one file. `out_status` is VELUM_END or VELUM_E_CORRUPT, `out_bad` the leaf
 * that is damaged in the latter case. */
static velum_status read_records(recovery *r, tail_file *file, velum_status *out_status,
                                 uint64_t *out_bad)
{
    chain_damage damage = {0, ""};
    tail_record record;

    r->end = 0;
    r->closed = false;
    while (!r->closed) {
        const velum_status status = tail_read(file, r->end, &record);
        if (status == VELUM_END || status == VELUM_E_CORRUPT) {
            *out_status = status;
            *out_bad = record.bad_index == TAIL_NO_INDEX ? r->chain.tree.size : record.bad_index;
            return VELUM_OK;
        }
        VELUM_TRY(readable(r, status));
        if (record.kind == TAIL_CLOSING) {
            VELUM_TRY(judged(r, chain_check_closing(&r->chain, &record.closing, &damage), &damage));
            r->closed = true;
        } else {
            VELUM_TRY(judged(r, chain_take_batch(&r->chain, &record, &damage), &damage));
        }
        r->end = record.end;
    }
    *out_status = VELUM_END;
    *out_bad = r->chain.tree.size;
    return VELUM_OK;
}

/* Only the last batch may be torn, and beyond it only zeros are clean (spec/audit). */
static velum_status judge_rest(recovery *r, tail_file *file, bool corrupt, uint64_t bad)
{
    const uint64_t behind = corrupt ? r->end + TAIL_ALIGN : r->end;
    tail_rest rest;

    VELUM_TRY(readable(r, tail_examine(file, behind, &rest)));
    if (rest.has_record) {
        return tampered(r, bad, "a damaged batch is followed by a whole one");
    }
    if (r->closed && rest.dirty_end != 0) {
        return tampered(r, bad, "something follows a closed file's end");
    }
    VELUM_TRY(readable(r, tail_examine(file, r->end, &rest)));
    r->dirty_end = rest.dirty_end;
    return VELUM_OK;
}

static velum_status read_file(recovery *r, size_t index)
{
    const uint64_t first = r->tails.first[index];
    VELUM_AUTO_TAIL_FILE file = TAIL_FILE_NONE;
    velum_status ending = VELUM_OK;
    uint64_t bad = 0;

    VELUM_TRY(readable(r, tail_file_open(r->self->dir_fd, first, &file)));
    VELUM_TRY(read_records(r, &file, &ending, &bad));
    if (r->chain.tree.size - first > r->self->leaves_per_tail) {
        return tampered(r, first + r->self->leaves_per_tail, "a file holds more than its leaves");
    }
    VELUM_TRY(judge_rest(r, &file, ending == VELUM_E_CORRUPT, bad));
    if (index < r->last && !r->closed) {
        return tampered(r, bad, "a damaged batch is followed by a whole one");
    }
    return VELUM_OK;
}

static velum_status read_all(recovery *r)
{
    const uint64_t per_tail = r->self->leaves_per_tail;
    const uint64_t signed_file = r->head->size / per_tail;
    const size_t begin = signed_file < r->last ? (size_t)signed_file : r->last;

    for (size_t i = 0; i < begin; i++) {
        VELUM_TRY(skip_closed(r, i));
    }
    for (size_t i = begin; i <= r->last; i++) {
        VELUM_TRY(read_file(r, i));
    }
    return VELUM_OK;
}

static velum_status check_signed(recovery *r, const chain_watch *watch)
{
    const uint64_t size = r->chain.tree.size;

    if (size < r->signed_size && r->dirty_end != 0) {
        return tampered(r, size, "a batch that was signed is damaged");
    }
    if (size < r->signed_size) {
        return error_set(r->err, VELUM_E_TRUNCATED, "the log has %llu leaves, %llu were signed",
                         (unsigned long long)size, (unsigned long long)r->signed_size);
    }
    if (!watch->reached || !watch->matched) {
        return tampered(r, r->head->size, "the log is not the one that the checkpoint signs");
    }
    return VELUM_OK;
}

/* ---- Mending: nothing before this line has written anything ---------------------------------- */

static velum_status remove_prepared(recovery *r)
{
    char name[FOLDER_TAIL_NAME_BYTES];

    for (size_t i = r->last + 1; i < r->tails.count; i++) {
        folder_tail_name(r->tails.first[i], name);
        if (unlinkat(r->self->dir_fd, name, 0) != 0) {
            return VELUM_E_IO;
        }
    }
    return r->last + 1 < r->tails.count ? directory_sync(r->self->dir_fd) : VELUM_OK;
}

/* A full file lost its closing record: it is written again. */
static velum_status close_again(recovery *r, int fd)
{
    const uint64_t per_tail = r->self->leaves_per_tail;
    tail_closing closing = {.first = r->tails.first[r->last],
                            .count = (uint32_t)per_tail,
                            .outbox_seq = r->chain.outbox_seq};
    uint8_t bytes[TAIL_CLOSING_BYTES];

    memcpy(closing.root, r->chain.tree.complete[__builtin_ctzll(per_tail)], sizeof closing.root);
    memcpy(closing.last, r->chain.prev, sizeof closing.last);
    tail_write_closing(&closing, bytes);
    VELUM_TRY(file_write_at(fd, r->end, bytes, sizeof bytes));
    r->end += sizeof bytes;
    return VELUM_OK;
}

/* J-3, then the last file is ready to be appended to. */
static velum_status mend_last(recovery *r, int fd)
{
    const uint64_t used = r->chain.tree.size - r->tails.first[r->last];
    const bool unclosed = used == r->self->leaves_per_tail && !r->closed;

    if (r->dirty_end != 0) {
        VELUM_TRY(room_zero(fd, r->end, r->dirty_end));
        VELUM_TRY(file_sync(fd));
    }
    if (unclosed) {
        VELUM_TRY(close_again(r, fd));
        VELUM_TRY(file_sync(fd));
    }
    return VELUM_OK;
}

static velum_status open_last(recovery *r, int *out_fd)
{
    char name[FOLDER_TAIL_NAME_BYTES];
    VELUM_AUTO_FD fd = -1;

    folder_tail_name(r->tails.first[r->last], name);
    VELUM_TRY(file_open(r->self->dir_fd, name, O_RDWR, &fd));
    VELUM_TRY(mend_last(r, fd));
    *out_fd = fd;
    fd = -1;
    return VELUM_OK;
}

static velum_status mend(recovery *r)
{
    journal_position *const at = &r->self->at;

    at->fd = -1;
    if (r->tails.count > 0) {
        VELUM_TRY(remove_prepared(r));
        VELUM_TRY(open_last(r, &at->fd));
        at->tail_first = r->tails.first[r->last];
    }
    at->tree = r->chain.tree;
    tree_frontier_root(&at->tree, at->root);
    memcpy(at->prev, r->chain.prev, sizeof at->prev);
    at->outbox_seq = r->chain.outbox_seq;
    at->offset = r->end;
    return room_adopt(r->self, at);
}

static velum_status recover_steps(recovery *r, journal_recovery *report)
{
    chain_begin(&r->chain, text_of(r->self->key.name));
    const chain_watch *const watch = chain_add_watch(&r->chain, r->head);
    if (folder_list_tails(r->self->dir_fd, &r->tails) < 0) {
        return error_set(r->err, VELUM_E_IO, "the folder of the log cannot be read");
    }
    VELUM_TRY(check_names(r));
    if (r->tails.count > 0) {
        VELUM_TRY(find_last(r));
        VELUM_TRY(read_all(r));
    }
    VELUM_TRY(check_signed(r, watch));
    *report = (journal_recovery){.size = r->chain.tree.size,
                                 .outbox_seq = r->chain.outbox_seq,
                                 .newest_ns = r->chain.newest_ns,
                                 .torn = r->dirty_end != 0,
                                 .torn_bytes = r->dirty_end == 0 ? 0 : r->dirty_end - r->end};
    const velum_status status = mend(r);
    return status < 0 ? error_set(r->err, status, "the end of the log cannot be mended") : VELUM_OK;
}

velum_status journal_recover(journal *self, const checkpoint *head, uint64_t signed_size,
                             journal_recovery *report, velum_error *err)
{
    recovery r = {.self = self,
                  .head = head,
                  .signed_size = head->size > signed_size ? head->size : signed_size,
                  .err = err};

    const velum_status status = recover_steps(&r, report);
    folder_tails_clear(&r.tails);
    return status;
}
