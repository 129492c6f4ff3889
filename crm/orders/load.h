/* crm/orders/load.h: the module `orders`: a till's file of items becomes orders. */
#ifndef CRM_ORDERS_LOAD_H
#define CRM_ORDERS_LOAD_H

#include "crm/options.h"

/* `velum-crm orders load FILE --map MAP`; an exit code. Loading a file again changes nothing. */
int orders_load(const options *options);

#endif
