/* core/gate.c: opening, recovering, holding and closing the gate of one data folder. */
#include "core/gate.h"

#include "core/meta.h"
#include "core/own_write.h"
#include "core/recovery.h"
#include "core/erasure.h"
#include "core/schema.h"
#include "core/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#define STOP_MARGIN_MS 15000
#define ARENAS_OF_OUR_OWN 3 /* the socket's threads share the workers' and these */

/* --- holds -------------------------------------------------------------------------------------- */

void gate_hold(velum_gate *gate)
{
    (void)atomic_fetch_add_explicit(&gate->holds, 1, memory_order_relaxed);
}

static void close_parts(velum_gate *gate)
{
    remote_free(gate->remote);
    world_free(gate->world);
    arenas_clear(&gate->arenas);
    changes_clear(&gate->changes);
    refusals_clear(&gate->refusals);
    quota_clear(&gate->quota);
    vault_free(gate->vault);
    store_free(gate->db);
    journal_free(gate->journal);
    keyring_free(gate->keys);
    file_close(&gate->audit_fd);
    file_close(&gate->lock_fd);
    file_close(&gate->dir_fd);
    (void)pthread_mutex_destroy(&gate->world_lock);
    work_bell_clear(&gate->work_bell);
    secret_arena_free(gate->birthmark_page);
    mem_free(gate->folder);
    mem_free(gate);
}

/* A child process has copies of what the parent still works with: databases, threads, locks. */
static bool is_a_child_s_copy(const velum_gate *gate)
{
    return gate->birthmark != NULL && gate_check(gate) < 0;
}

void gate_release(velum_gate *gate)
{
    if (atomic_fetch_sub_explicit(&gate->holds, 1, memory_order_acq_rel) == 1 &&
        !is_a_child_s_copy(gate)) {
        close_parts(gate);
    }
}

velum_status gate_check(const velum_gate *gate)
{
    return *gate->birthmark == 1 ? VELUM_OK : VELUM_E_FORKED;
}

world *gate_world(velum_gate *gate)
{
    (void)pthread_mutex_lock(&gate->world_lock);
    world *const held = world_hold(gate->world);
    (void)pthread_mutex_unlock(&gate->world_lock);
    return held;
}

void gate_swap_world(velum_gate *gate, world *next)
{
    (void)pthread_mutex_lock(&gate->world_lock);
    world *const old = gate->world;
    next->epoch = atomic_load(&gate->epoch) + 1;
    gate->world = next;
    atomic_store(&gate->epoch, next->epoch);
    (void)pthread_mutex_unlock(&gate->world_lock);
    world_free(old);
}

/* --- opening ------------------------------------------------------------------------------------ */

static velum_status make_birthmark(velum_gate *gate)
{
    void *slice = NULL;

    VELUM_TRY(secret_arena_create(1, &gate->birthmark_page));
    VELUM_TRY(secret_arena_slice(gate->birthmark_page, 1, &slice));
    *(uint8_t *)slice = 1;
    gate->birthmark = slice;
    return VELUM_OK;
}

velum_status gate_create(const velum_gate_options *options, velum_gate **out)
{
    velum_gate *const gate = mem_alloc(sizeof(*gate));

    if (gate == NULL) {
        return VELUM_E_NOMEM;
    }
    atomic_init(&gate->holds, 1);
    gate->dir_fd = gate->audit_fd = gate->lock_fd = -1;
    gate->clock = clock_system();
    gate->random = random_system();
    gate->timeout_ms = options->timeout_ms == 0 ? GATE_TIMEOUT_MS_DEFAULT : options->timeout_ms;
    (void)pthread_mutex_init(&gate->world_lock, NULL);
    work_bell_init(&gate->work_bell);
    keeper_init(&gate->keeper, gate);
    random_fill(&gate->random, gate->boot_id, sizeof(gate->boot_id));
    gate->folder = mem_copy_text(options->folder.data, options->folder.size);
    if (gate->folder == NULL || make_birthmark(gate) < 0) {
        gate_release(gate);
        return VELUM_E_NOMEM;
    }
    *out = gate;
    return VELUM_OK;
}

static velum_status owner_only(velum_error *err)
{
    return error_set_errno(err, VELUM_E_DENIED, EACCES,
                           "the data folder may be opened by its owner only");
}

