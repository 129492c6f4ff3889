/* core/hook_show.c: for people: what waits and what failed, and the secret that a receiver needs. */
#include "core/hook.h"

#include "core/locate.h"
#include "core/parse.h"
#include "core/verbs.h"

#define LIST_MAX 200
#define SECRET_PREFIX "whsec_"

/* --- list --------------------------------------------------------------------------------------- */

typedef struct listing {
    const passage *passage;
    json_writer out;
} listing;

/* Nobody's pseudonym: it is the receiver's, and of another domain (I-10). */
static velum_status write_row(void *context, const hook_row *row)
{
    listing *const self = context;
    const char *const name = world_name(self->passage->world, REGISTRY_HOOK, row->hook);
    char id[2 * HOOK_ID_BYTES + 1];
    char at[TIME_TEXT_BYTES];
    char due[TIME_TEXT_BYTES];

    hex_encode(row->id, sizeof(row->id), id);
    time_format(row->at_ns, at);
    time_format(row->due_ns, due);
    json_begin_object(&self->out);
    json_member_string(&self->out, "id", id);
    json_member_string(&self->out, "hook", name == NULL ? "" : name);
    json_member_string(&self->out, "event", hook_event_name(row->event));
    json_member_string(&self->out, "state", hook_state_name(row->state));
    json_member_integer(&self->out, "attempts", row->attempts);
    json_member_integer(&self->out, "status", row->status);
    json_member_string(&self->out, "at", at);
    json_member_string(&self->out, "due", due);
    json_end_object(&self->out);
    return buffer_status(self->out.out);
}

velum_status hook_list_mask(passage *passage)
{
    listing self = {.passage = passage};

    VELUM_TRY(locate_snapshot(passage));
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_LIST);
    json_writer_init(&self.out, &passage->answer->body);
    json_begin_object(&self.out);
    json_name(&self.out, "hooks");
    json_begin_array(&self.out);
    VELUM_TRY(hook_each(passage->conn, LIST_MAX, write_row, &self));
    json_end_array(&self.out);
    json_end_object(&self.out);
    return buffer_status(&passage->answer->body);
}

/* --- secret ------------------------------------------------------------------------------------- */

velum_status hook_secret_mask(passage *passage)
{
    static const char *const members[] = {"hook", NULL};
    const bundle *const bundle = passage->world->bundle;
    char shown[sizeof(SECRET_PREFIX) + BASE64_SIZE(KEY_BYTES)] = SECRET_PREFIX;
    uint8_t secret[KEY_BYTES];
    json_writer out;
    text name;

    VELUM_TRY(locate_snapshot(passage));
    VELUM_TRY(parse_known_members(passage, json_root(passage->body), members));
    VELUM_TRY(parse_text_member(passage, json_root(passage->body), "hook", &name));
    const uint32_t index = bundle_find(bundle, REGISTRY_HOOK, name);
    if (index == BUNDLE_NONE) {
        return refuse_hint(passage, PROBLEM_NOT_FOUND, "The policy has no hook of this name.");
    }
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_HOOK_SECRET);
    entry_push(&passage->entry, INPUT_HOOK, bundle->hooks[index].number);
    hook_secret(passage->gate->keys, name, bundle->hooks[index].secret, secret);
    base64_encode(secret, sizeof(secret), shown + sizeof(SECRET_PREFIX) - 1);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_text(&out, "hook", name);
    json_member_integer(&out, "number", bundle->hooks[index].secret);
    json_member_string(&out, "secret", shown);
    json_end_object(&out);
    mem_wipe(secret, sizeof(secret));
    mem_wipe(shown, sizeof(shown));
    return buffer_status(&passage->answer->body);
}
