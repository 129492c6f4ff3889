/* policy/bundle_source.h: what a bundle owns besides its tables. Private to policy/. */
#ifndef POLICY_BUNDLE_SOURCE_H
#define POLICY_BUNDLE_SOURCE_H

#include "base/yaml.h"
#include "policy/bundle.h"

/* Registry numbers below this are found without a search. They are given out from 1 upwards, so that
 * a policy's own numbers are nearly always small. */
#define NUMBERS_DIRECT 256

typedef struct bundle_source {
    yaml *tree;    /* owns every name and title */
    char *notices; /* owns ids, languages and bodies of notices */
    uint8_t index_of[REGISTRY_KINDS][NUMBERS_DIRECT]; /* 1 + index; 0: look through the table */
} bundle_source;

/* An empty bundle with its source; NULL when there is no memory. */
bundle *bundle_create(void);

#endif
