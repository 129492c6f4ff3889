/* core/request_show.c: a request as JSON, for the person, for who took it in, for an officer. */
#include "core/request_row.h"

#include "core/locate.h"

void request_write_time(json_writer *out, const char *name, int64_t at_ns)
{
    char at[TIME_TEXT_BYTES];

    if (at_ns != 0) {
        time_format(at_ns, at);
        json_member_string(out, name, at);
    }
}

velum_status request_parse_id(passage *passage, text id, uint8_t out[16])
{
    return id.size == 32 && hex_decode(id, out, 16) == VELUM_OK
               ? VELUM_OK
               : refuse(passage, PROBLEM_NOT_FOUND);
}

static void write_hex(json_writer *out, const char *name, const uint8_t *bytes, size_t size)
{
    char digits[2 * SHA256_BYTES + 1];

    hex_encode(bytes, size, digits);
    json_member_string(out, name, digits);
}

static void write_number_name(const passage *passage, uint32_t kind, uint16_t number,
                              json_writer *out)
{
    const char *const name = world_name(passage->world, kind, number);

    json_write_text(out, text_of(name));
}

static void write_names(const passage *passage, uint32_t kind, const uint16_t *numbers,
                        uint32_t count, json_writer *out)
{
    json_begin_array(out);
    for (uint32_t i = 0; i < count; i++) {
        write_number_name(passage, kind, numbers[i], out);
    }
    json_end_array(out);
}

/* --- what it is about -------------------------------------------------------------------------------- */

static void write_kept(const passage *passage, const request *row, json_writer *out)
{
    const bundle *const bundle = passage->world->bundle;

    if (row->kept_count == 0) {
        return;
    }
    json_name(out, "kept");
    json_begin_array(out);
    for (uint32_t i = 0; i < row->kept_count; i++) {
        const uint16_t number = row->kept[i].category;
        const uint32_t index = bundle_find_number(bundle, REGISTRY_CATEGORY, number);
        json_begin_object(out);
        json_name(out, "category");
        write_number_name(passage, REGISTRY_CATEGORY, number, out);
        if (index != BUNDLE_NONE && bundle->categories[index].retain_law.size > 0) {
            json_member_text(out, "law", bundle->categories[index].retain_law);
        }
        request_write_time(out, "until", row->kept[i].until_ns);
        json_end_object(out);
    }
    json_end_array(out);
}

static void write_task(const passage *passage, const request_task *task, json_writer *out)
{
    json_begin_object(out);
    json_name(out, "processor");
    write_number_name(passage, REGISTRY_RECIPIENT, task->processor, out);
    json_member_string(out, "state", request_task_state_name(task->state));
    json_member_integer(out, "attempts", task->attempts);
    if (task->error != 0) {
        json_member_string(out, "last_error", request_task_error_name(task->error));
    }
    request_write_time(out, "retry", task->retry_ns);
    json_end_object(out);
}

/* The first that fails, or the hold. */
static void write_paused_by(const passage *passage, const request *row, json_writer *out)
{
    if (row->state != REQUEST_PAUSED) {
        return;
    }
    if ((row->flags & REQUEST_HELD) != 0) {
        json_member_string(out, "paused_by", "legal-hold");
        return;
    }
    for (uint32_t i = 0; i < row->task_count; i++) {
        if (row->tasks[i].state == TASK_FAILED) {
            json_name(out, "paused_by");
            write_number_name(passage, REGISTRY_RECIPIENT, row->tasks[i].processor, out);
            return;
        }
    }
}

static void write_tasks(const passage *passage, const request *row, json_writer *out)
{
    write_paused_by(passage, row, out);
    if (row->task_count == 0) {
        return;
    }
    json_name(out, "tasks");
    json_begin_array(out);
    for (uint32_t i = 0; i < row->task_count; i++) {
        write_task(passage, &row->tasks[i], out);
    }
    json_end_array(out);
}

static void write_times(const request *row, json_writer *out)
{
    const bool is_ended = request_is_ended(row->state);

    request_write_time(out, "received", row->received_ns);
    request_write_time(out, "due", row->due_ns);
    if (!is_ended && (row->flags & REQUEST_CONFIRMED) == 0) {
        request_write_time(out, "confirm_by", row->confirm_ns);
    }
    if (row->state == REQUEST_NEED_VERIFICATION) {
        request_write_time(out, "verify_by", row->verify_ns);
    }
    if (row->state == REQUEST_COOL_DOWN) {
        request_write_time(out, "cool_down_until", row->cool_ns);
    }
    if ((row->flags & REQUEST_OVERDUE) != 0) {
        json_member_bool(out, "overdue", true);
    }
    if ((row->flags & REQUEST_EXTENDED) != 0) {
        json_member_bool(out, "extended", true);
    }
    request_write_time(out, "ended", row->ended_ns);
}

