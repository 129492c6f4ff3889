/* core/keeper.c: making backups, and bringing keys to the places that follow. */
#include "core/keeper.h"

#include "base/condition.h"
#include "core/erasure.h"
#include "core/gate.h"

#define BUSY_TIMEOUT_MS 5000

/* --- what others see and ask ------------------------------------------------------------------------- */

static bool is_busy(keeper *self)
{
    (void)pthread_mutex_lock(&self->lock);
    const bool busy = self->report.state == BACKUP_RUNNING || self->has_forgotten;
    (void)pthread_mutex_unlock(&self->lock);
    return busy;
}

velum_status keeper_prepare(keeper *self, const backup_job *job)
{
    if (is_busy(self)) {
        return VELUM_E_BUSY;
    }
    self->prepared = *job;
    self->forgets = false;
    return VELUM_OK;
}

velum_status keeper_prepare_forget(keeper *self, text place)
{
    if (is_busy(self)) {
        return VELUM_E_BUSY;
    }
    self->prepared = (backup_job){.keep = 0};
    memcpy(self->prepared.place, place.data, place.size);
    self->forgets = true;
    return VELUM_OK;
}

static void wake(keeper *self)
{
    self->is_told = true;
    (void)pthread_cond_signal(&self->wake);
}

void keeper_begin(keeper *self)
{
    (void)pthread_mutex_lock(&self->lock);
    if (self->forgets) {
        memcpy(self->forgotten, self->prepared.place, sizeof(self->forgotten));
        self->has_forgotten = true;
    } else {
        self->report = (keeper_report){
            .state = BACKUP_RUNNING, .job = self->prepared, .what = "beginning", .reason = ""};
        self->has_job = true;
    }
    wake(self);
    (void)pthread_mutex_unlock(&self->lock);
}

void keeper_notice(keeper *self)
{
    (void)pthread_mutex_lock(&self->lock);
    wake(self);
    (void)pthread_mutex_unlock(&self->lock);
}

keeper_report keeper_look(keeper *self)
{
    (void)pthread_mutex_lock(&self->lock);
    const keeper_report report = self->report;
    (void)pthread_mutex_unlock(&self->lock);
    return report;
}

static void tell(void *context, const char *what, uint64_t done, uint64_t total)
{
    keeper *const self = context;

    (void)pthread_mutex_lock(&self->lock);
    self->report.what = what;
    self->report.done = done;
    self->report.total = total;
    (void)pthread_mutex_unlock(&self->lock);
}

/* --- on the writer thread ---------------------------------------------------------------------------- */

static velum_status add_place(velum_gate *gate)
{
    return vault_mirror_add(gate->vault, text_of(gate->keeper.report.job.place));
}

static velum_status forget_place(velum_gate *gate)
{
    return vault_mirror_forget(gate->vault, text_of(gate->keeper.following.place));
}

/* What waited for the place is finished at once (E-3). */
static velum_status raise_place(velum_gate *gate)
{
    const key_mirror *const at = &gate->keeper.following;
    const mirror_advance to = {.place = text_of(at->place),
                               .pushed = at->pushed,
                               .suppressed = at->suppressed,
                               .at_ns = gate->keeper.now_ns};

    VELUM_TRY(vault_mirror_raise(gate->vault, &to));
    return atomic_load(&gate->writer.erasures_left) ? erasures_take_up(gate) : VELUM_OK;
}

static velum_status end_backup(velum_gate *gate)
{
    return backup_end(gate, &gate->keeper.report.job, gate->keeper.outcome);
}

static velum_status raise(keeper *self)
{
    self->now_ns = clock_wall_ns(&self->gate->clock);
    return writer_call(&self->gate->writer, raise_place);
}

/* --- places ---------------------------------------------------------------------------------------- */

static bool is_known(keeper *self, const char *place, key_mirror *out)
{
    key_mirrors all;

    if (vault_mirrors(self->gate->vault, &all) < 0) {
        return false;
    }
    for (uint32_t i = 0; i < all.count; i++) {
        if (strcmp(all.items[i].place, place) == 0) {
            *out = all.items[i];
            return true;
        }
    }
    return false;
}

/* A place that has no keys is not waited for any longer. */
static void forget_new_place(keeper *self, const char *place)
{
    if (!is_known(self, place, &self->following) || self->following.follows) {
        return;
    }
    const velum_status status = writer_call(&self->gate->writer, forget_place);
    (void)status; /* the status shows that it is waited for */
}

/* Its first backup was cut short, keys may lie there: it is waited for until they are seen to be gone. */
static void clear_new_place(keeper *self, const char *place)
{
    if (backup_destroy_keys(self->gate, place) == VELUM_OK) {
        forget_new_place(self, place);
    }
}

