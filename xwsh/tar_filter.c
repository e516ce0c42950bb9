#include "xwsh/tar_filter.h"

#include <errno.h>
#include <string.h>

#include "common/lines.h"

/* A header, as POSIX.1 has it; all of it text. */
struct header {
    char name[100];
    char mode[8];
    char uid[8];
    char gid[8];
    char size[12];
    char mtime[12];
    char checksum[8];
    char type;
    char target[100];
    char magic[6];
    char version[2];
    char uname[32];
    char gname[32];
    char major[8];
    char minor[8];
    char prefix[155];
    char rest[12];
};
_Static_assert(sizeof(struct header) == XW_TAR_BLOCK, "a header is a block");

enum { LONG_NAME = 'L', LONG_TARGET = 'K' };

static int refuse(struct xw_error *err, const char *why)
{
    return xw_fail(err, -EBADMSG, "what the machine sends is no archive that is passed on: %s",
                   why);
}

/* Octal digits between blanks or NULs. Returns false where there is anything else. */
static bool read_octal(const char *field, size_t size, uint64_t *value)
{
    size_t i = 0;
    bool any = false;

    *value = 0;
    while (i < size && field[i] == ' ')
        i++;
    for (; i < size && field[i] >= '0' && field[i] <= '7'; i++, any = true)
        *value = *value << 3 | (uint64_t)(field[i] - '0');
    while (i < size && (field[i] == ' ' || field[i] == '\0'))
        i++;
    return any && i == size;
}

static bool is_header(const unsigned char *block)
{
    const struct header *header = (const void *)block;
    uint64_t told = 0;
    uint64_t sum = 0;

    for (size_t i = 0; i < XW_TAR_BLOCK; i++) {
        const size_t field = offsetof(struct header, checksum);
        sum += i >= field && i < field + sizeof(header->checksum) ? ' ' : block[i];
    }
    return read_octal(header->checksum, sizeof(header->checksum), &told) && told == sum;
}

static bool is_zero(const unsigned char *bytes, size_t count)
{
    size_t i = 0;

    while (i < count && bytes[i] == 0)
        i++;
    return i == count;
}

/* A field of the header, unless a long one has come before; POSIX puts a prefix before a name. */
static void complete_names(struct xw_tar_filter *filter, const struct header *header)
{
    const bool posix = memcmp(header->magic, "ustar", sizeof(header->magic)) == 0;
    char *at = filter->name;

    if (!*filter->target)
        memcpy(filter->target, header->target, sizeof(header->target));
    if (*at)
        return;
    if (posix && *header->prefix) {
        memcpy(at, header->prefix, sizeof(header->prefix));
        at += strlen(at);
        *at++ = '/';
    }
    memcpy(at, header->name, sizeof(header->name));
    at[sizeof(header->name)] = '\0';
}

/* Some programs take a backslash for a slash. */
static bool stays_below(const char *path)
{
    const char *at = path;

    if (*path == '/' || *path == '\\')
        return false;
    while (*at) {
        const size_t length = strcspn(at, "/\\");
        if (length == 2 && memcmp(at, "..", 2) == 0)
            return false;
        at += length;
        at += strspn(at, "/\\");
    }
    return true;
}

/* Why the entry is left out, or NULL. */
static const char *judge(const struct xw_tar_filter *filter, char type)
{
    if (!xw_text_ok(filter->name))
        return "its name is no plain text";
    if (!stays_below(filter->name))
        return "its name leads out of the directory";
    if (type == '3' || type == '4')
        return "a device";
    if (type == '6')
        return "a FIFO";
    if (type != '1' && type != '2')
        return NULL;
    if (!xw_text_ok(filter->target) || !stays_below(filter->target))
        return "a link that may lead out of the directory";
    return NULL;
}

/* Keeps what may have to be passed on once it is known what it is about. */
static void hold(struct xw_tar_filter *filter, const void *bytes, size_t count)
{
    memcpy(filter->holding + filter->held, bytes, count);
    filter->held += count;
}

static void forget(struct xw_tar_filter *filter)
{
    filter->held = 0;
    memset(filter->name, 0, sizeof(filter->name));
    memset(filter->target, 0, sizeof(filter->target));
}

static int begin_long(struct xw_tar_filter *filter, char type, uint64_t size, struct xw_error *err)
{
    filter->long_name = type == LONG_NAME ? filter->name : filter->target;
    if (*filter->long_name || size < 2 || size > XW_TAR_NAME_SIZE)
        return refuse(err, "a long name of it is none");
    hold(filter, filter->block, XW_TAR_BLOCK);
    filter->state = XW_TAR_LONG;
    filter->long_used = 0;
    return 0;
}

