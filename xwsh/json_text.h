/*
 * JSON text in ASCII, which is safe to show on any terminal.
 */
#ifndef XW_XWSH_JSON_TEXT_H
#define XW_XWSH_JSON_TEXT_H

#include <stdio.h>

/*
 * Writes a JSON text with \u escapes for everything beyond printable ASCII; a byte that is no UTF-8
 * becomes U+FFFD. Only its strings can hold such.
 */
void xw_json_put_ascii(FILE *to, const char *json);

#endif