/* --- following --------------------------------------------------------------------------------------- */

static velum_status push_to(keeper *self, const backup_place *place, key_mirror *at)
{
    const store_options opening = {.folder = place->path,
                                   .name = MIRROR_FILE,
                                   .key = keyring_keys_db_key(self->gate->keys),
                                   .readers_max = 1,
                                   .busy_timeout_ms = BUSY_TIMEOUT_MS};
    VELUM_AUTO(store) *file = NULL;

    VELUM_TRY(store_open(&opening, &file, NULL));
    return vault_mirror_push(self->gate->vault, file, at);
}

static velum_status follow(keeper *self, const key_mirror *mirror)
{
    VELUM_AUTO_PLACE place = {.fd = -1, .line_fd = -1};
    const char *reason = NULL;

    self->following = *mirror;
    VELUM_TRY(backup_place_open(self->gate, mirror->place, &place, &reason));
    VELUM_TRY(push_to(self, &place, &self->following));
    return raise(self);
}

static void tell_nobody(void *context, const char *what, uint64_t done, uint64_t total)
{
    (void)context;
    (void)what;
    (void)done;
    (void)total;
}

static bool always_goes_on(void *context, bool may_follow)
{
    (void)context;
    (void)may_follow;
    return true;
}

static velum_status copy_log_to(keeper *self, const char *path)
{
    const backup_progress progress = {.tell = tell_nobody, .goes_on = always_goes_on};
    VELUM_AUTO_PLACE place = {.fd = -1, .line_fd = -1};
    const char *reason = NULL;

    VELUM_TRY(backup_place_open(self->gate, path, &place, &reason));
    return backup_copy_log(self->gate, &place, &progress);
}

/* What is written in bursts is copied once, and with a checkpoint that covers it. */
static bool log_is_due(const keeper *self)
{
    const int64_t now_ns = clock_monotonic_ns(&self->gate->clock);

    return journal_size(self->gate->journal) != self->log_size &&
           now_ns - self->log_copied_ns >= (int64_t)KEEPER_LOG_PERIOD_MS * NS_PER_MS;
}

static void copy_log(keeper *self, const key_mirrors *all)
{
    const uint64_t size = journal_size(self->gate->journal);
    bool is_everywhere = true;

    for (uint32_t i = 0; i < all->count; i++) {
        is_everywhere =
            (!all->items[i].follows || copy_log_to(self, all->items[i].place) == VELUM_OK) &&
            is_everywhere;
    }
    self->log_copied_ns = clock_monotonic_ns(&self->gate->clock);
    self->log_size = is_everywhere ? size : self->log_size;
}

/* A place that cannot be reached holds up no other; it is tried again in the next period. */
static void follow_all(keeper *self)
{
    key_mirrors all;

    if (vault_mirrors(self->gate->vault, &all) < 0 || all.count == 0) {
        return;
    }
    for (uint32_t i = 0; i < all.count; i++) {
        const key_mirror *const mirror = &all.items[i];
        if (!mirror->follows) {
            if (!self->is_making) { /* else it may be the one that is made */
                clear_new_place(self, mirror->place);
            }
        } else if (mirror->behind > 0 && follow(self, mirror) < 0) {
            continue;
        }
    }
    if (log_is_due(self)) {
        copy_log(self, &all);
    }
}

/* --- a backup ---------------------------------------------------------------------------------------- */

/* No certificate waits for the minutes of a backup. */
static bool goes_on(void *context, bool may_follow)
{
    keeper *const self = context;
    const int64_t now_ns = clock_monotonic_ns(&self->gate->clock);

    if (may_follow && now_ns - self->followed_ns >= (int64_t)KEEPER_PERIOD_MS * NS_PER_MS) {
        follow_all(self);
        self->followed_ns = clock_monotonic_ns(&self->gate->clock);
    }
    return !atomic_load(&self->stop);
}

static velum_status make(keeper *self, const backup_job *job, const char **reason)
{
    const backup_progress progress = {.tell = tell, .goes_on = goes_on, .context = self};
    backup_made made;

    VELUM_TRY(backup_place_claim(self->gate, job->place, reason));
    *reason = "the place cannot be noted: keys are brought to at most 4";
    VELUM_TRY(writer_call(&self->gate->writer, add_place));
    const velum_status status = backup_make(self->gate, job, &progress, &made);
    *reason = made.reason;
    if (!made.has_keys) {
        forget_new_place(self, job->place);
        return status;
    }
    self->following = made.keys;
    memcpy(self->following.place, job->place, sizeof(job->place));
    const velum_status raised = raise(self); /* its keys are there, whatever came after them */
    return status < 0 ? status : raised;
}

