/*
 * The part of xw_lab_compile() that is about who may use the lab: groups and single users by name,
 * looked up, become the lines of the access record.
 */
#ifndef XW_XWADM_LAB_ACCESS_H
#define XW_XWADM_LAB_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/lines.h"
#include "common/record.h"
#include "xwadm/buffer.h"
#include "xwadm/lab_compile.h"
#include "xwadm/problems.h"

struct xw_lab_gids {
    size_t count;
    gid_t gids[XW_GROUPS_PER_LAB_MAX];
};

struct xw_lab_users {
    size_t count;
    struct xw_named items[XW_USERS_PER_LAB_MAX];
};

/* Each list in ascending order of its numbers, which are in it once, as the record has them. */
struct xw_lab_people {
    struct xw_lab_gids students;
    struct xw_lab_users users;
    struct xw_lab_gids teams;
    struct xw_lab_gids instructors;
    struct xw_lab_users instructor_users;
};

/* Room for what follows the place in a line. */
#define XW_LAB_REST_SIZE XW_PROBLEM_TEXT_MAX

/* Takes the line `key LINE COLUMN REST`, as the functions of common/lines.h do. */
bool xw_lab_placed(struct xw_record_lines *lines, const char *key, struct xw_place *at,
                   char rest[XW_LAB_REST_SIZE]);

/*
 * Takes the current line if it names a group or a user; false, with nothing done, where it doesn't.
 * Who can't be one of the lab's is a problem.
 */
bool xw_lab_people_read(struct xw_lab_people *people, struct xw_record_lines *lines,
                        const struct xw_lab_lookup *lookup, struct xw_problems *problems);

/* Writes the lines of the record, from `student` to `instructor-user`. */
void xw_lab_people_write(const struct xw_lab_people *people, struct xw_buffer *out);

#endif
