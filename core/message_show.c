/* core/message_show.c: messages seen: by the module that asked, by the courier, by people of the house.
 *
 * Nobody sees an address or a text: there is none (MS-2). A module sees its own messages, under
 * pseudonyms of its own domain (I-10), and reasons as far as its activity may know of customers; people
 * who may read the log see all of them, and every reason.
 */
#include "core/message.h"

#include "core/locate.h"
#include "core/many.h"
#include "core/parse.h"
#include "core/verbs.h"

#define LIST_MAX 200
#define LIST_USUAL 100

typedef struct listing {
    passage *passage;
    json_writer *out;
    int64_t last_n;
    uint32_t count;
} listing;

/* --- who sees what ------------------------------------------------------------------------------ */

static uint32_t actions_of(const passage *passage)
{
    return passage->world->bundle->activities[passage->activity].actions;
}

static bool is_of_house(const passage *passage)
{
    return passage->action == ACTION_AUDIT;
}

/* Under an activity that sends, delivers or, for people, reads the log. */
static velum_status choose_action(passage *passage, uint32_t also)
{
    const uint32_t actions = actions_of(passage);

    if (passage->actor.kind == ACTOR_HUMAN && (actions & ACTION_AUDIT) != 0) {
        passage->action = ACTION_AUDIT;
    } else if ((actions & ACTION_SEND) == 0 && (actions & also) != 0) {
        passage->action = also;
    }
    return locate_snapshot(passage);
}

static velum_status check_activity(passage *passage)
{
    const bundle_activity *const activity = &passage->world->bundle->activities[passage->activity];

    if ((activity->actors & passage->actor.kind) == 0) {
        return refuse(passage, REASON_ACTOR_KIND);
    }
    if ((activity->actions & passage->action) == 0) {
        return refuse(passage, REASON_ACTION_NOT_ALLOWED);
    }
    passage->is_of_own = true; /* a message of its own: holding the activity is enough */
    return VELUM_OK;
}

velum_status message_get_locate(passage *passage)
{
    VELUM_TRY(choose_action(passage, ACTION_DELIVER));
    return check_activity(passage);
}

velum_status message_list_locate(passage *passage)
{
    VELUM_TRY(choose_action(passage, 0));
    return check_activity(passage);
}

/* --- one message -------------------------------------------------------------------------------- */

static void write_name(const passage *passage, const char *name, uint32_t kind, uint16_t number,
                       json_writer *out)
{
    const char *const found = world_name(passage->world, kind, number);

    if (found != NULL) {
        json_member_string(out, name, found);
    }
}

static void write_time(json_writer *out, const char *name, int64_t at_ns)
{
    char at[TIME_TEXT_BYTES];

    if (at_ns != 0) {
        time_format(at_ns, at);
        json_member_string(out, name, at);
    }
}

/* The domain of the module that asked; the courier, which has none of them, sees no name (I-10). */
static uint16_t domain_of(const passage *passage, const message_row *row)
{
    const bundle *const bundle = passage->world->bundle;
    const credential *const by = world_credential_by_name(passage->world, text_of(row->credential));
    const uint32_t index = bundle_find_number(bundle, REGISTRY_MODULE, row->module);

    if (passage->action == ACTION_DELIVER) {
        return 0;
    }
    if (index != BUNDLE_NONE) {
        return world_number(passage->world, REGISTRY_DOMAIN, bundle->modules[index].domain);
    }
    return by == NULL ? 0 : by->domain_number;
}

/* Whom the ref is of, so that the leaf names them (I-1). What is shown was not decided of them, so they
 * are no subject of the decision (D-3). */
static velum_status find_customer(passage *passage, const message_row *row)
{
    const velum_status status = message_locate(passage, row);

    if (many_is_damaged(status)) {
        locate_forget(passage);
        return VELUM_OK;
    }
    passage->has_subject = false;
    return status;
}

