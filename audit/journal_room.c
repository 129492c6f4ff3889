/* audit/journal_room.c: disk room before it is needed.
 *
 * Tail files are preallocated a step ahead (posix_fallocate), so that an append runs into ENOSPC
 * before it has written anything, and so that the room which a writer reserved before it began its
 * transaction is still there when its leaf comes. A reserved leaf counts TAIL_LEAF_ROOM, the most
 * it can take alone in a batch; what is appended now counts what it takes.
 */
#include "audit/journal_state.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"

#define EXTENT_BYTES ((uint64_t)4 * 1024 * 1024)
#define BLOCK_BYTES ((uint64_t)4096)
#define ZEROS_BYTES 65536

void room_init(journal_room *room)
{
    *room = (journal_room){.fd = -1, .next_fd = -1};
    (void)pthread_mutex_init(&room->lock, NULL);
}

void room_clear(journal_room *room)
{
    file_close(&room->fd);
    file_close(&room->next_fd);
    (void)pthread_mutex_destroy(&room->lock);
}

/* J-5: what a failed sync left on disk is unknown until the tail has been verified again. */
static velum_status sync_failed(journal *self)
{
    atomic_store(&self->failed, true);
    return VELUM_E_UNAVAILABLE;
}

static uint64_t round_up(uint64_t value, uint64_t step)
{
    return (value + step - 1) / step * step;
}

static uint64_t extent_of(const journal *self)
{
    const uint64_t whole =
        round_up(self->leaves_per_tail * TAIL_LEAF_ROOM + TAIL_CLOSING_BYTES, BLOCK_BYTES);

    return whole < EXTENT_BYTES ? whole : EXTENT_BYTES;
}

/* Reserves a whole step, or what is needed when the disk has no more. */
static velum_status grow(const journal *self, int fd, uint64_t *bytes, uint64_t needed)
{
    if (needed <= *bytes) {
        return VELUM_OK;
    }
    uint64_t wanted = round_up(needed, extent_of(self));
    velum_status status = file_reserve(fd, wanted);
    if (status == VELUM_E_NOSPACE) {
        wanted = round_up(needed, BLOCK_BYTES);
        status = file_reserve(fd, wanted);
    }
    VELUM_TRY(status);
    *bytes = wanted;
    return VELUM_OK;
}

static velum_status open_tail(const journal *self, uint64_t first, int *out_fd, uint64_t *out_bytes)
{
    char name[FOLDER_TAIL_NAME_BYTES];

    folder_tail_name(first, name);
    VELUM_TRY(file_open(self->dir_fd, name, O_RDWR | O_CREAT, out_fd));
    const velum_status status = file_size(*out_fd, out_bytes);
    if (status < 0) {
        file_close(out_fd);
    }
    return status;
}

/* Creates and reserves the next file; its name is durable before any leaf is in it. */
static velum_status prepare_next(journal *self, uint64_t needed)
{
    journal_room *const room = &self->room;

    if (room->next_fd < 0) {
        int fd = -1;
        VELUM_TRY(open_tail(self, room->first + self->leaves_per_tail, &fd, &room->next_bytes));
        if (directory_sync(self->dir_fd) < 0) {
            file_close(&fd);
            return sync_failed(self);
        }
        room->next_fd = fd;
    }
    return grow(self, room->next_fd, &room->next_bytes, needed);
}

/* Room for `leaves` that take `bytes`, and for all reservations behind them. */
static velum_status ensure(journal *self, uint64_t leaves, uint64_t bytes, uint64_t reserved)
{
    journal_room *const room = &self->room;
    const uint64_t left = self->leaves_per_tail - room->used;
    const uint64_t claimed = leaves + reserved;
    const uint64_t margin = self->leaves_per_tail / 8;

    if (claimed <= left) {
        VELUM_TRY(grow(self, room->fd, &room->bytes,
                       room->offset + bytes + reserved * TAIL_LEAF_ROOM + TAIL_CLOSING_BYTES));
        if (left - claimed < margin && room->next_fd < 0) {
            const velum_status early = prepare_next(self, extent_of(self));
            (void)early; /* not needed yet: whoever does need it gets the error */
        }
        return VELUM_OK;
    }
    if (left > 0) {
        VELUM_TRY(grow(self, room->fd, &room->bytes,
                       room->offset + left * TAIL_LEAF_ROOM + TAIL_CLOSING_BYTES));
    }
    const uint64_t beyond = claimed - left;
    const uint64_t there = beyond < self->leaves_per_tail ? beyond : self->leaves_per_tail;
    return prepare_next(self, there * TAIL_LEAF_ROOM + TAIL_CLOSING_BYTES);
}

velum_status room_zero(int fd, uint64_t from, uint64_t end)
{
    static const uint8_t zeros[ZEROS_BYTES];

    for (uint64_t at = from; at < end; at += ZEROS_BYTES) {
        const uint64_t left = end - at;
        VELUM_TRY(file_write_at(fd, at, zeros, left < ZEROS_BYTES ? (size_t)left : ZEROS_BYTES));
    }
    return VELUM_OK;
}

