#include "tests/core/rows_support.h"

scene scene_other(place *self, const scene *at, const char *mobile)
{
    scene out = *at;

    out.mobile = mobile;
    out.shop_ref = person(self, at->shop, mobile, full_profile);
    const char *const body =
        text_f(self, "{\"identifier\":{\"type\":\"mobile\",\"value\":\"%s\"}}", mobile);
    const question asked = {VELUM_VERB_LOOKUP, at->token, .activity = "order-capture",
                            .body = body};
    out.ref = text_f(self, "%s", text_at(assert_done(ask(self, asked)), "subject"));
    return out;
}

scene scene_begin(place *self)
{
    const scene out = {.shop = shop_token(self),
                       .token = token_of(self, (holder){"capture", NULL, "crm_module",
                                                        "order-capture", "crm", NULL})};

    return scene_other(self, &out, "13900000001");
}

void scene_policy(place *self, const char *on_erasure)
{
    const char *const changes[] = {
        "actions: [lookup, rows-write, rows-read]\\n    actors: [service, human]\\n"
        "    resources: {orders: all, order_lines: all}",
        "actions: [lookup, rows-write, rows-read]\\n    actors: [service, human]\\n"
        "    resources: {orders: all, order_lines: all, winback_runs: all}",
        "on-erasure: erase",
        text_f(self, "on-erasure: %s", on_erasure),
        "occurrence: {title: {zh: 轮次, en: Occurrence}, class: personal, mask: all, "
        "required: true}",
        "occurrence: {title: {zh: 轮次, en: Occurrence}, class: personal, mask: all, required: "
        "true, dimension: true, index: true}",
        NULL};

    change_policy(self, changes);
}

const reply *row_put(place *self, const scene *at, const char *body)
{
    forget_refusals(self);
    return ask(self, (question){VELUM_VERB_ROW_PUT, at->token, .ref = at->ref, .body = body});
}

const reply *row_read(place *self, const scene *at, const char *body)
{
    forget_refusals(self);
    return ask(self, (question){VELUM_VERB_ROW_READ, at->token, .ref = at->ref, .body = body});
}

const char *order_of(place *self, const char *key, const char *day, int amount)
{
    return text_f(self,
                  "{\"table\":\"orders\",\"key\":\"%s\",\"fields\":{\"ordered_at\":"
                  "\"%sT10:00:00Z\",\"amount\":%d},\"rows\":{\"order_lines\":[{\"key\":\"1\","
                  "\"fields\":{\"product\":\"茶\",\"quantity\":1}}]}}",
                  key, day, amount);
}

const char *run_of(place *self, const char *key, const char *occurrence, const char *state)
{
    return text_f(self,
                  "{\"table\":\"winback_runs\",\"key\":\"%s\",\"fields\":{\"occurrence\":\"%s\","
                  "\"state\":\"%s\"}}",
                  key, occurrence, state);
}
