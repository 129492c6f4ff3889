/* audit/log_reader.c: leaves one after another, from a folder that may be growing.
 *
 * The appender writes a batch only after its predecessor is durable (J-2), so a record that is not
 * whole is the end, unless something whole stands behind it. While somebody writes, both can be
 * seen in the wrong order: the record is read anew before anything is called tampered.
 */
#include "audit/log_reader.h"

#include "audit/chain.h"

#define SETTLE_ATTEMPTS 3

struct log_reader {
    int dir_fd;
    uint8_t origin_id[LEAF_ORIGIN_ID_BYTES];
    tail_file file; /* fd −1: the file that begins at `next` is still to be opened */
    uint64_t offset;
    tail_record batch;
    bool in_batch;
    size_t position; /* in the frames */
    uint64_t next;
    uint8_t prev[SHA256_BYTES];
    bool prev_known;
    audit_entry entry; /* of the last leaf */
};

velum_status log_reader_open(int dir_fd, log_reader **out, velum_error *err)
{
    note_key key;

    *out = NULL;
    const velum_status status = folder_read_key(dir_fd, &key);
    if (status < 0) {
        return error_set(err, status, "the origin of the log cannot be read");
    }
    log_reader *const self = mem_alloc(sizeof *self);
    if (self == NULL) {
        return error_set(err, VELUM_E_NOMEM, "no memory for reading the log");
    }
    self->dir_fd = dir_fd;
    self->file = TAIL_FILE_NONE;
    self->prev_known = true; /* index 0 follows zeros */
    leaf_origin_id(text_of(key.name), self->origin_id);
    *out = self;
    return VELUM_OK;
}

void log_reader_free(log_reader *self)
{
    if (self == NULL) {
        return;
    }
    tail_file_close(&self->file);
    mem_free(self);
}

/* ---- Finding the next record ----------------------------------------------------------------- */

static velum_status file_has_record(int dir_fd, uint64_t first, bool *out)
{
    VELUM_AUTO_TAIL_FILE file = TAIL_FILE_NONE;
    tail_rest rest;

    const velum_status opened = tail_file_open(dir_fd, first, &file);
    if (opened == VELUM_E_NOTFOUND) { /* prepared and taken away again */
        *out = false;
        return VELUM_OK;
    }
    VELUM_TRY(opened);
    VELUM_TRY(tail_examine(&file, 0, &rest));
    *out = rest.has_record;
    return VELUM_OK;
}

/* Whether a whole record stands behind the place where none can be read. */
static velum_status is_followed(log_reader *self, bool corrupt, bool *out)
{
    VELUM_AUTO_TAILS tails = {NULL, 0};
    tail_rest rest = {0, false};

    if (self->file.fd >= 0) {
        VELUM_TRY(tail_examine(&self->file, self->offset + (corrupt ? TAIL_ALIGN : 0), &rest));
    }
    *out = rest.has_record;
    VELUM_TRY(folder_list_tails(self->dir_fd, &tails));
    for (size_t i = 0; i < tails.count && !*out; i++) {
        const bool later =
            self->file.fd >= 0 ? tails.first[i] > self->file.first : tails.first[i] > self->next;
        if (later) {
            VELUM_TRY(file_has_record(self->dir_fd, tails.first[i], out));
        }
    }
    return VELUM_OK;
}

/* Opens the file that begins at `next` when none is open; VELUM_END when it is not there. */
static velum_status open_file(log_reader *self)
{
    if (self->file.fd >= 0) {
        return tail_file_refresh(&self->file);
    }
    const velum_status status = tail_file_open(self->dir_fd, self->next, &self->file);
    self->offset = 0;
    return status == VELUM_E_NOTFOUND ? VELUM_END : status;
}

/* VELUM_OK sets a record; VELUM_END; VELUM_E_TAMPERED. */
static velum_status settle(log_reader *self, tail_record *record)
{
    for (int attempt = 0; attempt < SETTLE_ATTEMPTS; attempt++) {
        bool followed = false;
        velum_status status = open_file(self);
        if (status == VELUM_OK) {
            status = tail_read(&self->file, self->offset, record);
        }
        if (status != VELUM_END && status != VELUM_E_CORRUPT) {
            return status;
        }
        VELUM_TRY(is_followed(self, status == VELUM_E_CORRUPT, &followed));
        if (!followed) {
            return VELUM_END;
        }
    }
    return VELUM_E_TAMPERED;
}

static velum_status next_record(log_reader *self, tail_record *record)
{
    if (self->file.fd >= 0) {
        const velum_status status = tail_read(&self->file, self->offset, record);
        if (status != VELUM_END && status != VELUM_E_CORRUPT) {
            return status;
        }
    }
    return settle(self, record);
}

