/* Attempts without any confinement: alone NAME PART VICTIM CALLER OTHER UUID. */
#include <stdio.h>

#include "tests/hostile/owned/attempts.h"

int main(int argc, char *argv[])
{
    struct order order;

    if (argc != 7 || !order_read((const char *const *)(const void *)(argv + 1), &order))
        return 2;
    order.scene.alone = true;
    puts(order_carry_out(&order));
    return 0;
}