static velum_status open_folder(velum_gate *gate, velum_error *err)
{
    if (directory_open(gate->folder, &gate->dir_fd) < 0) {
        return errno == EACCES ? owner_only(err)
                               : error_set(err, VELUM_E_NOTFOUND, "there is no such data folder");
    }
    if (file_open(gate->dir_fd, "lock", O_RDWR, &gate->lock_fd) < 0) {
        if (errno == EACCES) {
            return owner_only(err);
        }
        return error_set(err, VELUM_E_NOTFOUND,
                         "the folder is no data folder of Velum (velum init makes one)");
    }
    if (file_lock(gate->lock_fd) < 0) {
        return error_set(err, VELUM_E_LOCKED, "another process holds the data folder");
    }
    gate->audit_fd = openat(gate->dir_fd, "audit", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return gate->audit_fd < 0 ? error_set(err, VELUM_E_CORRUPT, "the folder has no audit log")
                              : VELUM_OK;
}

/* Who is erased while a copy of keys.db stands beside would not be erased (U-4, I-6). */
static velum_status check_upgrade(const velum_gate *gate, const gate_opening *how, velum_error *err)
{
    if (how->ends_upgrade || !upgrade_keys_copied(gate->dir_fd)) {
        return VELUM_OK;
    }
    return error_set(err, VELUM_E_OLDER,
                     "an upgrade of the data folder did not end: run velum upgrade --apply DIR");
}

static velum_status open_keys(velum_gate *gate, const gate_opening *how, velum_error *err)
{
    uint8_t root[KEY_BYTES];

    if (how->root != NULL) {
        return keyring_open(gate->dir_fd, how->root, &gate->keys, err);
    }
    velum_status status = root_secret_seek(gate->dir_fd, how->named, root, &gate->root_source, err);
    if (status == VELUM_OK) {
        status = keyring_open(gate->dir_fd, root, &gate->keys, err);
    }
    mem_wipe(root, sizeof(root));
    return status;
}

static velum_status open_stores(velum_gate *gate, const velum_gate_options *options,
                                const gate_opening *how, uint32_t workers, velum_error *err)
{
    const store_options db = {.folder = gate->folder,
                              .name = "vault.db",
                              .key = keyring_vault_db_key(gate->keys),
                              .readers_max = workers > 64 ? 64 : workers,
                              .busy_timeout_ms = GATE_READER_WAIT_MS};
    VELUM_TRY(store_open(&db, &gate->db, err));
    VELUM_TRY(schema_require(gate->db, err)); /* U-1 */
    const uint64_t cache =
        options->cache_bytes == 0 ? GATE_CACHE_BYTES_DEFAULT : options->cache_bytes;
    const vault_options rows = {.folder = gate->folder,
                                .keys = gate->keys,
                                .vault_db = gate->db,
                                .random = gate->random,
                                .readers_max = db.readers_max,
                                .cache_bytes = (size_t)cache,
                                .is_restoring = how->is_restoring};
    return vault_create_or_open(&rows, &gate->vault, err);
}

static velum_status init_parts(velum_gate *gate, uint32_t workers)
{
    uint8_t key[KEY_BYTES];

    keyring_token_key(gate->keys, "changes", key);
    const velum_status status = changes_init(&gate->changes, key);
    mem_wipe(key, sizeof(key));
    VELUM_TRY(status);
    quota_init(&gate->quota);
    VELUM_TRY(refusals_init(&gate->refusals, &gate->counters.repeats_forgotten));
    return arenas_init(&gate->arenas, workers + ARENAS_OF_OUR_OWN, GATE_ARENA_BYTES);
}

static velum_status start_threads(velum_gate *gate, uint64_t seq)
{
    VELUM_TRY(watchdog_start(&gate->watchdog, gate));
    VELUM_TRY(appender_start(&gate->appender, gate, seq));
    VELUM_TRY(writer_start(&gate->writer, gate, seq));
    return checkpointer_start(&gate->checkpointer, gate);
}

static void stop_threads(velum_gate *gate)
{
    steward_stop(&gate->steward);
    keeper_stop(&gate->keeper);
    checkpointer_stop(&gate->checkpointer);
    writer_stop(&gate->writer);
    appender_stop(&gate->appender);
    watchdog_stop(&gate->watchdog);
}

static velum_status open_parts(velum_gate *gate, const velum_gate_options *options,
                               const gate_opening *how, velum_error *err)
{
    uint64_t seq = 0;
    const uint32_t workers = options->workers == 0 ? GATE_WORKERS_DEFAULT : options->workers;

    if (workers > GATE_WORKERS_MAX) {
        return error_set(err, VELUM_E_INVALID, "at most %d workers", GATE_WORKERS_MAX);
    }
    VELUM_TRY(crypto_init());
    VELUM_TRY(open_folder(gate, err));
    VELUM_TRY(check_upgrade(gate, how, err));
    VELUM_TRY(open_keys(gate, how, err));
    VELUM_TRY(open_stores(gate, options, how, workers, err));
    VELUM_TRY(init_parts(gate, workers));
    VELUM_TRY(recover(gate, &seq, err));
    VELUM_TRY(vault_collect(gate->vault, err)); /* vault.db is as new as the log */
    VELUM_TRY(world_load(gate, store_writer(gate->db), &gate->world, err));
    gate->world->epoch = 1;
    atomic_store(&gate->epoch, 1);
    return start_threads(gate, seq);
}

static velum_status start_own_acts(velum_gate *gate)
{
    VELUM_TRY(steward_start(&gate->steward, gate));
    return keeper_start(&gate->keeper);
}

velum_status gate_open_as(const velum_gate_options *options, const gate_opening *how,
                          velum_gate **out, velum_error *err)
{
    velum_gate *gate = NULL;

    if (out != NULL) {
        *out = NULL;
    }
    if (options == NULL || out == NULL || options->size < sizeof(*options) ||
        options->folder.data == NULL || options->folder.size == 0) {
        return error_set(err, VELUM_E_INVALID, "the options name no folder or no size");
    }
    VELUM_TRY(gate_create(options, &gate));
    if (err != NULL) {
        *err = (velum_error){.status = VELUM_OK};
    }
    velum_status status = open_parts(gate, options, how, err);
    if (status == VELUM_OK) {
        status = own_write(gate, own_write_new_names); /* of a later version of Velum */
    }
    if (status == VELUM_OK) {
        status = own_write(gate, own_write_new_root);
    }
    if (status == VELUM_OK) {
        status = own_write(gate, backup_tell_orphan);
    }
    if (status == VELUM_OK) {
        status = writer_call(&gate->writer, erasures_take_up); /* what a crash left (I-6) */
    }
    if (status == VELUM_OK && !how->is_restoring) {
        status = start_own_acts(gate); /* last: none overtakes what an opening writes */
    }
    if (status < 0) {
        stop_threads(gate);
        gate_release(gate);
        return err != NULL && err->status == VELUM_OK
                   ? error_set(err, status, "the data folder could not be opened: %s",
                               status_text(status))
                   : status;
    }
    *out = gate;
    return VELUM_OK;
}

/* --- closing ------------------------------------------------------------------------------------ */

void velum_gate_quiesce(velum_gate *gate)
{
    atomic_store(&gate->stopping, true);
}

bool velum_gate_is_idle(const velum_gate *gate)
{
    return watchdog_count(&((velum_gate *)(uintptr_t)gate)->watchdog) == 0;
}

static void pause_ms(long ms)
{
    const struct timespec time = {ms / 1000, (ms % 1000) * 1000000L};

    (void)nanosleep(&time, NULL);
}

/* Those under way are answered, or time out within their limit. */
static void drain(velum_gate *gate)
{
    const int64_t until =
        clock_monotonic_ns(&gate->clock) + ((int64_t)gate->timeout_ms + 1000) * NS_PER_MS;

    while (!velum_gate_is_idle(gate) && clock_monotonic_ns(&gate->clock) < until) {
        pause_ms(2);
    }
}

void velum_gate_free(velum_gate *gate)
{
    if (gate == NULL || gate_check(gate) < 0) {
        return;
    }
    velum_gate_quiesce(gate);
    work_bell_ring(&gate->work_bell); /* whoever waits looks, and hears that it is over */
    if (gate->remote != NULL) {
        remote_stop(gate->remote, gate->timeout_ms + 1000);
        gate_release(gate);
        return;
    }
    socket_stop(gate->socket);
    gate->socket = NULL;
    steward_stop(&gate->steward);
    keeper_stop(&gate->keeper);
    drain(gate);
    checkpointer_stop(&gate->checkpointer);
    if (appender_drain(&gate->appender, STOP_MARGIN_MS) == VELUM_OK) { /* a leaf of our own, too */
        checkpointer_try(&gate->checkpointer);
        keeper_copy_log(&gate->keeper);
    }
    stop_threads(gate);
    gate_release(gate);
}

/* --- warnings ----------------------------------------------------------------------------------- */

const char *velum_gate_warning(const velum_gate *gate, uint32_t *position)
{
    const struct {
        bool holds;
        const char *text;
    } warnings[] = {
        {gate->root_source == ROOT_FROM_FOLDER,
         "the root secret lies in the data folder: a sample, never a place for real customers"},
        {!arenas_are_locked(&gate->arenas),
         "memory for opened data could not be locked: raise RLIMIT_MEMLOCK (systemd LimitMEMLOCK)"},
    };

    while (*position < sizeof(warnings) / sizeof(warnings[0])) {
        const uint32_t at = (*position)++;
        if (warnings[at].holds) {
            return warnings[at].text;
        }
    }
    return NULL;
}

/* --- health ------------------------------------------------------------------------------------- */

velum_status velum_gate_health(velum_gate *gate, const char **out_reason)
{
    const clock_reading clock = clock_guard_read(&gate->clock_guard, &gate->clock);

    own_note_clock(gate, &clock);
    if (atomic_load(&gate->stopping)) {
        *out_reason = "stopping";
        return VELUM_E_UNAVAILABLE;
    }
    if (clock.behind) {
        *out_reason = "clock-behind";
        return VELUM_E_UNAVAILABLE;
    }
    if (atomic_load(&gate->appender.failing) || journal_reserve(gate->journal, 1) < 0) {
        *out_reason = "journal-unwritable";
        return VELUM_E_UNAVAILABLE;
    }
    journal_unreserve(gate->journal, 1);
    world *const world = gate_world(gate);
    const bool is_bootstrap = world->is_bootstrap;
    world_free(world);
    *out_reason = is_bootstrap ? "no-policy" : "ready";
    return is_bootstrap ? VELUM_E_UNAVAILABLE : VELUM_OK;
}
