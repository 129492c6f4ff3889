/* core/certificate.c */
#include "core/certificate.h"

#include "core/schema.h"

const char *const certificate_schema_2[] = {NULL};