static int begin_content(struct xw_tar_filter *filter, char type)
{
    const char *why = judge(filter, type);
    int rc = 0;

    filter->passes = !why;
    if (why)
        filter->left_out(filter->name, why, filter->data);
    else if (filter->held > 0)
        rc = filter->sink(filter->holding, filter->held, filter->data);
    if (rc == 0 && !why)
        rc = filter->sink(filter->block, XW_TAR_BLOCK, filter->data);
    forget(filter);
    filter->state = filter->left > 0 ? XW_TAR_CONTENT : XW_TAR_HEADER;
    return rc;
}

static int take_header(struct xw_tar_filter *filter, struct xw_error *err)
{
    const struct header *header = (const void *)filter->block;
    uint64_t size = 0;

    if (is_zero(filter->block, XW_TAR_BLOCK)) {
        if (filter->held > 0)
            return refuse(err, "it ends within an entry");
        filter->state = XW_TAR_AFTER;
        return filter->sink(filter->block, XW_TAR_BLOCK, filter->data);
    }
    if (!is_header(filter->block) || !read_octal(header->size, sizeof(header->size), &size))
        return refuse(err, "a header is damaged");
    filter->left = (size + XW_TAR_BLOCK - 1) / XW_TAR_BLOCK * XW_TAR_BLOCK;
    if (header->type == LONG_NAME || header->type == LONG_TARGET)
        return begin_long(filter, header->type, size, err);
    if (!header->type || !strchr("01234567", header->type))
        return header->type ? refuse(err, "it has entries of a kind that is not passed on")
                            : refuse(err, "it is of an old format");
    complete_names(filter, header);
    const size_t length = strlen(filter->name);
    const bool file = header->type == '0' || header->type == '7';
    if (size > 0 && (!file || (length > 0 && filter->name[length - 1] == '/')))
        return refuse(err, "an entry that is no file has a size");
    return begin_content(filter, header->type);
}

/* A block of a long name. */
static int take_long(struct xw_tar_filter *filter, struct xw_error *err)
{
    size_t room = XW_TAR_NAME_SIZE - filter->long_used;

    hold(filter, filter->block, XW_TAR_BLOCK);
    memcpy(filter->long_name + filter->long_used, filter->block,
           room < XW_TAR_BLOCK ? room : XW_TAR_BLOCK);
    filter->long_used += XW_TAR_BLOCK;
    filter->left -= XW_TAR_BLOCK;
    if (filter->left > 0)
        return 0;
    filter->state = XW_TAR_HEADER;
    return memchr(filter->long_name, '\0', XW_TAR_NAME_SIZE) && *filter->long_name
               ? 0
               : refuse(err, "a long name of it is none");
}

static int take_block(struct xw_tar_filter *filter, struct xw_error *err)
{
    switch (filter->state) {
    case XW_TAR_HEADER:
        return take_header(filter, err);
    case XW_TAR_LONG:
        return take_long(filter, err);
    case XW_TAR_CONTENT:
        filter->left -= XW_TAR_BLOCK;
        if (filter->left == 0)
            filter->state = XW_TAR_HEADER;
        return filter->passes ? filter->sink(filter->block, XW_TAR_BLOCK, filter->data) : 0;
    case XW_TAR_AFTER:
        break;
    }
    if (!is_zero(filter->block, XW_TAR_BLOCK))
        return refuse(err, "it goes on after its end");
    return filter->sink(filter->block, XW_TAR_BLOCK, filter->data);
}

int xw_tar_filter_feed(struct xw_tar_filter *filter, const void *bytes, size_t count,
                       struct xw_error *err)
{
    const unsigned char *at = bytes;

    while (count > 0) {
        size_t now = XW_TAR_BLOCK - filter->used;
        if (now > count)
            now = count;
        memcpy(filter->block + filter->used, at, now);
        filter->used += now;
        at += now;
        count -= now;
        if (filter->used < XW_TAR_BLOCK)
            return 0;
        filter->used = 0;
        int rc = take_block(filter, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int xw_tar_filter_end(const struct xw_tar_filter *filter, struct xw_error *err)
{
    return filter->state == XW_TAR_AFTER && filter->used == 0
               ? 0
               : refuse(err, "it ends in the middle");
}
