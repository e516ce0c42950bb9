#include "xwsh/prepared.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *setting;
    const char *text;
} known[] = {
    [XW_PREPARED_READY] = {NULL, NULL},
    [XW_PREPARED_LATER] = {XW_PREPARED_VARIABLE "=later", XW_PREPARED_LATER_TEXT},
    [XW_PREPARED_FAILED] = {XW_PREPARED_VARIABLE "=failed", XW_PREPARED_FAILED_TEXT},
};

const char *xw_prepared_setting(enum xw_prepared prepared)
{
    return known[prepared].setting;
}

const char *xw_prepared_text(enum xw_prepared prepared)
{
    return known[prepared].text;
}

enum xw_prepared xw_prepared_read(const char *value)
{
    for (int i = XW_PREPARED_LATER; value && i <= XW_PREPARED_FAILED; i++) {
        if (strcmp(value, known[i].setting + sizeof(XW_PREPARED_VARIABLE "=") - 1) == 0)
            return (enum xw_prepared)i;
    }
    return XW_PREPARED_READY;
}
