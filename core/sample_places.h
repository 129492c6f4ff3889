/* core/sample_places.h: cities, districts and stores of the sample. */
#ifndef CORE_SAMPLE_PLACES_H
#define CORE_SAMPLE_PLACES_H

#include <stdint.h>

#define SAMPLE_STORES 30
#define SAMPLE_DISTRICTS 149

typedef struct sample_district {
    uint32_t code; /* GB/T 2260, the first six digits of an identity card */
    const char *name;
} sample_district;

typedef struct sample_city {
    const char *name;
    const char *latin;
    const char *region;
    uint32_t district_first; /* index */
    uint32_t district_count;
} sample_city;

/* `index` below SAMPLE_DISTRICTS. */
const sample_district *sample_district_at(uint32_t index);
/* The city of store `index`, below SAMPLE_STORES. */
const sample_city *sample_city_of_store(uint32_t index);

#endif
