/* fuzz_orders_map.c: a map and a till's file of any bytes, parted by a NUL: what is taken gives JSON that
 * can be read again, what is not gives a reason. */
#include "base/json.h"
#include "crm/orders/order.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_json(const buffer *order)
{
    VELUM_AUTO(json) *parsed = NULL;
    const text written = {(const char *)order->data, order->size};

    require(json_parse(written, ORDER_BYTES_MAX, &parsed, NULL) == VELUM_OK);
    require(json_member(json_root(parsed), "key") != NULL);
}

static void write_orders(const orders_map *map, const items *items)
{
    order_of of = {.map = map, .items = items};

    while (of.first < items_count(items)) {
        VELUM_AUTO_BUFFER order = {0};
        const char *reason = NULL;
        of.end = items_end_of_order(items, of.first);
        require(of.end > of.first);
        buffer_init(&order, ORDER_BYTES_MAX);
        const velum_status status = order_write(&of, &order, &reason);
        require((status == VELUM_E_INVALID) == (reason != NULL));
        if (status == VELUM_OK) {
            check_json(&order);
        }
        of.first = of.end;
    }
}

static void try_file(orders_map *map, text bytes)
{
    VELUM_AUTO(items) *items = NULL;
    VELUM_AUTO_REJECTS rejects = {.path = "/dev/null"};
    velum_error err = {0};
    const int fd = memfd_create("items", MFD_CLOEXEC);

    if (fd < 0 || write(fd, bytes.data, bytes.size) != (ssize_t)bytes.size) {
        abort();
    }
    require(lseek(fd, 0, SEEK_SET) == 0);
    if (items_read(fd, map, &rejects, &items, &err) == VELUM_OK) {
        write_orders(map, items);
    }
    require(text_is_ascii(text_of(err.text)));
    (void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VELUM_AUTO(orders_map) *map = NULL;
    velum_error err = {0};
    const text whole = {size == 0 ? "" : (const char *)data, size};
    const size_t end = text_find_byte(whole, '\0');

    if (orders_map_compile((text){whole.data, end}, &map, &err) < 0) {
        require(map == NULL && text_is_ascii(text_of(err.text)));
        return 0;
    }
    require(map->orders.field_count > 0 && map->lines.field_count > 0);
    if (end < size) {
        try_file(map, (text){whole.data + end + 1, size - end - 1});
    }
    return 0;
}
