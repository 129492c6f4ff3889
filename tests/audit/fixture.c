#include "tests/audit/fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

const uint8_t fixture_seed[ED25519_SEED_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8};
const uint8_t fixture_other_seed[ED25519_SEED_BYTES] = {9, 9, 9};

place place_create(void)
{
    place self;
    const char *const parent = getenv("TMPDIR");

    snprintf(self.path, sizeof self.path, "%s/velum-audit.XXXXXX", parent ? parent : "/tmp");
    assert_non_null(mkdtemp(self.path));
    assert_int_equal(directory_open(self.path, &self.fd), VELUM_OK);
    return self;
}

static void each_name(const place *self, void (*act)(const place *, const char *, void *),
                      void *context)
{
    DIR *const dir = opendir(self->path);

    assert_non_null(dir);
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (entry->d_name[0] != '.') {
            act(self, entry->d_name, context);
        }
    }
    closedir(dir);
}

static void remove_one(const place *self, const char *name, void *context)
{
    (void)context;
    assert_int_equal(unlinkat(self->fd, name, 0), 0);
}

void place_remove(place *self)
{
    each_name(self, remove_one, NULL);
    close(self->fd);
    assert_int_equal(rmdir(self->path), 0);
}

bytes place_read(const place *self, const char *name)
{
    bytes out = {NULL, 0};
    buffer held;

    buffer_init(&held, (size_t)1 << 26);
    assert_int_equal(file_read(self->fd, name, &held), VELUM_OK);
    assert_int_equal(buffer_take(&held, &out.data, &out.size), VELUM_OK);
    return out;
}

void place_write(const place *self, const char *name, const void *data, size_t size)
{
    const int fd = openat(self->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, size), (ssize_t)size);
    close(fd);
}

bool place_has(const place *self, const char *name)
{
    return faccessat(self->fd, name, F_OK, 0) == 0;
}

void place_delete(const place *self, const char *name)
{
    assert_int_equal(unlinkat(self->fd, name, 0), 0);
}

void place_patch(const place *self, const char *name, uint64_t offset, const void *data,
                 size_t size)
{
    const int fd = openat(self->fd, name, O_WRONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, data, size, (off_t)offset), (ssize_t)size);
    close(fd);
}

