/* Preloaded in front of everything: functions that only the door uses. Whoever lands here was
 * interposed. */
#include <stdlib.h>
#include <unistd.h>

#define TRAP(name)                                            \
    void name(void);                                          \
    void name(void)                                           \
    {                                                         \
        static const char line[] = "interposed: " #name "\n"; \
        (void)!write(2, line, sizeof line - 1);               \
        _exit(99);                                            \
    }

TRAP(sqlite3_key_v2)
TRAP(sqlite3_file_control)
TRAP(sqlite3_prepare_v3)
TRAP(sqlite3_wal_checkpoint_v2)
TRAP(sqlcipher_extra_init)
TRAP(EVP_CipherInit_ex)
TRAP(EVP_MAC_init)
TRAP(OPENSSL_init_crypto)
TRAP(RAND_bytes)
TRAP(sodium_init)
TRAP(store_open)
TRAP(conn_begin)
TRAP(mem_alloc)
