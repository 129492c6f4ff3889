/* core/sample.h: the customers of a retailer that does not exist.
 *
 * Person `index` of `seed` is always the same, and nobody. Mobile numbers and addresses of mail are
 * different for every index; identity cards for every index below SAMPLE_UNIQUE. Index 0 and 1 are
 * adults with Chinese names, index 2 is a child under 14 until 2030.
 */
#ifndef CORE_SAMPLE_H
#define CORE_SAMPLE_H

#include "core/sample_names.h"
#include "core/sample_places.h"

#define SAMPLE_UNIQUE (UINT32_C(1) << 27)

#define SAMPLE_MOBILE_BYTES 12
#define SAMPLE_ID_CARD_BYTES 19
#define SAMPLE_BANK_CARD_BYTES 20

typedef struct sample_person {
    uint32_t index;
    bool is_male;
    sample_name name;
    char mobile[SAMPLE_MOBILE_BYTES];
    char id_card[SAMPLE_ID_CARD_BYTES];
    char bank_card[SAMPLE_BANK_CARD_BYTES];
    char email[128];
    char address[256];
    char birthday[16]; /* "" when it is not known */
    const sample_city *city;
    const char *member_level;
    char store[8];
} sample_person;

void sample_person_draw(uint64_t seed, uint32_t index, sample_person *out);

#endif
