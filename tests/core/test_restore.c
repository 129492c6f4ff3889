/* A data folder from an older copy, today's keys and the log: nothing that was taken back since stands
 * again (B-5 to B-7; I-3, I-6, I-8). */
#include "tests/core/backup_support.h"
#include "tests/core/erasure_support.h"
#include "tests/core/message_support.h"
#include "tests/core/request_support.h"

#include "audit/log_reader.h"
#include "audit/verify.h"
#include "core/restore.h"
#include "core/verbs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OTHER "13800000002"
#define YEARS_NS (4 * 366 * DAY_NS)

static const char *const tables[] = {"category", "blind_index", "search_index", "consent_event"};

typedef struct scene {
    const char *shop;
    const char *desk;
    const char *ads; /* lives on the consent to direct marketing */
    const char *ref;
    const char *other;
} scene;

static scene scene_of(place *self)
{
    scene made = {.shop = shop_token(self), .desk = desk_token(self), .ads = marketing_token(self)};

    made.ref = person(self, made.shop, MOBILE, full_profile);
    made.other = person(self, made.shop, OTHER, full_profile);
    return made;
}

static const reply *look(place *self, const char *token, const char *ref)
{
    forget_refusals(self);
    return read_as(self, token, ref);
}

static const char *consent_state(place *self, const scene *scene, const char *ref)
{
    const reply *const listed =
        assert_done(ask(self, (question){VELUM_VERB_CONSENT_LIST, scene->desk, .ref = ref}));

    return text_at(listed, "consents/0/state");
}

static int64_t count_in_copy(place *self, const char *sql)
{
    return count_in_file(line_folder(self), newest_copy(self),
                         keyring_vault_db_key(self->gate->keys), sql);
}

/* --- as it was ---------------------------------------------------------------------------------- */

static void what_nothing_came_after_is_as_it_was(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    consent(self, scene.desk, scene.ref, "direct-marketing", "given");
    backed_up(self);
    const velum_restore_result result = restored(self, NULL);
    assert_int_equal(result.subjects, 2);
    assert_int_equal(result.erased + result.unreadable + result.consents + result.restricted +
                         result.missing + result.credentials,
                     0);
    assert_done(look(self, scene.shop, scene.ref));
    assert_done(look(self, scene.ads, scene.ref));
    assert_refused(look(self, scene.ads, scene.other), 404, "not-found");
    person(self, scene.shop, "13800000003", full_profile); /* and goes on */
    consent(self, scene.desk, scene.ref, "direct-marketing", "withdrawn");
    assert_refused(look(self, scene.ads, scene.ref), 404, "not-found");
    place_reopen(self);
    assert_done(look(self, scene.shop, scene.ref));
    assert_log_sound(self);
}

/* B-6: another origin; the first leaf says where the old log ended. */
static void the_new_log_says_where_the_old_one_ended(void **state)
{
    place *const self = *state;
    verify_report found = {.exit_code = VERIFY_UNREADABLE};
    audit_entry first;
    uint8_t hash[SHA256_BYTES];

    (void)scene_of(self);
    backed_up(self);
    const velum_restore_result result = restored(self, NULL);
    log_at(self, 0, &first);
    assert_int_equal(first.type, ENTRY_RESTORE);
    assert_int_equal(input_of(&first, INPUT_RESTORED), RESTORED_BEGUN);
    assert_int_equal(input_of(&first, INPUT_LOG_SIZE), result.log_size);
    VELUM_AUTO_FD before_fd = openat(self->gate->dir_fd, "audit-before", O_RDONLY | O_DIRECTORY);
    assert_true(before_fd >= 0);
    assert_int_equal(log_verify(&(verify_options){.dir_fd = before_fd}, &found), VELUM_OK);
    assert_int_equal(found.exit_code, VERIFY_UNPROVEN); /* by no key from outside */
    assert_int_equal(found.size, result.log_size);
    sha256(found.checkpoint, strlen(found.checkpoint), hash);
    assert_memory_equal(hash, first.detail_hash, sizeof hash);
    assert_string_not_equal(found.origin, result.origin);
    assert_log_sound(self);
}