/* Makes the next batch the current one. */
static velum_status load_batch(log_reader *self)
{
    for (;;) { /* a closing record leads to a file whose first record is a batch, or to the end */
        const velum_status status = next_record(self, &self->batch);
        if (status != VELUM_OK) {
            return status;
        }
        if (self->batch.kind == TAIL_BATCH) {
            break;
        }
        if (self->batch.closing.first + self->batch.closing.count != self->next ||
            self->batch.closing.first != self->file.first) {
            return VELUM_E_TAMPERED;
        }
        tail_file_close(&self->file);
    }
    if (self->batch.header.first != self->next) {
        return VELUM_E_TAMPERED;
    }
    self->offset = self->batch.end;
    self->position = 0;
    self->in_batch = true;
    return VELUM_OK;
}

/* ---- Leaves ---------------------------------------------------------------------------------- */

static velum_status take_leaf(log_reader *self, const uint8_t *leaf, size_t size, log_leaf *out)
{
    chain_place place = {{.index = self->next}, self->prev_known};
    chain_damage damage = {self->next, ""};
    leaf_header header;

    memcpy(place.header.origin_id, self->origin_id, sizeof place.header.origin_id);
    memcpy(place.header.prev, self->prev, sizeof place.header.prev);
    const velum_status status = chain_check_leaf(&place, leaf, size, &self->entry, &damage);
    if (status < 0) {
        out->index = damage.index;
        return status;
    }
    VELUM_TRY(leaf_read_header(leaf, size, &header));
    *out = (log_leaf){.index = self->next,
                      .bytes = leaf,
                      .size = size,
                      .body = leaf + LEAF_HEADER_BYTES,
                      .body_size = size - LEAF_HEADER_BYTES,
                      .entry = &self->entry};
    leaf_hash(leaf, size, out->hash);
    memcpy(out->prev, header.prev, sizeof out->prev);
    memcpy(self->prev, out->hash, sizeof self->prev);
    self->prev_known = true;
    self->next++;
    return VELUM_OK;
}

velum_status log_reader_next(log_reader *self, log_leaf *out)
{
    const uint8_t *leaf = NULL;
    size_t size = 0;

    for (;;) { /* at most twice: a batch has a leaf */
        if (self->in_batch && tail_next_leaf(&self->batch, &self->position, &leaf, &size)) {
            return take_leaf(self, leaf, size, out);
        }
        self->in_batch = false;
        const velum_status status = load_batch(self);
        if (status != VELUM_OK) {
            out->index = self->next;
            return status;
        }
    }
}

/* The last file that begins at or before `index`; VELUM_E_NOTFOUND when there is none. */
static velum_status file_of_index(int dir_fd, uint64_t index, uint64_t *out_first)
{
    VELUM_AUTO_TAILS tails = {NULL, 0};

    VELUM_TRY(folder_list_tails(dir_fd, &tails));
    for (size_t i = tails.count; i > 0; i--) {
        if (tails.first[i - 1] <= index) {
            *out_first = tails.first[i - 1];
            return VELUM_OK;
        }
    }
    return VELUM_E_NOTFOUND;
}

static void begin_file(log_reader *self, uint64_t first)
{
    tail_file_close(&self->file);
    self->in_batch = false;
    self->offset = 0;
    self->next = first;
    memset(self->prev, 0, sizeof self->prev);
    self->prev_known = first == 0;
}

/* Steps over whole batches by their headers' counts, then over leaves within the batch. */
velum_status log_reader_seek(log_reader *self, uint64_t index)
{
    uint64_t first = 0;
    log_leaf leaf;

    VELUM_TRY(file_of_index(self->dir_fd, index, &first));
    begin_file(self, first);
    for (;;) { /* ends with the log */
        const velum_status status = load_batch(self);
        if (status != VELUM_OK) {
            return status == VELUM_END ? VELUM_E_NOTFOUND : status;
        }
        if (index - self->next < self->batch.header.count) {
            break;
        }
        self->next += self->batch.header.count;
        self->in_batch = false;
        self->prev_known = false;
    }
    while (self->next != index) {
        VELUM_TRY(log_reader_next(self, &leaf));
    }
    return VELUM_OK;
}

velum_status log_reader_find(log_reader *self, const uint8_t event_id[ENTRY_TOKEN_BYTES],
                             uint64_t *out_index)
{
    log_leaf leaf;

    begin_file(self, 0);
    for (;;) { /* ends with the log */
        const velum_status status = log_reader_next(self, &leaf);
        if (status != VELUM_OK) {
            return status == VELUM_END ? VELUM_E_NOTFOUND : status;
        }
        if (memcmp(self->entry.event_id, event_id, ENTRY_TOKEN_BYTES) == 0) {
            *out_index = leaf.index;
            return VELUM_OK;
        }
    }
}
