/*
 * Small files of text, for tests that make records and look at what became of them.
 */
#ifndef XW_TESTS_SMALL_FILES_H
#define XW_TESTS_SMALL_FILES_H

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Writes a file anew. */
static inline void put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0640);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

/* What a file holds, until the next call; nothing where there is none. */
static inline const char *content(const char *path)
{
    static char text[4096];
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

    if (fd >= 0)
        close(fd);
    text[n < 0 ? 0 : n] = '\0';
    return text;
}

#endif