/* What of the copy was not in that log yet comes into the new one: of its own beginning, here. */
static void writes_that_the_log_lacks_come_into_the_new_one(void **state)
{
    place *const self = *state;
    const char *const then = text_f(self, "%s/log-then", self->parent);
    audit_entry entry;

    (void)scene_of(self);
    log_sync(self);
    copy_folder(text_f(self, "%s/audit", self->folder), then);
    backed_up(self);
    const velum_restore_result result = restored(self, then);
    assert_int_equal(result.entries_since, 0);
    log_at(self, 1, &entry);
    assert_int_equal(entry.type, ENTRY_BACKUP);
    assert_int_equal(entry.stage, ENTRY_INTENT);
    assert_log_sound(self);
}

/* Of a log that ends before the copy, with writes in between that neither has, nothing is made. */
static void a_log_that_ends_before_the_copy_is_refused(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const then = (backed_up(self), keep_log(self));
    velum_restore_result result;
    velum_error err = {.text = ""};

    for (int i = 0; i < 5; i++) {
        person(self, scene.shop, text_f(self, "1390000000%d", i), full_profile);
        log_sync(self);
    }
    backed_up(self);
    place_close(self);
    assert_int_equal(restore_of(self, NULL, then, &result, &err), VELUM_E_OLDER);
    assert_non_null(strstr(err.text, "--log"));
    assert_false(path_is_there(new_folder(self)));
    assert_false(path_is_there(text_f(self, "%s.part", new_folder(self))));
    place_open(self);
}

/* --- erased since ------------------------------------------------------------------------------- */

static void assert_nothing_left(place *self, const char *how_many)
{
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        const char *const sql = text_f(self,
                                       "SELECT count(*) FROM %s WHERE subject NOT IN"
                                       " (SELECT subject FROM subject WHERE status = 1)",
                                       tables[i]);
        if (strcmp(tables[i], "consent_event") != 0) { /* evidence, which stays */
            assert_int_equal(sql_count(self, sql), 0);
        }
    }
    assert_int_equal(
        sql_count(self, text_f(self, "SELECT count(*) = %s FROM suppression", how_many)), 1);
}

static const reply *come_again(place *self, const char *shop, const char *mobile)
{
    forget_refusals(self);
    return ask(self, (question){VELUM_VERB_UPSERT, shop,
                                .body = text_f(self,
                                               "{\"identifiers\":[{\"type\":\"mobile\",\"value\":"
                                               "\"%s\"}],\"profile\":{\"name\":\"Wang\"}}",
                                               mobile)});
}

/* I-6: not undone by an old backup, nor by the import of that night. */
static void who_was_erased_is_erased(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    backed_up(self);
    assert_done(erase(self, scene.ref, "{}"));
    await_followed(self);
    const velum_restore_result result = restored(self, NULL);
    assert_int_equal(result.erased, 1);
    assert_int_equal(result.subjects, 1);
    assert_refused(look(self, scene.shop, scene.ref), 410, "subject-erased");
    assert_done(look(self, scene.shop, scene.other));
    assert_nothing_left(self, "1");
    assert_refused(come_again(self, scene.shop, MOBILE), 409, "suppressed");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM certificate"), 1);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM destruction"), 0);
    assert_log_sound(self);
}

