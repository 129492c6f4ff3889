/* policy/bundle_source.h: what a bundle owns besides its tables. Private to policy/. */
#ifndef POLICY_BUNDLE_SOURCE_H
#define POLICY_BUNDLE_SOURCE_H

#include "base/yaml.h"
#include "policy/bundle.h"

/* Registry numbers below this are found without a search. They are given out from 1 upwards, so that
 * a policy's own numbers are nearly always small. */
#define NUMBERS_DIRECT 256

/* Modules, fields of tables, messages, and the categories of modules. */
#define NAMES_KEPT_MAX                                                                        \
    (BUNDLE_MODULES_MAX + BUNDLE_RESOURCES_MAX * RESOURCE_FIELDS_MAX + BUNDLE_TEMPLATES_MAX + \
     BUNDLE_CATEGORIES_MAX)

typedef struct bundle_source {
    yaml *tree;                        /* owns every name and title */
    yaml *modules[BUNDLE_MODULES_MAX]; /* own those of the modules */
    char *notices;                     /* owns ids, languages and bodies of notices */
    char *kept[NAMES_KEPT_MAX];        /* names that no file holds in one piece: "orders.amount" */
    uint32_t kept_count;
    uint8_t index_of[REGISTRY_KINDS][NUMBERS_DIRECT]; /* 1 + index; 0: look through the table */
} bundle_source;

/* An empty bundle with its source; NULL when there is no memory. */
bundle *bundle_create(void);

#endif