/* Nobody is told of whom the leaf cannot name. */
static velum_status write_ref(passage *passage, const message_row *row, json_writer *out)
{
    const uint16_t domain = domain_of(passage, row);
    const uint16_t own = passage->actor.credential->domain_number;
    const aes_block *permutation = NULL;
    char ref[PSEUDONYM_TEXT_BYTES];

    if (domain == 0 || !message_has_subject(row) || (own != 0 && own != domain)) {
        return VELUM_OK;
    }
    VELUM_TRY(find_customer(passage, row));
    if (passage->opened == NULL) {
        return VELUM_OK;
    }
    VELUM_TRY(keyring_domain(passage->gate->keys, domain, &permutation));
    pseudonym_format(permutation, &row->subject, ref);
    json_member_string(out, "ref", ref);
    if (own == 0) {
        write_name(passage, "domain", REGISTRY_DOMAIN, domain, out);
    }
    return VELUM_OK;
}

/* People of the house are told why; a module as far as the asking activity is the one that may know. */
static bool is_told(const passage *passage, const message_row *row)
{
    const bundle *const bundle = passage->world->bundle;
    const uint32_t asked = bundle_find_number(bundle, REGISTRY_ACTIVITY, row->activity);

    if (is_of_house(passage)) {
        return true;
    }
    return asked == passage->activity && message_reason_is_told(bundle, asked, row->reason);
}

static void write_reason(const passage *passage, const message_row *row, json_writer *out)
{
    const bool told = is_told(passage, row);
    const char *const reason = problem_name(row->reason);

    if (row->state != MESSAGE_SKIPPED) {
        return;
    }
    json_member_string(out, "reason", told && reason != NULL ? reason : "not-reachable");
}

static velum_status write_message(passage *passage, const message_row *row, json_writer *out)
{
    char id[2 * MESSAGE_ID_BYTES + 1];

    hex_encode(row->id, sizeof(row->id), id);
    json_member_string(out, "id", id);
    VELUM_TRY(write_ref(passage, row, out));
    json_member_string(out, "state", message_state_name(row->state));
    write_reason(passage, row, out);
    write_name(passage, "purpose", REGISTRY_PURPOSE, row->purpose, out);
    write_name(passage, "activity", REGISTRY_ACTIVITY, row->activity, out);
    write_name(passage, "module", REGISTRY_MODULE, row->module, out);
    write_name(passage, "template", REGISTRY_TEMPLATE, row->template, out);
    write_name(passage, "channel", REGISTRY_CHANNEL, row->channel, out);
    write_time(out, "asked", row->asked_ns);
    write_time(out, "due", row->state == MESSAGE_QUEUED ? row->due_ns : 0);
    write_time(out, "taken", row->taken_ns);
    write_time(out, "changed", row->changed_ns);
    json_member_integer(out, "attempts", row->attempts);
    if (row->note[0] != '\0') {
        json_member_string(out, "note", row->note);
    }
    if (row->opted_out) {
        json_member_bool(out, "opted_out", true);
    }
    return VELUM_OK;
}

/* A module's own are those of its domain; another's are not there. */
static bool is_own(const passage *passage, uint16_t module)
{
    const bundle *const bundle = passage->world->bundle;

    return message_is_own_module(passage, bundle_find_number(bundle, REGISTRY_MODULE, module));
}

velum_status message_get_mask(passage *passage)
{
    message_row row;
    json_writer out;

    VELUM_TRY(message_load_named(passage, &row));
    if (passage->action == ACTION_SEND && !is_own(passage, row.module)) {
        return refuse(passage, PROBLEM_NOT_FOUND);
    }
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_SHOW);
    entry_push(&passage->entry, INPUT_MESSAGE_STATE, row.state);
    memcpy(passage->entry.related, row.intent, sizeof(passage->entry.related));
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    VELUM_TRY(write_message(passage, &row, &out));
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

/* --- the list ----------------------------------------------------------------------------------- */

static velum_status parse_number(passage *passage, const char *name, int64_t max, int64_t *out)
{
    const json_value *const value = json_member(json_root(passage->body), name);

    if (value == NULL) {
        return VELUM_OK;
    }
    if (json_kind_of(value) != JSON_INTEGER || json_integer(value) < 1 ||
        json_integer(value) > max) {
        return refuse_hint(passage, PROBLEM_MALFORMED,
                           "`from` is what an answer said under `next`, `limit` 1 to 200.");
    }
    *out = json_integer(value);
    return VELUM_OK;
}

