/*
 * The machine's own tar(1), run without a shell.
 */
#ifndef XW_IMAGES_COPY_ARCHIVE_H
#define XW_IMAGES_COPY_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct archive {
    pid_t pid;
    int bytes;  /* the archive's bytes: to tar where it unpacks, from it where it packs */
    int errors; /* what tar says */
};

/* Begins to unpack below the directory; what is unpacked is root's, whoever made the archive. */
int archive_unpack(struct archive *archive, const char *directory);

/* Begins to pack what is at the path, a file or a directory, under the last part of its name. */
int archive_pack(struct archive *archive, const char *path);

/*
 * Waits for tar and gives back what it holds. Returns 0; -EIO with the first line of what tar said
 * in words. With abort it is ended first, and nothing is said.
 */
int archive_end(struct archive *archive, bool abort, char *words, size_t size);

#endif