void place_truncate(const place *self, const char *name, uint64_t bytes)
{
    const int fd = openat(self->fd, name, O_WRONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
    close(fd);
}

void place_copy_file(const place *from, const place *to, const char *name)
{
    bytes held = place_read(from, name);

    place_write(to, name, held.data, held.size);
    mem_free(held.data);
}

static void copy_one(const place *self, const char *name, void *context)
{
    place_copy_file(self, context, name);
}

place place_copy(const place *from)
{
    place to = place_create();

    each_name(from, copy_one, &to);
    return to;
}

void fixture_entry(uint64_t number, audit_entry *out)
{
    memset(out, 0, sizeof *out);
    bytes_write_u64be(out->event_id, number + 1);
    out->event_id[15] = 0xe1;
    out->type = number % 3 == 0 ? ENTRY_CONSENT : ENTRY_READ;
    out->stage = ENTRY_SINGLE;
    out->outbox_seq = number % 3 == 0 ? number / 3 + 1 : 0;
    out->at_ns = INT64_C(1795000000000000000) + (int64_t)number * NS_PER_MS;
    out->tenant = 1;
    out->client = 1;
    out->roles[0] = 4;
    out->role_count = 1;
    out->auth_method = 1;
    memset(out->subject_token, (int)(number % 250) + 1, sizeof out->subject_token);
    out->token_epoch = 202611;
    out->activity = 7;
    out->purpose = 3;
    out->asked[0] = 1;
    out->asked[1] = 5;
    out->asked_count = 2;
    out->released[0] = 1;
    out->released_count = 1;
    out->masks[0] = (entry_mask){1, 2};
    out->mask_count = 1;
    out->decision = ENTRY_PARTIAL;
    out->rule = 12;
    out->inputs[0] = (entry_input){1, 3};
    out->inputs[1] = (entry_input){2, 1};
    out->input_count = 2;
    out->intended_status = 200;
}

static uint32_t maybe(const velum_random *random)
{
    static const uint32_t bounds[] = {2, 24, 256, 65536, UINT32_MAX};

    return random_below(random, 3) == 0 ? 0 : random_below(random, bounds[random_below(random, 5)]);
}

static uint64_t maybe_wide(const velum_random *random)
{
    uint64_t wide = 0;

    if (random_below(random, 2) == 0) {
        return maybe(random);
    }
    random_fill(random, &wide, sizeof wide);
    return wide;
}

static void maybe_bytes(const velum_random *random, uint8_t *out, size_t size)
{
    if (random_below(random, 2) == 0) {
        random_fill(random, out, size);
    }
}

static uint32_t random_list(const velum_random *random, uint32_t *out, uint32_t most)
{
    const uint32_t count = random_below(random, most + 1);

    for (uint32_t i = 0; i < count; i++) {
        out[i] = maybe(random);
    }
    return count;
}

void fixture_random_entry(const velum_random *random, audit_entry *out)
{
    memset(out, 0, sizeof *out);
    uint32_t *const numbers[] = {&out->type,
                                 &out->stage,
                                 &out->tenant,
                                 &out->client,
                                 &out->auth_method,
                                 &out->token_epoch,
                                 &out->domain,
                                 &out->activity,
                                 &out->purpose,
                                 &out->legal_basis,
                                 &out->reason_code,
                                 &out->consent_version,
                                 &out->consent_state,
                                 &out->jurisdiction,
                                 &out->action,
                                 &out->resource,
                                 &out->recipient,
                                 &out->decision,
                                 &out->rule,
                                 &out->refusal,
                                 &out->obligations,
                                 &out->intended_status,
                                 &out->registry_kind,
                                 &out->retention_class,
                                 &out->unknown_field_count,
                                 &out->registry_number};
    uint8_t *const tokens[] = {out->event_id,      out->boot_id,    out->actor_token,
                               out->user_token,    out->consent_id, out->subject_token,
                               out->caller_id_mac, out->related,    out->request_id};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        *numbers[i] = maybe(random);
    }
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        maybe_bytes(random, tokens[i], ENTRY_TOKEN_BYTES);
    }
    maybe_bytes(random, out->notice_hash, 32);
    maybe_bytes(random, out->policy_hash, 32);
    maybe_bytes(random, out->detail_hash, 32);
    out->outbox_seq = maybe_wide(random);
    out->node = maybe_wide(random);
    out->record_count = maybe_wide(random);
    out->repeated = maybe_wide(random);
    out->at_ns = (int64_t)maybe_wide(random);
    out->role_count = random_list(random, out->roles, ENTRY_ROLES_MAX);
    out->asked_count = random_list(random, out->asked, ENTRY_FIELDS_MAX);
    out->released_count = random_list(random, out->released, ENTRY_FIELDS_MAX);
    out->mask_count = random_below(random, ENTRY_FIELDS_MAX + 1);
    for (uint32_t i = 0; i < out->mask_count; i++) {
        out->masks[i] = (entry_mask){i * 3 + random_below(random, 3), maybe(random)};
    }
    out->input_count = random_below(random, ENTRY_INPUTS_MAX + 1);
    for (uint32_t i = 0; i < out->input_count; i++) {
        out->inputs[i] = (entry_input){i * 3 + random_below(random, 3), maybe_wide(random)};
    }
    const uint32_t letters = random_below(random, ENTRY_NAME_BYTES_MAX + 1);
    for (uint32_t i = 0; i < letters; i++) {
        out->registry_name[i] = (char)(0x20 + random_below(random, 0x5f));
    }
}

velum_status fixture_create(const place *at, const uint8_t *seed)
{
    return journal_create(at->fd, TEXT_LITERAL(FIXTURE_ORIGIN), seed);
}

journal_options fixture_options(const place *at)
{
    return (journal_options){
        .dir_fd = at->fd, .seed = fixture_seed, .leaves_per_tail = FIXTURE_LEAVES_PER_TAIL};
}

velum_status fixture_try_open(const place *at, uint64_t signed_size, journal **out,
                              journal_recovery *report)
{
    journal_options options = fixture_options(at);
    velum_error err;

    options.signed_size = signed_size;
    return journal_open(&options, out, report, &err);
}

