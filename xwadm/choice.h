/*
 * --user, --group and --all: whose worlds a command is about.
 */
#ifndef XW_XWADM_CHOICE_H
#define XW_XWADM_CHOICE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "common/record.h"
#include "xwadm/people.h"

struct xw_choice {
    bool all;
    size_t user_count;
    const char **users; /* of argv */
    size_t group_count;
    const char **groups;
};

#define XW_CHOICE_OPTIONS                                                                          \
    {"user", required_argument, NULL, 'u'}, {"group", required_argument, NULL, 'g'},               \
    {                                                                                              \
        "all", no_argument, NULL, 'a'                                                              \
    }

/* Takes one of these options. Returns false, having complained, when memory is short. */
bool xw_choice_add(struct xw_choice *choice, int option, const char *value);

/* Whether somebody is chosen, and not somebody and everybody; complains otherwise. */
bool xw_choice_ok(const struct xw_choice *choice, const char *command);

/* Finds the people, sorted, each once; for --all those of the lab's student groups, and its teams.
 */
int xw_choice_people(const struct xw_choice *choice, const struct xw_access *access,
                     struct xw_people *people, struct xw_error *err);

void xw_choice_free(struct xw_choice *choice);

#define XW_AUTO_CHOICE __attribute__((cleanup(xw_choice_free))) struct xw_choice

#endif
