#include "xwadm/name_sources.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

static bool is_listed(char *const *members, const char *user)
{
    for (; *members; members++) {
        if (strcmp(*members, user) == 0)
            return true;
    }
    return false;
}

int xw_local_group_look(const char *path, const char *group, const char *user,
                        struct xw_local_group *look, struct xw_error *err)
{
    XW_AUTO_FCLOSE FILE *file = fopen(path, "re");
    const struct group *entry;

    *look = (struct xw_local_group){0};
    if (!file)
        return xw_fail_errno(err, -errno, "%s can't be opened", path);
    while (errno = 0, !look->found && (entry = fgetgrent(file))) {
        if (strcmp(entry->gr_name, group) == 0)
            *look = (struct xw_local_group){true, entry->gr_gid, is_listed(entry->gr_mem, user)};
    }
    /* At its end, too, some C libraries say ENOENT. */
    if (!look->found && errno != 0 && errno != ENOENT)
        return xw_fail_errno(err, -errno, "%s can't be read", path);
    return 0;
}

/* Services whose users and groups are all listed: files, and systemd's own handful. */
static bool is_local(const char *service)
{
    return strcmp(service, "files") == 0 || strcmp(service, "compat") == 0 ||
           strcmp(service, "systemd") == 0;
}

/* Whether a line is about users or groups and names a service that isn't local. */
static bool names_another(char *line)
{
    char *rest = line;
    bool in_action = false;

    line[strcspn(line, "#\n")] = '\0';
    const char *base = strsep(&rest, ":");
    base += strspn(base, " \t");
    if (!rest || (strncmp(base, "passwd", 6) != 0 && strncmp(base, "group", 5) != 0 &&
                  strncmp(base, "initgroups", 10) != 0))
        return false;
    const char *word;
    while ((word = strsep(&rest, " \t")) != NULL) {
        /* [NOTFOUND=return] is no service. */
        in_action = in_action || *word == '[';
        if (*word && !in_action && !is_local(word))
            return true;
        if (*word && word[strlen(word) - 1] == ']')
            in_action = false;
    }
    return false;
}

bool xw_names_come_from_elsewhere(const char *path)
{
    XW_AUTO_FREE char *line = NULL;
    size_t size = 0;
    XW_AUTO_FCLOSE FILE *file = fopen(path, "re");

    if (!file)
        return errno != ENOENT;
    while (getline(&line, &size, file) >= 0) {
        if (names_another(line))
            return true;
    }
    return ferror(file) != 0;
}