/* I-6: in a copy no index tells who was known, and a restored folder has them again. */
static void a_copy_has_no_index(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    backed_up(self);
    const int64_t identifiers = sql_count(self, "SELECT count(*) FROM blind_index");
    const int64_t searchable = sql_count(self, "SELECT count(*) FROM search_index");
    assert_true(identifiers > 0 && searchable > 0);
    assert_int_equal(count_in_copy(self, "SELECT count(*) FROM blind_index"), 0);
    assert_int_equal(count_in_copy(self, "SELECT count(*) FROM search_index"), 0);
    assert_int_equal(count_in_copy(self, "SELECT count(*) FROM index_fold"), 2);
    (void)restored(self, NULL);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM blind_index"), identifiers);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM search_index"), searchable);
    assert_int_equal(
        sql_count(self, "SELECT count(*) FROM sqlite_schema WHERE name = 'index_fold'"), 0);
    const reply *const same = assert_done(come_again(self, scene.shop, MOBILE));
    assert_text_at(same, "subject", scene.ref);
}

/* Who was never stored and objected after the copy is not written to. */
static void an_objection_of_a_stranger_since_stands(void **state)
{
    place *const self = *state;
    const people people = people_of(self);

    backed_up(self);
    assert_done(take_by_identifier(&people, "object-marketing", SOMEBODY, ""));
    await_followed(self);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM suppression"), 1);
    (void)restored(self, NULL);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM suppression"), 1);
    assert_done(look(self, people.shop, people.ref));
}

/* Of keys that were not told any more: the log is enough. */
static void the_log_alone_tells_of_an_erasure(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const keys = text_f(self, "%s/keys.db", backup_folder(self));
    const char *const kept = text_f(self, "%s/keys.then", self->parent);

    backed_up(self);
    assert_int_equal(link(keys, kept), 0);
    assert_int_equal(unlink(keys), 0); /* the place cannot follow */
    assert_done(erase(self, scene.ref, "{}"));
    place_close(self);
    assert_int_equal(rename(kept, keys), 0);
    place_open(self); /* only to be closed */
    const char *const log = text_f(self, "%s/audit", self->folder);
    const velum_restore_result result = restored(self, log);
    assert_int_equal(result.erased, 1);
    assert_refused(look(self, scene.shop, scene.ref), 410, "subject-erased");
    assert_nothing_left(self, "1");
    assert_log_sound(self);
}

/* The key that opened the rest went with the category. They may come again. */
static void who_lost_a_category_is_not_readable(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    consent(self, scene.desk, scene.ref, "direct-marketing", "given");
    backed_up(self);
    assert_done(erase(self, scene.ref, "{\"categories\":[\"contact\"]}"));
    await_nothing_begun(self);
    await_followed(self);
    const velum_restore_result result = restored(self, NULL);
    assert_int_equal(result.unreadable, 1);
    assert_int_equal(result.erased, 0);
    assert_refused(look(self, scene.shop, scene.ref), 410, "subject-erased");
    assert_nothing_left(self, "0");
    const reply *const again = assert_done(come_again(self, scene.shop, MOBILE));
    assert_string_not_equal(text_at(again, "subject"), scene.ref);
    assert_log_sound(self);
}

/* Who came after the copy: their keys open nothing, and their identifiers are nobody's. */
static void who_came_since_may_come_again(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const first = (backed_up(self), text_f(self, "%s", newest_copy(self)));

    const char *const since = person(self, scene.shop, "13800000005", full_profile);
    place_set_clock(self, PLACE_EPOCH_NS + DAY_NS);
    backed_up(self); /* whose keys are in the place now */
    const velum_restore_result result = restored_of(self, first, NULL);
    assert_string_equal(result.name, first);
    assert_int_equal(result.missing, 1);
    assert_int_equal(result.subjects, 2);
    assert_refused(look(self, scene.shop, since), 404, "not-found");
    const reply *const again = assert_done(come_again(self, scene.shop, "13800000005"));
    assert_done(look(self, scene.shop, text_at(again, "subject")));
    assert_log_sound(self);
}