static uint32_t reason_of(text name)
{
    for (uint32_t reason = 1; reason < REASON_COUNT; reason++) {
        const char *const known = reason_name(reason);
        if (known != NULL && text_equal_literal(name, known)) {
            return reason;
        }
    }
    return REASON_NONE;
}

static velum_status parse_names(passage *passage, message_filter *out)
{
    const json_value *const body = json_root(passage->body);
    text state;
    text reason;
    text module;

    VELUM_TRY(parse_optional_text(passage, body, "state", &state));
    VELUM_TRY(parse_optional_text(passage, body, "reason", &reason));
    VELUM_TRY(parse_optional_text(passage, body, "module", &module));
    out->state = message_state_find(state);
    out->reason = reason_of(reason);
    out->module = world_number(passage->world, REGISTRY_MODULE, module);
    return (state.size == 0 || out->state != 0) && (reason.size == 0 || out->reason != 0) &&
                   (module.size == 0 || out->module != 0)
               ? VELUM_OK
               : refuse_hint(passage, PROBLEM_MALFORMED,
                             "`state`, `reason` or `module` is none there is.");
}

/* The one of the caller's domain; of several the first. */
static uint16_t usual_module(const passage *passage)
{
    const bundle *const bundle = passage->world->bundle;

    for (uint32_t i = 0; i < bundle->module_count; i++) {
        if (message_is_own_module(passage, i)) {
            return bundle->modules[i].number;
        }
    }
    return 0;
}

/* A reason that is not told is not asked for either: the filter would tell it. */
static velum_status bound_to_own(passage *passage, message_filter *out)
{
    if (is_of_house(passage)) {
        return VELUM_OK;
    }
    out->module = out->module == 0 ? usual_module(passage) : out->module;
    if (!is_own(passage, out->module)) {
        return refuse(passage, REASON_UNKNOWN_DOMAIN);
    }
    return out->reason == 0 ? VELUM_OK
                            : refuse_hint(passage, PROBLEM_MALFORMED,
                                          "`reason` is for people who may read the log.");
}

static velum_status parse_filter(passage *passage, message_filter *out)
{
    static const char *const members[] = {"state", "reason", "module", "from", "limit", NULL};
    int64_t limit = LIST_USUAL;

    *out = (message_filter){.before_n = INT64_MAX};
    VELUM_TRY(parse_known_members(passage, json_root(passage->body), members));
    VELUM_TRY(parse_names(passage, out));
    VELUM_TRY(parse_number(passage, "from", INT64_MAX, &out->before_n));
    VELUM_TRY(parse_number(passage, "limit", LIST_MAX, &limit));
    out->limit = (uint32_t)limit;
    return bound_to_own(passage, out);
}

static velum_status write_row(void *context, const message_row *row)
{
    listing *const self = context;
    passage *const passage = self->passage;
    const size_t mark = secret_arena_mark(passage->arena);

    self->count++;
    self->last_n = row->n;
    json_begin_object(self->out);
    VELUM_TRY(write_message(passage, row, self->out));
    json_end_object(self->out);
    if (passage->opened != NULL) {
        VELUM_TRY(many_name(passage));
    }
    locate_forget(passage);
    secret_arena_rewind(passage->arena, mark);
    return VELUM_OK;
}

velum_status message_list_mask(passage *passage)
{
    message_filter filter;
    json_writer out;
    listing listing = {.passage = passage, .out = &out};

    VELUM_TRY(parse_filter(passage, &filter));
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_LIST);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_name(&out, "messages");
    json_begin_array(&out);
    VELUM_TRY(message_visit(passage->conn, &filter, write_row, &listing));
    json_end_array(&out);
    if (listing.count == filter.limit) {
        json_member_integer(&out, "next", listing.last_n);
    }
    json_end_object(&out);
    passage->entry.record_count = listing.count;
    return buffer_status(&passage->answer->body);
}
