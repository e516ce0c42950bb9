/*
 * Compiled records of labs and owners (docs/protocols.md) in a test's own root, for tests of what
 * reads them in their fixed places.
 */
#ifndef XW_TESTS_LAB_RECORDS_H
#define XW_TESTS_LAB_RECORDS_H

#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/paths.h"
#include "tests/unit/private_root.h"
#include "tests/unit/small_files.h"

/* The directories, empty, in a root of the test's own. Returns 0 or -1. */
static inline int xw_test_records_begin(void)
{
    return xw_test_private_root("/var/lib") < 0 || mkdir(XW_STATE_DIR, 0755) < 0 ||
                   mkdir(XW_OWNERS_DIR, 0750) < 0 || mkdir(XW_LABS_DIR, 0750) < 0
               ? -1
               : 0;
}

/*
 * A lab and who may use it: group is the students', and `more` are the lines between it and the
 * machines.
 */
static inline void xw_test_lab_access(const char *lab, int group, const char *more)
{
    char path[256];
    char text[1024];

    snprintf(path, sizeof(path), XW_LABS_DIR "/%s", lab);
    assert_int_equal(mkdir(path, 0750), 0);
    snprintf(path, sizeof(path), XW_LABS_DIR "/%s/access", lab);
    snprintf(text, sizeof(text),
             "xworlds-access 1\nlab %s\ntitle A\nstudent %d\n%smachine web\nmachine client\nend\n",
             lab, group, more);
    put(path, text);
}

/* The same lab's machine "web", of an image with this hash. */
static inline void xw_test_lab_plan(const char *lab, const char *hash)
{
    char path[256];
    char text[1024];

    snprintf(path, sizeof(path), XW_LABS_DIR "/%s/plan", lab);
    snprintf(text, sizeof(text),
             "xworlds-plan 1\nlab %s\nsegment s\nmachine web\nimage tiny %s\n"
             "memory 1\nvcpus 1\norder 0\ngateway -\nforward 0\ninterface s -\nend\n",
             lab, hash);
    put(path, text);
}

#endif
