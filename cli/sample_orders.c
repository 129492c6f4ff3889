/* cli/sample_orders.c: orders of the sample, drawn. */
#include "cli/sample_orders.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/csv.h"
#include "base/random.h"

#define ORDERS_MAX 6
#define LINES_MAX 4
#define FIRST_DAY ((civil_date){2025, 12, 1})
#define DAYS 355
#define SEED_OF_ORDERS UINT64_C(0x6f7264657273) /* "orders": another draw than the person's own */

const char sample_orders_titles[] =
    "order_no,customer_no,ordered_at,store,region,product,quantity,amount\r\n";

const char sample_orders_map[] =
    "# Made by `velum sample --csv`, for `velum-crm orders load`.\n"
    "velum-orders: 1\n"
    "source: sample-file\n"
    "customer: {type: \"ext:shop\", column: customer_no}\n"
    "orders:\n"
    "  table: orders\n"
    "  key: order_no\n"
    "  fields:\n"
    "    ordered_at: {from: ordered_at, as: time, offset: \"+08:00\"}\n"
    "    store: {from: store}\n"
    "    region: {from: region}\n"
    "    amount: {sum: amount}\n"
    "    currency: {value: CNY}\n"
    "lines:\n"
    "  table: order_lines\n"
    "  key: product\n"
    "  fields:\n"
    "    product: {from: product}\n"
    "    quantity: {from: quantity, as: integer}\n"
    "    amount: {from: amount, as: cents}\n";

typedef struct product {
    const char *name;
    uint32_t fen; /* a piece */
} product;

static const product products[] = {
    {"大米 5kg", 3990}, {"鲜牛奶", 1290},   {"吐司面包", 890},    {"洗衣液", 3590},
    {"卫生纸", 2690},   {"苹果 1kg", 1580}, {"鸡蛋 10 枚", 1480}, {"绿茶", 5900},
};
#define PRODUCTS (sizeof(products) / sizeof(products[0]))

static void write_line(const sample_shopper *who, const char *order, const char *moment,
                       const velum_random *random, buffer *out)
{
    const product *const what = &products[random_below(random, PRODUCTS)];
    const uint32_t quantity = 1 + random_below(random, 3);
    const uint32_t fen = quantity * what->fen;

    csv_append_field(out, text_of(order), false);
    csv_append_field(out, who->number, false);
    csv_append_field(out, text_of(moment), false);
    csv_append_field(out, who->store, false);
    csv_append_field(out, who->region, false);
    csv_append_field(out, text_of(what->name), false);
    buffer_append_format(out, "%u,%u.%02u\r\n", quantity, fen / 100, fen % 100);
}

static uint32_t write_order(const sample_shopper *who, uint32_t n, const velum_random *random,
                            buffer *out)
{
    const int32_t day = civil_date_to_days(FIRST_DAY) + (int32_t)random_below(random, DAYS);
    const uint32_t lines = 1 + random_below(random, LINES_MAX);
    char date[CIVIL_DATE_TEXT_BYTES];
    char moment[48];
    char order[48];

    civil_date_format(civil_date_from_days(day), date);
    (void)snprintf(moment, sizeof(moment), "%sT%02u:%02u:00", date, 9 + random_below(random, 12),
                   random_below(random, 60));
    (void)snprintf(order, sizeof(order), "S%06u-%u", who->index, n);
    for (uint32_t i = 0; i < lines; i++) {
        write_line(who, order, moment, random, out);
    }
    return lines;
}

uint32_t sample_orders_write(const sample_shopper *who, buffer *out)
{
    random_seeded state;
    const velum_random random =
        random_from_seed(&state, who->seed ^ SEED_OF_ORDERS ^ ((uint64_t)who->index << 20));
    const uint32_t orders = random_below(&random, ORDERS_MAX + 1);
    uint32_t lines = 0;

    for (uint32_t n = 1; n <= orders; n++) {
        lines += write_order(who, n, &random, out);
    }
    return lines;
}
