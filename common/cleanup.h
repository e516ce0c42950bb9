/*
 * Cleanup by scope: `XW_AUTO_CLOSE int fd = open(...)`, `XW_AUTO_FREE char *text = ...`.
 */
#ifndef XW_COMMON_CLEANUP_H
#define XW_COMMON_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void xw_cleanup_free(void *where)
{
    free(*(void **)where);
}

static inline void xw_cleanup_close(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static inline void xw_cleanup_fclose(FILE *const *file)
{
    if (*file)
        fclose(*file);
}

static inline void xw_cleanup_closedir(DIR *const *dir)
{
    if (*dir)
        closedir(*dir);
}

#define XW_AUTO_FREE     __attribute__((cleanup(xw_cleanup_free)))
#define XW_AUTO_CLOSE    __attribute__((cleanup(xw_cleanup_close)))
#define XW_AUTO_FCLOSE   __attribute__((cleanup(xw_cleanup_fclose)))
#define XW_AUTO_CLOSEDIR __attribute__((cleanup(xw_cleanup_closedir)))

#endif