static void finish(keeper *self, velum_status status, const char *reason)
{
    self->outcome = status < 0 ? BACKUP_FAILED : BACKUP_DONE;
    if (writer_call(&self->gate->writer, end_backup) < 0) {
        self->outcome = BACKUP_FAILED;
        reason = "its end could not be recorded";
    }
    (void)pthread_mutex_lock(&self->lock);
    self->report.state = self->outcome;
    self->report.reason = self->outcome == BACKUP_DONE ? "" : reason;
    (void)pthread_mutex_unlock(&self->lock);
}

static void run_job(keeper *self)
{
    const backup_job job = keeper_look(self).job;
    const char *reason = "";

    self->is_making = true;
    const velum_status status = make(self, &job, &reason);
    self->is_making = false;
    finish(self, status, reason);
}

/* --- letting go ------------------------------------------------------------------------------------ */

/* Its keys are destroyed where it can be reached; where not, the operator has taken that on. */
static void run_forget(keeper *self)
{
    if (is_known(self, self->forgotten, &self->following)) {
        const velum_status destroyed = backup_destroy_keys(self->gate, self->forgotten);
        const velum_status forgotten = writer_call(&self->gate->writer, forget_place);
        (void)destroyed;
        (void)forgotten; /* the status shows what is followed */
    }
    (void)pthread_mutex_lock(&self->lock);
    self->has_forgotten = false;
    (void)pthread_mutex_unlock(&self->lock);
}

/* What an earlier process did not come to finish; a place that is away is cleaned by its next backup. */
static void clean_all(keeper *self)
{
    key_mirrors all;

    if (vault_mirrors(self->gate->vault, &all) < 0) {
        return;
    }
    for (uint32_t i = 0; i < all.count; i++) {
        VELUM_AUTO_PLACE place = {.fd = -1, .line_fd = -1};
        const char *reason = NULL;
        velum_status status = backup_place_open(self->gate, all.items[i].place, &place, &reason);
        status = status < 0 ? status : backup_clean(&place);
        (void)status;
    }
}

/* --- the thread -------------------------------------------------------------------------------------- */

/* What was asked for; only this thread takes it. */
static void run_asked(keeper *self)
{
    (void)pthread_mutex_lock(&self->lock);
    const bool has_job = self->has_job;
    const bool has_forgotten = self->has_forgotten;
    self->has_job = false;
    (void)pthread_mutex_unlock(&self->lock);
    if (has_job) {
        run_job(self);
    }
    if (has_forgotten) {
        run_forget(self);
    }
}

static bool wait_a_period(keeper *self)
{
    (void)pthread_mutex_lock(&self->lock);
    if (!atomic_load(&self->stop) && !self->is_told) {
        const struct timespec until = condition_deadline(KEEPER_PERIOD_MS);
        (void)condition_wait_until(&self->wake, &self->lock, &until);
    }
    self->is_told = false;
    (void)pthread_mutex_unlock(&self->lock);
    return !atomic_load(&self->stop);
}

static void *keeper_loop(void *context)
{
    keeper *const self = context;

    (void)pthread_setname_np(pthread_self(), "velum-keeper");
    clean_all(self);
    do {
        run_asked(self);
        follow_all(self);
    } while (wait_a_period(self));
    follow_all(self); /* what the last second brought */
    return NULL;
}

void keeper_init(keeper *self, velum_gate *gate)
{
    *self = (keeper){.gate = gate, .report = {.what = "", .reason = ""}};
    atomic_init(&self->stop, false);
    (void)pthread_mutex_init(&self->lock, NULL);
    condition_init(&self->wake);
}

velum_status keeper_start(keeper *self)
{
    if (pthread_create(&self->thread, NULL, keeper_loop, self) != 0) {
        return VELUM_E_NOMEM;
    }
    self->running = self->was_started = true;
    return VELUM_OK;
}

void keeper_stop(keeper *self)
{
    if (!self->running) {
        return;
    }
    (void)pthread_mutex_lock(&self->lock);
    atomic_store(&self->stop, true);
    (void)pthread_cond_signal(&self->wake);
    (void)pthread_mutex_unlock(&self->lock);
    (void)pthread_join(self->thread, NULL);
    self->running = false;
}

void keeper_copy_log(keeper *self)
{
    key_mirrors all;

    if (self->was_started && vault_mirrors(self->gate->vault, &all) == VELUM_OK) {
        copy_log(self, &all);
    }
}
