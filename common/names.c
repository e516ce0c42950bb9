#include "common/names.h"

#include <errno.h>
#include <string.h>

static bool in_set(char c, const char *extra)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr(extra, c));
}

static bool all_in_set(const char *text, const char *extra)
{
    size_t length = strnlen(text, XW_NAME_SIZE);

    if (length == 0 || length > XW_NAME_MAX)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!in_set(text[i], extra))
            return false;
    }
    return true;
}

bool xw_name_ok(const char *name)
{
    return all_in_set(name, "-") && name[0] != '-';
}

bool xw_owner_ok(const char *name)
{
    const char *bare = name[0] == '@' ? name + 1 : name;

    return strnlen(name, XW_NAME_SIZE) <= XW_NAME_MAX && all_in_set(bare, "_-") && bare[0] != '-' &&
           !(bare[0] >= '0' && bare[0] <= '9');
}

size_t xw_names_find(const char (*names)[XW_NAME_SIZE], size_t count, const char *name)
{
    size_t i = 0;

    while (i < count && strcmp(names[i], name) != 0)
        i++;
    return i;
}

bool xw_request_id_ok(const char *text)
{
    return strnlen(text, XW_REQUEST_ID_LEN + 1) == XW_REQUEST_ID_LEN &&
           strspn(text, "0123456789abcdef") == XW_REQUEST_ID_LEN;
}

int xw_number(const char *text, unsigned long max, unsigned long *value)
{
    unsigned long sum = 0;

    if (!*text || (text[0] == '0' && text[1]))
        return -EINVAL;
    for (const char *at = text; *at; at++) {
        if (*at < '0' || *at > '9')
            return -EINVAL;
        unsigned long digit = (unsigned long)(*at - '0');
        if (digit > max || sum > (max - digit) / 10)
            return -ERANGE;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return 0;
}
