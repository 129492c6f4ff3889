/* core/sample_names.h: names for people who do not exist: common ones, put together by chance. */
#ifndef CORE_SAMPLE_NAMES_H
#define CORE_SAMPLE_NAMES_H

#include "base/random.h"

#define SAMPLE_NAME_BYTES 64

typedef struct sample_name {
    char full[SAMPLE_NAME_BYTES];  /* as written: "王芳", "Emma Clark" */
    char latin[SAMPLE_NAME_BYTES]; /* lower-case letters and points, for an address of mail */
} sample_name;

void sample_name_chinese(const velum_random *random, bool is_male, sample_name *out);
void sample_name_western(const velum_random *random, bool is_male, sample_name *out);

#endif
