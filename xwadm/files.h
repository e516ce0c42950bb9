/*
 * Files that appear whole or not at all. Whatever is made is made aside, in a directory
 * `.NAME.new.PID` next to its place, synced, and renamed. A lock file in the parent directory keeps
 * two writers apart; its holder removes what dead runs left aside.
 */
#ifndef XW_XWADM_FILES_H
#define XW_XWADM_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/error.h"
#include "common/names.h"

#define XW_ASIDE_SIZE (XW_NAME_SIZE + 32)

/* How an interrupt is noticed: main() sets it up, whatever takes long asks. */
void xw_interrupt_setup(void);
bool xw_interrupted(void);

/* Opens a directory of ours by its absolute path. Returns a descriptor or a negative errno. */
int xw_directory_open(const char *path, struct xw_error *err);

enum xw_lock_kind {
    XW_LOCK_SHARED, /* reading, as deployment does */
    XW_LOCK_ALONE   /* changing */
};

/*
 * Takes the lock of a directory (an OFD lock on its file .lock, fcntl(2)), and says so when it has
 * to wait. The lock ends with the descriptor. Returns a descriptor or a negative errno.
 */
int xw_directory_lock(int dir_fd, enum xw_lock_kind kind, const char *what, struct xw_error *err);

/* Removes what dead runs left aside. The directory must be locked with XW_LOCK_ALONE. */
void xw_aside_clean(int dir_fd);

/*
 * Makes the directory aside for `name`, mode 0700 until it is published.
 * Returns a descriptor or a negative errno; aside holds its name.
 */
int xw_aside_make(int dir_fd, const char *name, char aside[XW_ASIDE_SIZE], struct xw_error *err);

/*
 * Gives the directory aside its group and mode, syncs it and puts it in the place of `name`; what
 * was there is removed. Returns 0 or a negative errno; then `name` is as it was, unless only the
 * last sync has failed.
 */
int xw_aside_publish(int dir_fd, int aside_fd, const char *aside, const char *name, mode_t mode,
                     gid_t gid, struct xw_error *err);

/*
 * Removes a directory tree of at most 8 levels; symbolic links are removed, not followed. With
 * rename, it is moved aside first, so that nobody meets a half of it.
 */
int xw_directory_remove(int dir_fd, const char *name, struct xw_error *err);
int xw_directory_withdraw(int dir_fd, const char *name, struct xw_error *err);

/* Makes a file, synced. It must not exist. Returns 0 or a negative errno (-ENOSPC with advice). */
int xw_file_write(int dir_fd, const char *name, const char *bytes, size_t length, mode_t mode,
                  gid_t gid, struct xw_error *err);

/*
 * Reads a regular file that anybody may have written, at most max bytes; never through a symbolic
 * link if dir_fd is a directory's. AT_FDCWD: name is a path, links are followed. The caller frees.
 */
int xw_file_read(int dir_fd, const char *name, size_t max, char **text, size_t *length,
                 struct xw_error *err);

/*
 * Copies a regular file (sharing its blocks where the file system can: ioctl_ficlone(2)), synced.
 * Returns a read-only descriptor of the copy, or a negative errno.
 */
int xw_file_copy(int from_dir, const char *from, int to_dir, const char *to, mode_t mode,
                 struct xw_error *err);

/* A SHA-256 in hexadecimal, with its end. */
#define XW_SUM_SIZE 65

/* The SHA-256 of an open file, from its beginning. */
int xw_file_sum(int fd, char sum[XW_SUM_SIZE], struct xw_error *err);

/* The SHA-256 of bytes. */
int xw_bytes_sum(const char *bytes, size_t size, char sum[XW_SUM_SIZE], struct xw_error *err);

/*
 * The names in a directory for which ok() holds, sorted; the caller frees *names.
 * Returns how many, or a negative errno.
 */
ssize_t xw_directory_names(int dir_fd, bool (*ok)(const char *), char (**names)[XW_NAME_SIZE],
                           struct xw_error *err);

#endif