/* PIPL 19: whose evidence came to its end is nobody at all. */
static void whose_term_has_ended_is_forgotten(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    backed_up(self);
    assert_done(erase(self, scene.ref, "{}"));
    await_followed(self);
    for (int i = 0; i < 400 && sql_count(self, "SELECT count(*) FROM subject") > 1; i++) {
        place_set_clock(self, PLACE_EPOCH_NS + 3 * YEARS_NS + i * DAY_NS);
        steward_notice(&self->gate->steward, 0);
        usleep(25000);
    }
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject"), 1);
    await_followed(self);
    const velum_restore_result result = restored(self, NULL);
    assert_int_equal(result.erased, 1);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject"), 1);
    assert_refused(look(self, scene.shop, scene.ref), 404, "not-found");
    assert_done(look(self, scene.shop, scene.other));
    assert_nothing_left(self, "1");
    assert_log_sound(self);
}

/* --- consents and restrictions since ------------------------------------------------------------ */

static void a_consent_taken_back_stays_so(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    consent(self, scene.desk, scene.ref, "direct-marketing", "given");
    consent(self, scene.desk, scene.other, "direct-marketing", "given");
    backed_up(self);
    consent(self, scene.desk, scene.ref, "direct-marketing", "withdrawn");
    const velum_restore_result result = restored(self, NULL);
    assert_int_equal(result.consents, 1);
    assert_int_equal(result.restricted, 0);
    assert_string_equal(consent_state(self, &scene, scene.ref), "invalidated");
    assert_refused(look(self, scene.ads, scene.ref), 404, "not-found");
    assert_done(look(self, scene.ads, scene.other));
    assert_done(look(self, scene.shop, scene.ref));
    consent(self, scene.desk, scene.ref, "direct-marketing", "given"); /* may be given anew */
    assert_done(look(self, scene.ads, scene.ref));
    place_reopen(self); /* the ledger and its state are of one mind */
    assert_done(look(self, scene.ads, scene.ref));
    assert_log_sound(self);
}

/* Given since: its evidence is lost, so it is not given. Taken back and given again: it stands. */
static void a_consent_given_since_is_not_given(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    consent(self, scene.desk, scene.other, "direct-marketing", "given");
    backed_up(self);
    consent(self, scene.desk, scene.ref, "direct-marketing", "given");
    consent(self, scene.desk, scene.other, "direct-marketing", "withdrawn");
    consent(self, scene.desk, scene.other, "direct-marketing", "given");
    const velum_restore_result result = restored(self, NULL);
    assert_int_equal(result.consents, 0);
    assert_int_equal(result.restricted, 0);
    assert_refused(look(self, scene.ads, scene.ref), 404, "not-found");
    assert_done(look(self, scene.ads, scene.other));
    assert_log_sound(self);
}

static void assert_restricted(place *self, const scene *scene)
{
    assert_refused(look(self, scene->shop, scene->ref), 403, "processing-restricted");
    assert_refused(look(self, scene->ads, scene->ref), 404, "not-found");
    assert_done(look(self, scene->shop, scene->other));
    assert_log_sound(self);
}

/* I-3: keys say that something moved, and the log does not say what. */
static void a_change_that_nobody_tells_restricts(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    consent(self, scene.desk, scene.ref, "direct-marketing", "given");
    backed_up(self);
    const char *const then = keep_log(self);
    consent(self, scene.desk, scene.ref, "analytics", "given");
    await_followed(self);
    const velum_restore_result result = restored(self, then);
    assert_int_equal(result.restricted, 1);
    assert_int_equal(result.consents, 0);
    assert_string_equal(consent_state(self, &scene, scene.ref), "invalidated");
    assert_restricted(self, &scene);
    place_reopen(self);
    assert_restricted(self, &scene);
    assert_done(ask(self, (question){VELUM_VERB_SUBJECT_RESTRICTION, .activity = "requests",
                                     .ref = text_f(self, "shop:%s", scene.ref),
                                     .body = "{\"lift\":[\"processing\"]}"}));
    assert_done(look(self, scene.shop, scene.ref));
    assert_refused(look(self, scene.ads, scene.ref), 404, "not-found"); /* as of the objection */
}

