#include "xwsh/message_fields.h"

#include <stdio.h>
#include <string.h>

bool xw_fields_split(char *line, char *fields[XW_FIELDS_MAX], int count, bool rest)
{
    char *at = line;

    for (int i = 0; i < count; i++) {
        bool last = i == count - 1;
        fields[i] = at;
        if (last && rest)
            return true;
        size_t length = strcspn(at, " ");
        bool ends = at[length] == '\0';
        at += length;
        if (length == 0 || (ends && !last && !(rest && i == count - 2)) || (!ends && last))
            return false;
        if (!ends)
            *at++ = '\0';
    }
    return true;
}

bool xw_fields_copy(char *to, size_t size, const char *from)
{
    int n = snprintf(to, size, "%s", from);

    return n >= 0 && (size_t)n < size;
}
