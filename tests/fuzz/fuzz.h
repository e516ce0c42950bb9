/*
 * What the fuzz targets share. Each target is one file fuzz_NAME.c with one function that libFuzzer
 * calls (llvm.org, "libFuzzer": fuzz target); its first line says what is linked into it, as in the
 * unit tests. A target doesn't only look for crashes: what a parser accepts must hold what its
 * header promises, and MUST() ends the run where it doesn't.
 */
#ifndef XW_TESTS_FUZZ_H
#define XW_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);              \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input as a string of its own; NULL where it holds a NUL, which argv and lines can't. */
static inline char *fuzz_string(const uint8_t *data, size_t size)
{
    char *text;

    if (memchr(data, '\0', size) || !(text = malloc(size + 1)))
        return NULL;
    memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

#endif
