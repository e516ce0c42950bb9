/*
 * What a machine says is a tar archive, on its way to the student's own tar(1), which trusts it:
 * looked at header by header, and passed on without what reaches out of the directory that it is
 * unpacked in. Sources: POSIX.1-2017, pax (ustar); GNU tar's manual, "Basic Tar Format" (long
 * names). Memory only.
 *
 * Files, directories, and links that lead below the archive's own beginning are passed on; names
 * are relative, without "..", and plain text. What is otherwise so is left out: devices, FIFOs,
 * other links, other names. A header that isn't one, or of another kind (pax, sparse files),
 * makes the whole of it nothing that is passed on any further.
 */
#ifndef XW_XWSH_TAR_FILTER_H
#define XW_XWSH_TAR_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

enum {
    XW_TAR_BLOCK = 512,
    XW_TAR_NAME_SIZE = 4096, /* with its end */
    XW_TAR_LONG_SIZE = XW_TAR_BLOCK + XW_TAR_NAME_SIZE + XW_TAR_BLOCK
};

/* Takes bytes that may be passed on. Returns 0 or a negative errno, which ends it. */
typedef int xw_tar_sink(const void *bytes, size_t count, void *data);

/* Is told of each entry that is left out; the name is raw bytes, and why is part of a sentence. */
typedef void xw_tar_left_out(const char *name, const char *why, void *data);

enum xw_tar_state { XW_TAR_HEADER, XW_TAR_LONG, XW_TAR_CONTENT, XW_TAR_AFTER };

/* Start with { .sink, .left_out, .data }. */
struct xw_tar_filter {
    xw_tar_sink *sink;
    xw_tar_left_out *left_out;
    void *data;
    enum xw_tar_state state;
    bool passes;   /* the content that comes */
    uint64_t left; /* bytes of content, with what fills its last block */
    size_t used;   /* of block */
    size_t held;   /* of holding: long names and their headers */
    unsigned char block[XW_TAR_BLOCK];
    unsigned char holding[2 * XW_TAR_LONG_SIZE];
    size_t long_used; /* of the one that is being read */
    char *long_name;  /* which one that is: name or target */
    char name[XW_TAR_NAME_SIZE];
    char target[XW_TAR_NAME_SIZE];
};

/* Returns 0, -EBADMSG with words in err, or what the sink returned. */
int xw_tar_filter_feed(struct xw_tar_filter *filter, const void *bytes, size_t count,
                       struct xw_error *err);

/* No more comes. Returns 0, or -EBADMSG where the archive has no end. */
int xw_tar_filter_end(const struct xw_tar_filter *filter, struct xw_error *err);

#endif