journal *fixture_open(const place *at)
{
    const journal_options options = fixture_options(at);
    journal_recovery report;
    velum_error err = {0};
    journal *self = NULL;

    if (journal_open(&options, &self, &report, &err) != VELUM_OK) {
        fail_msg("journal_open: %s", err.text);
    }
    return self;
}

velum_status fixture_append(journal *self, uint32_t count)
{
    journal_body bodies[64];
    buffer encoded[64];
    uint64_t seq = 0;
    uint64_t first = 0;

    assert_true(count <= 64);
    for (uint32_t i = 0; i < count; i++) {
        audit_entry entry;
        fixture_entry(journal_size(self) + i, &entry);
        seq = entry.outbox_seq > seq ? entry.outbox_seq : seq;
        buffer_init(&encoded[i], ENTRY_BODY_BYTES_MAX);
        assert_int_equal(entry_encode(&entry, &encoded[i]), VELUM_OK);
        bodies[i] = (journal_body){encoded[i].data, encoded[i].size};
    }
    const uint64_t before = journal_size(self);
    const velum_status status = journal_append(self, bodies, count, 0, seq, &first);
    if (status == VELUM_OK) {
        assert_int_equal(first, before);
        assert_int_equal(journal_size(self), before + count);
    } else {
        assert_int_equal(journal_size(self), before);
    }
    for (uint32_t i = 0; i < count; i++) {
        buffer_clear(&encoded[i]);
    }
    return status;
}

static velum_status persist(void *context, uint64_t size)
{
    (void)context;
    (void)size;
    return VELUM_OK;
}

velum_status fixture_sign(journal *self)
{
    return journal_checkpoint(self, persist, NULL);
}

void fixture_log(const place *at, const uint32_t *batches, size_t count)
{
    assert_int_equal(fixture_create(at, fixture_seed), VELUM_OK);
    journal *const log = fixture_open(at);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(fixture_append(log, batches[i]), VELUM_OK);
    }
    assert_int_equal(fixture_sign(log), VELUM_OK);
    journal_free(log);
}

text fixture_key(void)
{
    static char line[NOTE_KEY_TEXT_BYTES];
    note_key key;

    assert_int_equal(note_key_of_seed(TEXT_LITERAL(FIXTURE_ORIGIN), fixture_seed, &key), VELUM_OK);
    note_key_format(&key, line);
    return text_of(line);
}

verify_report fixture_verify_with(const place *at, text key, text seen, bool live)
{
    const verify_options options = {
        .dir_fd = at->fd, .verifier_key = key, .seen_checkpoint = seen, .live = live};
    verify_report report;

    assert_int_equal(log_verify(&options, &report), VELUM_OK);
    return report;
}

verify_report fixture_verify(const place *at, text seen, bool live)
{
    return fixture_verify_with(at, fixture_key(), seen, live);
}

static void map_batch(tail_map *map, uint64_t offset, const tail_record *record)
{
    const uint8_t *leaf = NULL;
    size_t position = 0;
    size_t size = 0;
    uint64_t begin = offset + TAIL_HEADER_BYTES;

    map->batch_begin[map->batch_count] = offset;
    map->batch_first[map->batch_count] = record->header.first;
    map->batch_count++;
    for (uint64_t i = 0; tail_next_leaf(record, &position, &leaf, &size); i++) {
        const uint64_t end = offset + TAIL_HEADER_BYTES + position;
        assert_true(map->leaf_count < FIXTURE_PLACES_MAX);
        map->leaves[map->leaf_count++] = (leaf_place){record->header.first + i, begin, end};
        begin = end;
    }
}

tail_map fixture_map(const place *at, uint64_t first)
{
    tail_map map = {.leaf_count = 0};
    tail_file file = TAIL_FILE_NONE;
    tail_record record;

    assert_int_equal(tail_file_open(at->fd, first, &file), VELUM_OK);
    while (!map.closed && tail_read(&file, map.end, &record) == VELUM_OK) {
        map.closed = record.kind == TAIL_CLOSING;
        if (!map.closed) {
            map_batch(&map, map.end, &record);
        } else {
            map.batch_begin[map.batch_count] = map.end;
        }
        map.end = record.end;
    }
    if (!map.closed) {
        map.batch_begin[map.batch_count] = map.end;
    }
    tail_file_close(&file);
    return map;
}
