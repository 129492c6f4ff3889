/* compile_uses.c: what is declared and never used; each is a warning, since it harms nobody. */
#include "policy/compiler.h"

#include <stdio.h>

static bool an_activity_uses(const bundle *policy, uint32_t purpose)
{
    for (uint32_t i = 0; i < policy->activity_count; i++) {
        if (policy->activities[i].purpose == purpose) {
            return true;
        }
    }
    return false;
}

static void warn_of_purposes(compiler *self)
{
    for (uint32_t i = 0; i < self->out->purpose_count; i++) {
        if (!an_activity_uses(self->out, i)) {
            tell_warning(self, self->purpose_lines[i], "no activity uses the purpose %s",
                         quote(self->out->purposes[i].name).text);
        }
    }
}

static void warn_of_fields(compiler *self)
{
    uint64_t seen = 0;

    for (uint32_t i = 0; i < self->out->role_count; i++) {
        seen |= self->out->roles[i].clear | self->out->roles[i].mask;
    }
    for (uint32_t i = 0; i < self->out->field_count; i++) {
        if ((seen & UINT64_C(1) << i) == 0) {
            tell_warning(self, self->field_lines[i], "no role sees the field %s",
                         quote(self->out->fields[i].name).text);
        }
    }
}

static bool a_purpose_uses(const compiler *self, text notice_id)
{
    for (uint32_t i = 0; i < self->out->purpose_count; i++) {
        if (text_equal(self->notice_ids[i], notice_id)) {
            return true;
        }
    }
    return false;
}

static void warn_of_notices(compiler *self)
{
    for (uint32_t i = 0; i < self->out->notice_count; i++) {
        const bundle_notice *const notice = &self->out->notices[i];
        char file[96];
        if (!a_purpose_uses(self, notice->id)) {
            (void)snprintf(file, sizeof(file), "notices/%.*s.%.*s.md", (int)notice->id.size,
                           notice->id.data, (int)notice->language.size, notice->language.data);
            tell_warning_in(self, file, "no purpose uses this notice");
        }
    }
}

static void warn_of_reason_codes(compiler *self)
{
    uint32_t used = 0;

    for (uint32_t i = 0; i < self->out->activity_count; i++) {
        used |= self->out->activities[i].reason_codes;
    }
    for (uint32_t i = 0; i < self->out->reason_code_count; i++) {
        if ((used & 1U << i) == 0) {
            tell_warning(self, self->reason_code_lines[i], "no activity uses the reason code %s",
                         quote(self->out->reason_codes[i].name).text);
        }
    }
}

static void warn_of_tables(compiler *self)
{
    for (uint32_t i = 0; i < self->out->resource_count; i++) {
        const bundle_resource *const resource = &self->out->resources[i];
        module_page page;
        uint64_t used = 0;
        for (uint32_t k = 0; k < self->out->activity_count; k++) {
            used |= self->out->activities[k].resources[i];
        }
        (void)module_open(self, resource->module, &page);
        if (used == 0) {
            tell_warning(self, self->resource_lines[i], "no activity uses the table %s",
                         quote(resource->name).text);
        }
        module_close(self, &page);
    }
}

void compile_uses(compiler *self)
{
    warn_of_purposes(self);
    warn_of_fields(self);
    warn_of_notices(self);
    warn_of_reason_codes(self);
    warn_of_tables(self);
}