/* GDPR 18, 21: an objection, a restriction. The log names them, and keys need not. */
static void an_objection_since_restricts(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const customer = customer_of(self, scene.ref);

    consent(self, scene.desk, scene.ref, "direct-marketing", "given");
    backed_up(self);
    assert_done(ask(self, (question){VELUM_VERB_ME_REQUEST_CREATE, customer,
                                     .body = "{\"right\":\"object-marketing\"}"}));
    const velum_restore_result result = restored(self, NULL);
    assert_int_equal(result.restricted, 1);
    assert_true(result.requests > 0);
    assert_restricted(self, &scene);
}

/* A deletion that was called off after the copy is not carried out by it. */
static void a_deletion_called_off_since_is_not_done(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    const reply *const asked = assert_done(ask_myself(&people, "{\"right\":\"delete\"}"));
    const char *const id = text_f(self, "%s", text_at(asked, "request"));

    backed_up(self);
    assert_done(cancel_myself(&people, id));
    const velum_restore_result result = restored(self, NULL);
    assert_int_equal(result.restricted, 1);
    place_set_clock(self, PLACE_EPOCH_NS + 100 * DAY_NS);
    run_timers(self);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject WHERE status = 1"), 1);
    forget_refusals(self);
    assert_refused(erase(self, people.ref, "{}"), 409, "legal-hold");
    const reply *const released = assert_done(ask(
        self, (question){VELUM_VERB_SUBJECT_HOLD, .activity = "requests",
                         .ref = text_f(self, "shop:%s", people.ref), .body = "{\"hold\":false}"}));
    assert_int_equal(integer_at(released, "holds"), 0);
}

/* P-3: what was agreed to once is not used twice. */
static void approvals_end(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const wish = text_f(
        self, "{\"kind\":\"link\",\"subject\":\"%s\",\"refs\":[\"%s\"]}", scene.ref, scene.other);
    const char *const id = agreed_approval(self, scene.shop, wish);

    backed_up(self);
    const velum_restore_result result = restored(self, NULL);
    assert_int_equal(result.approvals, 1);
    forget_refusals(self);
    const reply *const refused = ask(
        self,
        (question){VELUM_VERB_SUBJECT_MERGE, scene.shop, .ref = scene.ref,
                   .body = text_f(self, "{\"with\":\"%s\",\"approval\":\"%s\"}", scene.other, id)});
    assert_int_equal(refused->status, 403);
    assert_non_null(strstr(refused->problem, "approval"));
    assert_log_sound(self);
}

static void a_hold_since_restricts(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    backed_up(self);
    assert_done(ask(self, (question){VELUM_VERB_SUBJECT_HOLD, .activity = "requests",
                                     .ref = text_f(self, "shop:%s", scene.ref),
                                     .body = "{\"hold\":true}"}));
    const velum_restore_result result = restored(self, NULL);
    assert_int_equal(result.restricted, 1);
    assert_restricted(self, &scene);
}

/* Two who became one since: neither is known as such, so nothing of either is shown. */
static void who_was_merged_since_is_restricted(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    backed_up(self);
    merge_records(self, scene.shop, scene.ref, scene.other);
    const velum_restore_result result = restored(self, NULL);
    assert_int_equal(result.restricted, 2);
    assert_refused(look(self, scene.shop, scene.ref), 403, "processing-restricted");
    assert_refused(look(self, scene.shop, scene.other), 403, "processing-restricted");
    assert_log_sound(self);
}

/* V-5: rows of the folder that was lost do not come back into the new one. */
static void generations_go_on_above_all_that_were(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    consent(self, scene.desk, scene.ref, "direct-marketing", "given");
    backed_up(self);
    consent(self, scene.desk, scene.ref, "direct-marketing", "withdrawn");
    consent(self, scene.desk, scene.ref, "direct-marketing", "given");
    const int64_t before = sql_count(self, "SELECT max(generation) FROM subject");
    (void)restored(self, NULL);
    assert_true(sql_count(self, "SELECT max(generation) FROM subject") > before);
    assert_done(look(self, scene.ads, scene.ref));
}

