/* vault/destruction.c */
#include "vault/internal.h"

const char *const vault_schema_2[] = {NULL};