static void write_plain(const passage *passage, const request *row, json_writer *out)
{
    write_hex(out, "id", row->id, sizeof(row->id));
    json_member_string(out, "right", right_name(row->right));
    json_member_string(out, "state", request_state_name(row->state));
    json_member_bool(out, "verified", (row->flags & REQUEST_VERIFIED) != 0);
    write_times(row, out);
    if (row->denial != 0) {
        json_member_string(out, "reason", request_denial_name(row->denial));
    }
    if (row->category_count > 0) {
        json_name(out, "categories");
        write_names(passage, REGISTRY_CATEGORY, row->categories, row->category_count, out);
    }
    write_tasks(passage, row, out);
    if (row->has_certificate) {
        write_hex(out, "certificate", row->certificate, sizeof(row->certificate));
    }
    write_kept(passage, row, out);
    json_member_integer(out, "version", row->version);
    json_name(out, "jurisdictions");
    write_names(passage, REGISTRY_JURISDICTION, row->jurisdictions, row->jurisdiction_count, out);
    write_hex(out, "policy", row->policy, sizeof(row->policy));
}

/* --- words --------------------------------------------------------------------------------------------- */

static void write_notes(const request_facts *facts, json_writer *out)
{
    const request_note *extension = NULL;

    if (facts->note_count == 0) {
        return;
    }
    json_name(out, "notes");
    json_begin_array(out);
    for (uint32_t i = 0; i < facts->note_count; i++) {
        const request_note *const note = &facts->notes[i];
        extension = note->act == REQUEST_ACT_EXTEND ? note : extension;
        json_begin_object(out);
        json_member_string(out, "act", request_act_name(note->act));
        request_write_time(out, "at", note->at_ns);
        json_member_text(out, "text", note->words);
        json_end_object(out);
    }
    json_end_array(out);
    if (extension != NULL) {
        json_member_text(out, "extension_details", extension->words);
    }
}

/* Under the name of a credential, while there is one. */
static void write_actor(const passage *passage, const char *name,
                        const uint8_t token[ENTRY_TOKEN_BYTES], json_writer *out)
{
    static const uint8_t none[ENTRY_TOKEN_BYTES] = {0};
    const world *const world = passage->world;

    if (memcmp(token, none, sizeof(none)) == 0) {
        json_member_string(out, name, "customer");
        return;
    }
    for (uint32_t i = 0; i < world->credential_count; i++) {
        if (memcmp(world->credentials[i].actor_token, token, ENTRY_TOKEN_BYTES) == 0) {
            json_member_string(out, name, world->credentials[i].name);
            return;
        }
    }
}

static void write_verification(const passage *passage, const request_facts *facts, json_writer *out)
{
    if (facts->method == 0) {
        return;
    }
    json_name(out, "verification");
    json_begin_object(out);
    json_member_string(out, "method", request_method_name(facts->method));
    request_write_time(out, "at", facts->verified_ns);
    write_actor(passage, "by", facts->verified_by, out);
    json_end_object(out);
}

/* The person as who took it in named them: DOMAIN:REF. */
static velum_status write_person(passage *passage, const request *row, json_writer *out)
{
    const char *const domain = world_name(passage->world, REGISTRY_DOMAIN, row->domain);
    const aes_block *permutation = NULL;
    char ref[PSEUDONYM_TEXT_BYTES];
    char shown[DOMAIN_NAME_BYTES_MAX + 1 + PSEUDONYM_TEXT_BYTES];

    if (!row->has_subject || domain == NULL || strlen(domain) > DOMAIN_NAME_BYTES_MAX) {
        return VELUM_OK;
    }
    VELUM_TRY(keyring_domain(passage->gate->keys, row->domain, &permutation));
    pseudonym_format(permutation, &row->subject, ref);
    (void)stpcpy(stpcpy(stpcpy(shown, domain), ":"), ref);
    json_member_string(out, "subject", shown);
    return VELUM_OK;
}

static velum_status write_for_officer(passage *passage, const request *row,
                                      const request_facts *facts, json_writer *out)
{
    VELUM_TRY(write_person(passage, row, out));
    write_actor(passage, "taken_by", row->taken_by, out);
    write_verification(passage, facts, out);
    if (facts->identifier_type.size > 0) {
        json_name(out, "identifier");
        json_begin_object(out);
        json_member_text(out, "type", facts->identifier_type);
        json_member_text(out, "value", facts->identifier_value);
        json_end_object(out);
    }
    return VELUM_OK;
}

velum_status request_write(passage *passage, const request *row, const request_facts *facts,
                           uint32_t for_whom, json_writer *out)
{
    json_begin_object(out);
    write_plain(passage, row, out);
    if (facts != NULL && for_whom != REQUEST_SHOW_SERVICE) {
        if (facts->details.size > 0) {
            json_member_text(out, "details", facts->details);
        }
        write_notes(facts, out);
    }
    if (facts != NULL && for_whom == REQUEST_SHOW_OFFICER) {
        VELUM_TRY(write_for_officer(passage, row, facts, out));
    }
    json_end_object(out);
    return VELUM_OK;
}