/* --- rows of modules ---------------------------------------------------------------------------- */

#define ORDER                                                                                    \
    "{\"table\":\"orders\",\"key\":\"%s\",\"fields\":{\"ordered_at\":\"2026-11-20T10:00:00Z\","  \
    "\"store\":\"s01\",\"region\":\"east\",\"amount\":990},\"rows\":{\"order_lines\":[{\"key\":" \
    "\"1\",\"fields\":{\"product\":\"tea\",\"quantity\":1,\"amount\":990}}]}}"

/* Exported with their customer, restored and erased with them, without a line written for them. */
static void orders_come_and_go_with_their_customer(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const till =
        token_of(self, (holder){"till", NULL, "crm_module", "order-capture", "shop", NULL});

    assert_done(ask(self, (question){VELUM_VERB_ROW_PUT, till, .ref = scene.ref,
                                     .body = text_f(self, ORDER, "G-1")}));
    assert_done(ask(self, (question){VELUM_VERB_ROW_PUT, till, .ref = scene.other,
                                     .body = text_f(self, ORDER, "G-2")}));
    backed_up(self);
    assert_done(erase(self, scene.ref, "{}"));
    await_followed(self);
    const velum_restore_result result = restored(self, NULL);
    assert_int_equal(result.erased, 1);
    const reply *const kept =
        assert_done(ask(self, (question){VELUM_VERB_ROW_READ, till, .ref = scene.other,
                                         .body = "{\"table\":\"orders\"}"}));
    assert_text_at(kept, "rows/0/key", "G-2");
    assert_text_at(kept, "rows/0/rows/order_lines/0/fields/product", "tea");
    const reply *const own = assert_done(
        ask(self, (question){VELUM_VERB_ME_READ, .token = customer_of(self, scene.other)}));
    assert_non_null(strstr(own->body, "G-2"));
    forget_refusals(self);
    assert_refused(ask(self, (question){VELUM_VERB_ROW_READ, till, .ref = scene.ref,
                                        .body = "{\"table\":\"orders\"}"}),
                   410, "subject-erased");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_row WHERE subject NOT IN"
                                     " (SELECT subject FROM subject WHERE status = 1)"),
                     0);
}

/* --- messages ----------------------------------------------------------------------------------- */

/* MS-1: what left after the copy does not leave again, neither as it waited there nor asked for anew. */
static void who_was_written_to_since_is_not_written_to_again(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    const char *const id = queued(&senders, "o-1");

    backed_up(self);
    assert_string_equal(take_one(&senders), id);
    assert_done(say_done(&senders, id, "sent"));
    const velum_restore_result result = restored(self, NULL);
    assert_int_equal(result.messages, 1);
    assert_message(self, id, "unknown", "");
    assert_int_equal(taken_now(&senders), 0);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM message WHERE state = 5"), 2);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_timer"), 0);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_work"), 0);
    assert_log_sound(self);
}

/* Who was not: what waits goes, once. */
static void what_waited_goes_once(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    const char *const id = queued(&senders, "o-1");

    backed_up(self);
    const velum_restore_result result = restored(self, NULL);
    assert_int_equal(result.messages, 0);
    assert_string_equal(take_one(&senders), id);
    assert_int_equal(taken_now(&senders), 0);
}

/* --- who may come ------------------------------------------------------------------------------- */

