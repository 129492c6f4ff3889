/* --listen: numbers only, and loopback is known when it is seen. */
#include "gateway/address.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void addresses_are_read(void **state)
{
    static const struct {
        const char *address;
        const char *host;
        int family;
        bool is_loopback;
    } cases[] = {
        {"127.0.0.1:8080", "127.0.0.1", AF_INET, true},
        {"127.9.9.9:0", "127.9.9.9", AF_INET, true},
        {"localhost:65535", "127.0.0.1", AF_INET, true},
        {"[::1]:8080", "[::1]", AF_INET6, true},
        {"0.0.0.0:80", "0.0.0.0", AF_INET, false},
        {"[::]:80", "[::]", AF_INET6, false},
        {"128.0.0.1:80", "128.0.0.1", AF_INET, false},
        {"[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1]", AF_INET6, false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        listen_address address;
        assert_int_equal(listen_address_parse(text_of(cases[i].address), &address), VELUM_OK);
        assert_string_equal(address.host, cases[i].host);
        assert_int_equal(address.socket_address.ss_family, cases[i].family);
        assert_int_equal(address.is_loopback, cases[i].is_loopback);
    }
}

static void others_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        ":",
        ":8080",
        "8080",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1:08",
        "127.0.0.1:80x",
        "127.1:80",
        "example.com:80",
        "::1:80",
        "[::1:80",
        "[]:80",
        "[::1]",
        "[::1]x:80",
        "1.2.3.4.5:80",
        "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0001]:1",
    };
    listen_address address;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(listen_address_parse(text_of(bad[i]), &address), VELUM_E_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read),
        cmocka_unit_test(others_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
