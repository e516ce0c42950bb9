/*
 * A lock that is waited for: an OFD write lock (fcntl(2)) on a file of mode 0600 that is made where
 * it isn't there. It ends with its descriptor or the process.
 */
#ifndef XW_KEEPER_LOCK_H
#define XW_KEEPER_LOCK_H

#include "common/error.h"

/*
 * Opens `name` below the directory (AT_FDCWD: a path), following no link, and waits until it is
 * free. For the errors: path is the file's, what is locked by it. Returns a descriptor, or a
 * negative errno.
 */
int xw_lock_file(int directory, const char *name, const char *path, const char *what,
                 struct xw_error *err);

#endif
