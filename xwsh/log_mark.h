/*
 * Where a machine's log was at some moment, to be found again in what there is of it later. The
 * log goes on from one boot to the next and nothing in it tells them apart: what is behind the mark
 * is from after that moment.
 */
#ifndef XW_XWSH_LOG_MARK_H
#define XW_XWSH_LOG_MARK_H

#include <stddef.h>

enum { XW_LOG_MARK_SIZE = 4096 };

/* { 0 }: there was nothing. */
struct xw_log_mark {
    size_t total; /* bytes that there were */
    size_t count; /* the last of them */
    char tail[XW_LOG_MARK_SIZE];
};

/* Takes more of what there is. */
void xw_log_mark_take(struct xw_log_mark *mark, const char *bytes, size_t count);

/*
 * Where in these bytes, which are all that is to be had now (XW_HISTORY_MAX at most), that begins
 * which was not there at the mark; count where nothing is new. If the mark isn't found, all is new
 * where the log is longer than what is to be had, and nothing where it is shorter.
 */
size_t xw_log_mark_find(const struct xw_log_mark *mark, const char *bytes, size_t count);

#endif
