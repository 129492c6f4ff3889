/* vault/destruction.c */
#include "vault/internal.h"
