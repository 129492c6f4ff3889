/* vault/generation.c */
#include "vault/internal.h"

vault_mark vault_savepoint(const vault *self)
{
    (void)self;
    return (vault_mark){0};
}

void vault_savepoint_rollback(vault *self, const vault_mark *mark)
{
    (void)self;
    (void)mark;
}
