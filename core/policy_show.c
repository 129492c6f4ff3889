/* core/policy_show.c: the policy in force, told to whoever runs the gate: what may be done, who sees what,
 * and what modules keep, count and say. */
#include "core/locate.h"
#include "core/policy_change.h"
#include "core/verbs.h"

static void write_titles(json_writer *out, text title_en, text title_zh)
{
    json_member_text(out, "title_en", title_en);
    json_member_text(out, "title_zh", title_zh);
}

/* {"orders": ["ordered_at", …]}, where the activity has any. */
static void write_resources(const bundle *bundle, const bundle_activity *activity, json_writer *out)
{
    json_name(out, "resources");
    json_begin_object(out);
    for (uint32_t i = 0; i < bundle->resource_count; i++) {
        const bundle_resource *const resource = &bundle->resources[i];
        if (activity->resources[i] == 0) {
            continue;
        }
        json_name_text(out, resource->name);
        json_begin_array(out);
        for (uint64_t rest = activity->resources[i]; rest != 0; rest &= rest - 1) {
            json_write_text(out, resource->fields[__builtin_ctzll(rest)].name);
        }
        json_end_array(out);
    }
    json_end_object(out);
}

static void write_activities(const bundle *bundle, json_writer *out)
{
    json_name(out, "activities");
    json_begin_array(out);
    for (uint32_t i = 0; i < bundle->activity_count; i++) {
        const bundle_activity *activity = &bundle->activities[i];
        const bundle_purpose *purpose = &bundle->purposes[activity->purpose];
        json_begin_object(out);
        json_member_text(out, "name", activity->name);
        write_titles(out, activity->title_en, activity->title_zh);
        json_member_text(out, "purpose", purpose->name);
        json_member_string(out, "basis", basis_name(purpose->basis));
        json_name(out, "actions");
        json_begin_array(out);
        for (uint32_t bit = 0; bit < ACTION_COUNT; bit++) {
            if ((activity->actions >> bit & 1) != 0) {
                json_write_text(out, text_of(action_name(1U << bit)));
            }
        }
        json_end_array(out);
        write_resources(bundle, activity, out);
        json_end_object(out);
    }
    json_end_array(out);
}

static const char *effect_of(uint64_t clear, uint64_t mask, uint32_t field)
{
    if ((clear >> field & 1) != 0) {
        return "clear";
    }
    return (mask >> field & 1) != 0 ? "mask" : "hide";
}

/* Cells of tables of which the role sees anything. */
static void write_table_cells(const bundle *bundle, const bundle_role *role, json_writer *out)
{
    json_name(out, "resources");
    json_begin_object(out);
    for (uint32_t i = 0; i < bundle->resource_count; i++) {
        const bundle_resource *const resource = &bundle->resources[i];
        if ((role->resource_clear[i] | role->resource_mask[i]) == 0) {
            continue;
        }
        json_name_text(out, resource->name);
        json_begin_object(out);
        for (uint32_t f = 0; f < resource->field_count; f++) {
            json_name_text(out, resource->fields[f].name);
            json_write_text(out,
                            text_of(effect_of(role->resource_clear[i], role->resource_mask[i], f)));
        }
        json_end_object(out);
    }
    json_end_object(out);
}

static void write_roles(const bundle *bundle, json_writer *out)
{
    json_name(out, "roles");
    json_begin_array(out);
    for (uint32_t i = 0; i < bundle->role_count; i++) {
        const bundle_role *role = &bundle->roles[i];
        json_begin_object(out);
        json_member_text(out, "name", role->name);
        json_name(out, "fields");
        json_begin_object(out);
        for (uint32_t f = 0; f < bundle->field_count; f++) {
            json_name_text(out, bundle->fields[f].name);
            json_write_text(out, text_of(effect_of(role->clear, role->mask, f)));
        }
        json_end_object(out);
        write_table_cells(bundle, role, out);
        json_end_object(out);
    }
    json_end_array(out);
}

static void write_tables(const bundle *bundle, uint32_t module, json_writer *out)
{
    json_name(out, "tables");
    json_begin_array(out);
    for (uint32_t i = 0; i < bundle->resource_count; i++) {
        const bundle_resource *const resource = &bundle->resources[i];
        if (resource->module != module) {
            continue;
        }
        json_begin_object(out);
        json_member_text(out, "name", resource->name);
        write_titles(out, resource->title_en, resource->title_zh);
        json_member_string(out, "on_erasure", rows_way_name(resource->erasure));
        json_member_integer(out, "fields", resource->field_count);
        json_end_object(out);
    }
    json_end_array(out);
}

static void write_modules(const bundle *bundle, json_writer *out)
{
    json_name(out, "modules");
    json_begin_array(out);
    for (uint32_t i = 0; i < bundle->module_count; i++) {
        const bundle_module *const module = &bundle->modules[i];
        char hex[65];
        hex_encode(module->hash, SHA256_BYTES, hex);
        json_begin_object(out);
        json_member_text(out, "name", module->name);
        write_titles(out, module->title_en, module->title_zh);
        json_member_text(out, "domain", module->domain);
        json_member_string(out, "hash", hex);
        write_tables(bundle, i, out);
        json_end_object(out);
    }
    json_end_array(out);
}

velum_status policy_show(passage *passage)
{
    const bundle *bundle = passage->world->bundle;
    char hash[65];
    json_writer out;

    hex_encode(bundle->hash, SHA256_BYTES, hash);
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_SHOW);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_string(&out, "policy", hash);
    json_member_text(&out, "name", bundle->name);
    json_member_text(&out, "jurisdiction", bundle->jurisdiction);
    write_activities(bundle, &out);
    write_roles(bundle, &out);
    write_modules(bundle, &out);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}