/* Files that a batch had rolled into before it failed: nothing in them was ever acknowledged. */
static velum_status remove_later_files(journal *self)
{
    char name[FOLDER_TAIL_NAME_BYTES];
    uint64_t first = self->room.first + self->leaves_per_tail;

    file_close(&self->room.next_fd);
    folder_tail_name(first, name);
    while (unlinkat(self->dir_fd, name, 0) == 0) { /* a batch rolls into 1,024 files at most */
        first += self->leaves_per_tail;
        folder_tail_name(first, name);
    }
    if (errno != ENOENT) {
        return VELUM_E_IO;
    }
    return directory_sync(self->dir_fd) < 0 ? sync_failed(self) : VELUM_OK;
}

/* J-3: later files go first, so that a crash in between leaves at most a longer log. */
static velum_status pay_abandoned(journal *self)
{
    journal_room *const room = &self->room;

    if (!room->abandoned) {
        return VELUM_OK;
    }
    if (room->abandoned_files) {
        VELUM_TRY(remove_later_files(self));
        room->abandoned_files = false;
    }
    VELUM_TRY(room_zero(room->fd, room->offset, room->abandoned_end));
    if (file_sync(room->fd) < 0) {
        return sync_failed(self);
    }
    room->abandoned = false;
    return VELUM_OK;
}

velum_status room_adopt(journal *self, journal_position *at)
{
    journal_room *const room = &self->room;

    room->first = at->tail_first;
    room->used = at->tree.size - at->tail_first;
    room->offset = at->offset;
    if (at->fd < 0) {
        VELUM_TRY(open_tail(self, at->tail_first, &at->fd, &room->bytes));
        if (directory_sync(self->dir_fd) < 0) {
            file_close(&at->fd);
            return VELUM_E_IO;
        }
    }
    room->fd = at->fd;
    /* The length proves nothing about blocks; the first append reserves anew. */
    room->bytes = 0;
    return VELUM_OK;
}

velum_status room_begin(journal *self, uint32_t leaves, uint64_t bytes, uint32_t reserved)
{
    journal_room *const room = &self->room;

    (void)pthread_mutex_lock(&room->lock);
    velum_status status = reserved > room->reserved ? VELUM_E_INVALID : pay_abandoned(self);
    if (status == VELUM_OK) {
        status = ensure(self, leaves, bytes, room->reserved - reserved);
    }
    if (status == VELUM_OK) {
        room->reserved -= reserved;
        room->inflight = leaves;
        room->inflight_bytes = bytes;
    }
    (void)pthread_mutex_unlock(&room->lock);
    return status;
}

velum_status room_roll(journal *self, journal_position *at)
{
    journal_room *const room = &self->room;

    (void)pthread_mutex_lock(&room->lock);
    const velum_status status = prepare_next(self, extent_of(self));
    if (status == VELUM_OK) {
        room->first += self->leaves_per_tail;
        room->fd = room->next_fd;
        room->bytes = room->next_bytes;
        room->used = 0;
        room->offset = 0;
        room->next_fd = -1;
        at->tail_first = room->first;
        at->fd = room->fd;
        at->offset = 0;
    }
    (void)pthread_mutex_unlock(&room->lock);
    return status;
}

void room_commit(journal *self, const journal_position *at)
{
    journal_room *const room = &self->room;

    (void)pthread_mutex_lock(&room->lock);
    room->used = at->tree.size - at->tail_first;
    room->offset = at->offset;
    room->inflight = 0;
    room->inflight_bytes = 0;
    (void)pthread_mutex_unlock(&room->lock);
}

void room_abort(journal *self, const journal_position *saved, uint64_t written_end,
                uint32_t reserved)
{
    journal_room *const room = &self->room;

    (void)pthread_mutex_lock(&room->lock);
    if (room->fd != saved->fd) {
        file_close(&room->fd);
        room->fd = saved->fd;
        room->first = saved->tail_first;
        room->bytes = 0;
        room->abandoned_files = true;
    }
    room->used = saved->tree.size - saved->tail_first;
    room->offset = saved->offset;
    room->inflight = 0;
    room->inflight_bytes = 0;
    room->reserved += reserved;
    room->abandoned = true;
    room->abandoned_end = written_end;
    if (!atomic_load(&self->failed)) {
        const velum_status now = pay_abandoned(self);
        (void)now; /* otherwise before the next batch */
    }
    (void)pthread_mutex_unlock(&room->lock);
}

velum_status journal_reserve(journal *self, uint32_t leaves)
{
    journal_room *const room = &self->room;

    if (atomic_load(&self->failed)) {
        return VELUM_E_UNAVAILABLE;
    }
    (void)pthread_mutex_lock(&room->lock);
    velum_status status = pay_abandoned(self);
    if (status == VELUM_OK) {
        status = ensure(self, room->inflight, room->inflight_bytes, room->reserved + leaves);
    }
    if (status == VELUM_OK) {
        room->reserved += leaves;
    }
    (void)pthread_mutex_unlock(&room->lock);
    return status;
}

void journal_unreserve(journal *self, uint32_t leaves)
{
    journal_room *const room = &self->room;

    (void)pthread_mutex_lock(&room->lock);
    room->reserved = leaves < room->reserved ? room->reserved - leaves : 0;
    (void)pthread_mutex_unlock(&room->lock);
}
