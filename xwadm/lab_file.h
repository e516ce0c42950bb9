/*
 * A lab file on its way to being a compiled lab, seen from the privileged side: reading the bytes,
 * having them translated by a confined child, looking up groups, users and images of this host.
 */
#ifndef XW_XWADM_LAB_FILE_H
#define XW_XWADM_LAB_FILE_H

#include "common/error.h"
#include "xwadm/lab_compile.h"
#include "xwadm/problems.h"

struct xw_lab_file {
    const char *path;        /* borrowed */
    char name[XW_NAME_SIZE]; /* of the lab */
    char *source;            /* the file's bytes */
    size_t source_length;
    struct xw_lab_compiled compiled;
    struct xw_problems problems;
};

/*
 * The name of the lab that a file describes: of the directory for DIRECTORY/lab.yaml, otherwise of
 * the file without .yaml. Returns 0, or -EINVAL with what would be right.
 */
int xw_lab_file_name(const char *path, char name[XW_NAME_SIZE], struct xw_error *err);

/*
 * Reads and compiles a file. Returns 0, -EINVAL with problems or err filled, or another negative
 * errno with err filled. The caller frees in every case.
 */
int xw_lab_file_load(const char *path, struct xw_lab_file *file, struct xw_error *err);

void xw_lab_file_free(struct xw_lab_file *file);

/* Prints the problems to the standard error, `FILE:LINE:COLUMN: …` each. */
void xw_lab_file_complain(const struct xw_lab_file *file);

/*
 * Puts a compiled lab in its place below labs_fd, which is locked. Returns 0 or a negative errno,
 * and then the lab is as it was.
 */
int xw_lab_file_install(const struct xw_lab_file *file, int labs_fd, struct xw_error *err);

#endif
