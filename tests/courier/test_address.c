/* Which addresses are the outside (RFC 6890), in every form in which they can come. */
#include "courier/address.h"

#include "courier/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

static struct sockaddr_storage address_of(const char *written)
{
    struct sockaddr_storage out;
    struct sockaddr_in *const v4 = (struct sockaddr_in *)&out;
    struct sockaddr_in6 *const v6 = (struct sockaddr_in6 *)&out;

    memset(&out, 0, sizeof out);
    if (inet_pton(AF_INET, written, &v4->sin_addr) == 1) {
        out.ss_family = AF_INET;
    } else {
        assert_int_equal(inet_pton(AF_INET6, written, &v6->sin6_addr), 1);
        out.ss_family = AF_INET6;
    }
    return out;
}

static void assert_public(const char *written, bool expected)
{
    const struct sockaddr_storage address = address_of(written);

    if (address_is_public((const struct sockaddr *)&address) != expected) {
        fail_msg("%s is %s", written, expected ? "public" : "not public");
    }
}

static void the_outside_is_public(void **state)
{
    static const char *const outside[] = {
        "1.1.1.1",      "8.8.8.8",         "9.255.255.255", "11.0.0.0",        "100.63.255.255",
        "100.128.0.0",  "126.255.255.255", "128.0.0.1",     "169.253.255.255", "172.15.255.255",
        "172.32.0.0",   "192.167.255.255", "192.169.0.0",   "223.255.255.255", "2606:4700::1111",
        "2400:3200::1", "2a00::1",
    };

    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        assert_public(outside[i], true);
    }
}

static void what_is_not_the_outside_is_refused(void **state)
{
    static const char *const inside[] = {
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1", /* CGNAT */
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254", /* metadata of clouds */
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:1.1.1.1", /* mapped, whatever it carries */
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",     /* compatible */
        "64:ff9b::7f00:1", /* NAT64 */
        "64:ff9b:1::1",
        "100::1",
        "2001::1", /* Teredo */
        "2001:db8::1",
        "2002:7f00:1::1", /* 6to4 */
        "3fff::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    };

    for (size_t i = 0; i < sizeof inside / sizeof inside[0]; i++) {
        assert_public(inside[i], false);
    }
}

static void another_family_is_no_address(void **state)
{
    const struct sockaddr_un local = {.sun_family = AF_UNIX};

    assert_false(address_is_public((const struct sockaddr *)&local));
    assert_false(address_is_loopback((const struct sockaddr *)&local));
}

static void loopback_is_told_apart(void **state)
{
    static const char *const loopback[] = {"127.0.0.1", "127.9.9.9", "::1"};
    static const char *const others[] = {"10.0.0.1", "128.0.0.1", "::ffff:127.0.0.1", "fe80::1"};

    for (size_t i = 0; i < sizeof loopback / sizeof loopback[0]; i++) {
        const struct sockaddr_storage address = address_of(loopback[i]);
        assert_true(address_is_loopback((const struct sockaddr *)&address));
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const struct sockaddr_storage address = address_of(others[i]);
        assert_false(address_is_loopback((const struct sockaddr *)&address));
    }
}

/* --- URLs ------------------------------------------------------------------------------------------ */

static void a_url_says_where(void **state)
{
    url parsed;

    assert_int_equal(url_parse(TEXT_LITERAL("https://Shop.Example.cn/a?b=c"), &parsed), VELUM_OK);
    assert_string_equal(parsed.host, "shop.example.cn");
    assert_int_equal(parsed.port, 443);
    assert_int_equal(url_parse(TEXT_LITERAL("smtps://[::1]:2465"), &parsed), VELUM_OK);
    assert_string_equal(parsed.host, "::1");
    assert_int_equal(parsed.port, 2465);
}

static void a_url_that_leaves_a_doubt_is_none(void **state)
{
    static const char *const none[] = {
        "",
        "https://",
        "https:///x",
        "https://:443/",
        "HTTPS://a.cn",
        "gopher://a.cn",
        "file:///etc/passwd",
        "https://a.cn:0/",
        "https://a.cn:65536/",
        "https://a.cn:/",
        "https://a.cn:4 43/",
        "https://user@a.cn/",
        "https://a.cn@b.cn/",
        "https://a.cn#b.cn/",
        "https://a.cn?b",
        "https://a.cn\\@b.cn/",
        "https://a_b.cn/",
        "https://-a.cn/",
        "https://.a.cn/",
        "https://\xe4\xbc\x98.cn/",
        "https://[::1/",
        "https://[::g]/",
        "https://[::1]x/",
        "https://a.cn/\r\nX: y",
        "https://a.cn/ x",
        "smtp://a.cn/x",
    };
    url parsed;

    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        if (url_parse(text_of(none[i]), &parsed) == VELUM_OK) {
            fail_msg("%s is taken", none[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_outside_is_public),
        cmocka_unit_test(what_is_not_the_outside_is_refused),
        cmocka_unit_test(another_family_is_no_address),
        cmocka_unit_test(loopback_is_told_apart),
        cmocka_unit_test(a_url_says_where),
        cmocka_unit_test(a_url_that_leaves_a_doubt_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
