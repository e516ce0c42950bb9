#include "xwsh/log_mark.h"

#include <stdbool.h>
#include <string.h>

#include "xwsh/model.h"

void xw_log_mark_take(struct xw_log_mark *mark, const char *bytes, size_t count)
{
    size_t fresh = count < XW_LOG_MARK_SIZE ? count : XW_LOG_MARK_SIZE;
    size_t kept = XW_LOG_MARK_SIZE - fresh;

    kept = mark->count < kept ? mark->count : kept;
    memmove(mark->tail, mark->tail + (mark->count - kept), kept);
    memcpy(mark->tail + kept, bytes + (count - fresh), fresh);
    mark->count = kept + fresh;
    mark->total += count;
}

static bool ends_at(const struct xw_log_mark *mark, const char *bytes, size_t end)
{
    return end >= mark->count && memcmp(bytes + end - mark->count, mark->tail, mark->count) == 0;
}

size_t xw_log_mark_find(const struct xw_log_mark *mark, const char *bytes, size_t count)
{
    const bool whole = count < XW_HISTORY_MAX;

    if (mark->total == 0)
        return 0;
    /* As long as both are all that was ever written, it is where it was. */
    if (whole && mark->total <= count && ends_at(mark, bytes, mark->total))
        return mark->total;
    for (size_t end = count; end >= mark->count; end--) {
        if (ends_at(mark, bytes, end))
            return end;
    }
    return whole ? count : 0;
}
