/* tests/core/rows_support.h: a customer, a module, and rows of theirs. */
#ifndef TESTS_CORE_ROWS_SUPPORT_H
#define TESTS_CORE_ROWS_SUPPORT_H

#include "tests/core/support.h"

/* A module's token, and a customer as the module and as the shop knows them. */
typedef struct scene {
    const char *shop;
    const char *token;
    const char *mobile;
    const char *ref;      /* of the domain crm */
    const char *shop_ref; /* of the domain shop */
} scene;

/* 13900000001 with the full profile; the module may write all tables of the sample. */
scene scene_begin(place *self);
/* The same module, another customer. */
scene scene_other(place *self, const scene *at, const char *mobile);
/* The policy with the table winback_runs under the activity order-capture and `on_erasure` for it, its
 * field `occurrence` being a dimension. */
void scene_policy(place *self, const char *on_erasure);

const reply *row_put(place *self, const scene *at, const char *body);
const reply *row_read(place *self, const scene *at, const char *body);
/* An order of a day: "2026-11-20". */
const char *order_of(place *self, const char *key, const char *day, int amount);
const char *run_of(place *self, const char *key, const char *occurrence, const char *state);

#endif