/* B-5: a token that was revoked or replaced since does not work. */
static void tokens_that_ended_since_do_not_work(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    backed_up(self);
    assert_done(ask(self, (question){VELUM_VERB_CREDENTIAL_REVOKE, .body = "{\"name\":\"shop\"}"}));
    assert_done(ask(self, (question){VELUM_VERB_CREDENTIAL_ROTATE,
                                     .body = "{\"name\":\"desk\",\"overlap_hours\":0}"}));
    const velum_restore_result result = restored(self, NULL);
    assert_int_equal(result.credentials, 2);
    assert_int_equal(look(self, scene.shop, scene.ref)->status, 401);
    forget_refusals(self);
    assert_int_equal(
        ask(self, (question){VELUM_VERB_CONSENT_LIST, scene.desk, .ref = scene.ref})->status, 401);
    assert_done(ask(self, (question){VELUM_VERB_CREDENTIAL_ROTATE, .body = "{\"name\":\"desk\"}"}));
    assert_refused(look(self, scene.ads, scene.ref), 404, "not-found"); /* is known still */
}

/* --- the place afterwards ----------------------------------------------------------------------- */

/* Whoever is restored takes the place over; the folder of before certifies nothing behind its back. */
static void the_place_has_one_master(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    char before[sizeof self->folder];
    char key[sizeof self->verifier_key];

    backed_up(self);
    memcpy(before, self->folder, sizeof before);
    memcpy(key, self->verifier_key, sizeof key);
    (void)restored(self, NULL);
    assert_null(value_at(backup_status(self), "places/0")); /* not before it is told to */
    backed_up(self);
    place_close(self);
    memcpy(self->folder, before, sizeof before);
    memcpy(self->verifier_key, key, sizeof key);
    place_open(self);
    assert_done(erase(self, scene.ref, "{}"));
    place_reopen(self);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject WHERE status = 3"), 0);
    assert_int_equal(integer_at(backup_status(self), "places/0/behind"), 2);
    assert_text_at(back_up(self), "reason", "another data folder writes its keys there");
}

static void restoring_what_was_restored(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    backed_up(self);
    (void)restored(self, NULL);
    backed_up(self);
    assert_done(erase(self, scene.ref, "{}"));
    await_followed(self);
    place_close(self);
    assert_int_equal(rename(self->folder, text_f(self, "%s/lost", self->parent)), 0);
    const velum_restore_result result = restored(self, NULL);
    assert_int_equal(result.erased, 1);
    assert_done(look(self, scene.shop, scene.other));
    assert_log_sound(self);
}

int main(void)
{
#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, backup_set_up, place_tear_down)
#define WITH_CLOCK(test) cmocka_unit_test_setup_teardown(test, backup_set_up_clock, place_tear_down)
    const struct CMUnitTest tests[] = {
        IN_PLACE(what_nothing_came_after_is_as_it_was),
        IN_PLACE(the_new_log_says_where_the_old_one_ended),
        IN_PLACE(writes_that_the_log_lacks_come_into_the_new_one),
        IN_PLACE(a_log_that_ends_before_the_copy_is_refused),
        IN_PLACE(who_was_erased_is_erased),
        IN_PLACE(a_copy_has_no_index),
        IN_PLACE(an_objection_of_a_stranger_since_stands),
        IN_PLACE(the_log_alone_tells_of_an_erasure),
        IN_PLACE(who_lost_a_category_is_not_readable),
        WITH_CLOCK(who_came_since_may_come_again),
        WITH_CLOCK(whose_term_has_ended_is_forgotten),
        IN_PLACE(a_consent_taken_back_stays_so),
        IN_PLACE(a_consent_given_since_is_not_given),
        IN_PLACE(a_change_that_nobody_tells_restricts),
        IN_PLACE(an_objection_since_restricts),
        WITH_CLOCK(a_deletion_called_off_since_is_not_done),
        IN_PLACE(approvals_end),
        IN_PLACE(a_hold_since_restricts),
        IN_PLACE(who_was_merged_since_is_restricted),
        IN_PLACE(generations_go_on_above_all_that_were),
        IN_PLACE(orders_come_and_go_with_their_customer),
        IN_PLACE(who_was_written_to_since_is_not_written_to_again),
        IN_PLACE(what_waited_goes_once),
        IN_PLACE(tokens_that_ended_since_do_not_work),
        IN_PLACE(the_place_has_one_master),
        IN_PLACE(restoring_what_was_restored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
