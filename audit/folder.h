/* audit/folder.h: what lies in the folder of a log: `origin`, `checkpoint`, `tail-<first>`. */
#ifndef AUDIT_FOLDER_H
#define AUDIT_FOLDER_H

#include "audit/checkpoint.h"

#define FOLDER_ORIGIN "origin"
#define FOLDER_CHECKPOINT "checkpoint"
#define FOLDER_TAIL_NAME_BYTES 26 /* "tail-", 20 digits, NUL */
#define FOLDER_TAILS_MAX 1000000

/* Appends the text of `origin` for a key. */
velum_status folder_origin_format(const note_key *key, buffer *out) VELUM_WARN_UNUSED;

/* The verifier key that the folder itself gives. VELUM_E_NOTFOUND, VELUM_E_IO; VELUM_E_CORRUPT when
 * it is not a key. */
velum_status folder_read_key(int dir_fd, note_key *out) VELUM_WARN_UNUSED;

/* The bytes of `checkpoint`, as they are. VELUM_E_CORRUPT when there are too many. */
velum_status folder_read_checkpoint(int dir_fd, buffer *out) VELUM_WARN_UNUSED;

void folder_tail_name(uint64_t first, char out[FOLDER_TAIL_NAME_BYTES]);

/* First indexes of the tail files that are there, ascending. */
typedef struct folder_tails {
    uint64_t *first; /* mem_alloc */
    size_t count;
} folder_tails;

velum_status folder_list_tails(int dir_fd, folder_tails *out) VELUM_WARN_UNUSED;
void folder_tails_clear(folder_tails *self);
#define VELUM_AUTO_TAILS __attribute__((cleanup(folder_tails_clear))) folder_tails

#endif
