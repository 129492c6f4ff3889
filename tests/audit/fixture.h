/* tests/audit/fixture.h: small logs, made the same way each time, and hands to damage them with. */
#ifndef TESTS_AUDIT_FIXTURE_H
#define TESTS_AUDIT_FIXTURE_H

#include "audit/chain.h"
#include "audit/journal.h"
#include "audit/log_reader.h"
#include "audit/verify.h"
#include "base/file.h"
#include "base/random.h"

#define FIXTURE_ORIGIN "velum.example/test"
#define FIXTURE_LEAVES_PER_TAIL 8

/* A temporary folder. */
typedef struct place {
    char path[512];
    int fd;
} place;

place place_create(void);
void place_remove(place *self);
/* Another folder with the same files. */
place place_copy(const place *from);
void place_copy_file(const place *from, const place *to, const char *name);

/* A whole file in memory; free with mem_free. */
typedef struct bytes {
    uint8_t *data;
    size_t size;
} bytes;

bytes place_read(const place *self, const char *name);
void place_write(const place *self, const char *name, const void *data, size_t size);
bool place_has(const place *self, const char *name);
void place_delete(const place *self, const char *name);

void place_patch(const place *self, const char *name, uint64_t offset, const void *data,
                 size_t size);
void place_truncate(const place *self, const char *name, uint64_t bytes);

extern const uint8_t fixture_seed[ED25519_SEED_BYTES];
extern const uint8_t fixture_other_seed[ED25519_SEED_BYTES];

/* The entry that stands at `number` in every log of ours; every third is a write. */
void fixture_entry(uint64_t number, audit_entry *out);
/* Any entry at all. */
void fixture_random_entry(const velum_random *random, audit_entry *out);

velum_status fixture_create(const place *at, const uint8_t *seed);
journal_options fixture_options(const place *at);
journal *fixture_open(const place *at);
velum_status fixture_try_open(const place *at, uint64_t signed_size, journal **out,
                              journal_recovery *report);
/* Appends entries number journal_size … as one batch. */
velum_status fixture_append(journal *self, uint32_t count);
velum_status fixture_sign(journal *self);

/* A log of batches of these sizes, signed and closed. */
void fixture_log(const place *at, const uint32_t *batches, size_t count);
/* Verifies with the fixture's key; `seen` may be empty. */
verify_report fixture_verify(const place *at, text seen, bool live);
verify_report fixture_verify_with(const place *at, text key, text seen, bool live);
text fixture_key(void);
#define bytes_text(b) ((text){(const char *)(b).data, (b).size})

/* Where every leaf of a tail file lies, its frame included. */
typedef struct leaf_place {
    uint64_t index;
    uint64_t begin;
    uint64_t end;
} leaf_place;

#define FIXTURE_PLACES_MAX 256
typedef struct tail_map {
    leaf_place leaves[FIXTURE_PLACES_MAX];
    size_t leaf_count;
    uint64_t batch_begin[FIXTURE_PLACES_MAX]; /* one more than there are batches: the last end */
    uint64_t batch_first[FIXTURE_PLACES_MAX];
    size_t batch_count;
    uint64_t end; /* behind the last record */
    bool closed;
} tail_map;

tail_map fixture_map(const place *at, uint64_t first);

#endif
