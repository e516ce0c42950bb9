/*
 * The compiled records that xwadm writes and that gate and keeper read (docs/protocols.md).
 * A record is opened by one component at a time, never through a symbolic link, and is checked on
 * the open descriptor: a regular file of the expected owner, one link, writable by nobody else.
 */
#ifndef XW_COMMON_RECORD_H
#define XW_COMMON_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "common/error.h"
#include "common/names.h"
#include "common/request.h"

#define XW_LABS_PER_OWNER_MAX 64
#define XW_GROUPS_PER_LAB_MAX 32
#define XW_USERS_PER_LAB_MAX  32
#define XW_TITLE_MAX          200 /* bytes */
#define XW_RECORD_BYTES_MAX   65536
#define XW_GRACE_MAX          604800 /* seconds: a week */

struct xw_owner {
    uid_t uid;               /* a user's; 0 in a group's record */
    gid_t gid;               /* a group's: of a team, or of instructors; 0 in a user's record */
    char name[XW_NAME_SIZE]; /* with the '@' of a group */
    size_t lab_count;
    char labs[XW_LABS_PER_OWNER_MAX][XW_NAME_SIZE];
    time_t until[XW_LABS_PER_OWNER_MAX]; /* an extension of each lab's closing; 0: none */
    size_t instructed_count;
    char instructed[XW_LABS_PER_OWNER_MAX][XW_NAME_SIZE]; /* labs that they look after */
};

/* A user whom a lab's file names: who has the number now, and still this name. */
struct xw_named {
    uid_t uid;
    char name[XW_NAME_SIZE];
};

struct xw_access {
    char lab[XW_NAME_SIZE];
    char title[XW_TITLE_MAX + 1]; /* UTF-8 without control characters */
    size_t student_count;
    gid_t students[XW_GROUPS_PER_LAB_MAX]; /* each member has a world */
    size_t user_count;
    struct xw_named users[XW_USERS_PER_LAB_MAX]; /* each has a world, without any group */
    size_t team_count;
    gid_t teams[XW_GROUPS_PER_LAB_MAX]; /* each group has a world, its members share it */
    size_t instructor_count;
    gid_t instructors[XW_GROUPS_PER_LAB_MAX];
    size_t instructor_user_count;
    struct xw_named instructor_users[XW_USERS_PER_LAB_MAX];
    size_t machine_count;
    char machines[XW_MACHINES_MAX][XW_NAME_SIZE];
    time_t opens;  /* UTC seconds; 0: always has been open */
    time_t closes; /* after opens; 0: never closes */
    time_t grace;  /* seconds that consoles go on after closing */
};

/*
 * Parse a record's text of length bytes. Return 0, or -EBADMSG when anything at all is not as
 * described; the error names the line. text is not kept.
 */
int xw_owner_parse(const char *text, size_t length, struct xw_owner *owner, struct xw_error *err);
int xw_access_parse(const char *text, size_t length, struct xw_access *access,
                    struct xw_error *err);

/*
 * Opens a directory of records by its absolute path, of which no component may be a symbolic
 * link: state that lies elsewhere is bind-mounted here. It must belong to uid 0 and be writable
 * by nobody else. Returns a descriptor, -EPERM (not such a directory) or a negative errno.
 */
int xw_record_directory(const char *path);

/* How the directories on the way there are opened: to be passed through only (open(2), O_PATH). */
#define XW_RECORD_WAY_FLAGS (O_PATH | O_NOFOLLOW | O_CLOEXEC | O_DIRECTORY)

/*
 * Reads the whole file `name` (one path component) in the directory dir_fd into a buffer that the
 * caller frees. The file must belong to uid 0, have one link, and be writable by its owner only.
 * Returns 0, -ENOENT, -EPERM (not such a file), -EFBIG, or the errno of the failed call.
 */
int xw_record_read(int dir_fd, const char *name, char **text, size_t *length, struct xw_error *err);

/* Reads and parses owners/UID below owners_fd, and checks that it is about this uid. */
int xw_owner_read(int owners_fd, uid_t uid, struct xw_owner *owner, struct xw_error *err);

/* The same for a group: owners/gGID. */
int xw_owner_read_group(int owners_fd, gid_t gid, struct xw_owner *owner, struct xw_error *err);

/* Writes the name of an owner's record, UID or gGID, by the kind of the owner. */
#define XW_OWNER_FILE_SIZE 24
void xw_owner_file(const char *owner, id_t number, char file[XW_OWNER_FILE_SIZE]);

/* Reads the text of labs/LAB/access below labs_fd, as xw_record_read() does. */
int xw_access_text(int labs_fd, const char *lab, char **text, size_t *length, struct xw_error *err);

/* Parses such a text, and checks that it is about this lab. */
int xw_access_of(const char *lab, const char *text, size_t length, struct xw_access *access,
                 struct xw_error *err);

/* Both. */
int xw_access_read(int labs_fd, const char *lab, struct xw_access *access, struct xw_error *err);

#endif
