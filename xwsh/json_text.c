#include "xwsh/json_text.h"

#include <stdint.h>

#include "xwsh/safe_text.h"

static void put_escape(FILE *to, uint32_t code)
{
    if (code > 0xffff) {
        fprintf(to, "\\u%04x", (unsigned int)(0xd800 + ((code - 0x10000) >> 10)));
        code = 0xdc00 + ((code - 0x10000) & 0x3ff);
    }
    fprintf(to, "\\u%04x", (unsigned int)code);
}

void xw_json_put_ascii(FILE *to, const char *json)
{
    while (*json) {
        uint32_t code = 0xfffd;
        size_t length = xw_utf8_decode(json, &code);
        if (length == 1 && code != 0x7f)
            putc(*json, to);
        else
            put_escape(to, code);
        json += length ? length : 1;
    }
}
