#include "xwadm/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xwadm/files.h"

#define ZONES_DIR "/usr/share/zoneinfo"

/* The whole data base as text; of it, the lines about names. */
#define ZONES_PATH ZONES_DIR "/tzdata.zi"

enum { BYTES_MAX = 4 << 20, NAME_MAX_BYTES = 64 };

/* "Z NAME ..." begins a zone; "L ZONE NAME" is another name for one. Cuts the name off. */
static const char *name_of(char *line)
{
    char *rest = NULL;

    if (strncmp(line, "Z ", 2) != 0 && strncmp(line, "L ", 2) != 0)
        return NULL;
    const char *kind = strtok_r(line, " ", &rest);
    const char *name = strtok_r(NULL, " ", &rest);
    return *kind == 'L' ? strtok_r(NULL, " ", &rest) : name;
}

int xw_zones_read(struct xw_zones *zones, struct xw_error *err)
{
    size_t length = 0;
    size_t room = 0;
    char *rest;
    char *line;

    *zones = (struct xw_zones){0};
    int rc = xw_file_read(AT_FDCWD, ZONES_PATH, BYTES_MAX, &zones->text, &length, err);
    if (rc == -ENOENT) {
        *err = (struct xw_error){0};
        return 0;
    }
    if (rc < 0)
        return rc;
    rest = zones->text;
    while ((line = strsep(&rest, "\n")) != NULL) {
        const char *name = name_of(line);
        if (!name || strlen(name) >= NAME_MAX_BYTES)
            continue;
        if (zones->count == room) {
            room = room ? 2 * room : 1024;
            const char **more = reallocarray(zones->names, room, sizeof(*more));
            if (!more)
                return xw_fail(err, -ENOMEM, "there is not enough memory");
            zones->names = more;
        }
        zones->names[zones->count++] = name;
    }
    return 0;
}

void xw_zones_free(struct xw_zones *zones)
{
    free(zones->names);
    free(zones->text);
    *zones = (struct xw_zones){0};
}

int xw_zone_time(const char *zone, const struct xw_local_time *local, time_t *first, time_t *last,
                 struct xw_error *err)
{
    char path[sizeof(":" ZONES_DIR "/") + NAME_MAX_BYTES];

    if (*zone) {
        snprintf(path, sizeof(path), ":" ZONES_DIR "/%s", zone);
        /* The C library takes UTC, without a word, for a zone that it can't read. */
        if (access(path + 1, R_OK) < 0)
            return xw_fail_errno(err, -errno, "the time zone %s is not installed (tzdata-legacy)",
                                 zone);
        if (setenv("TZ", path, 1) < 0)
            return xw_fail(err, -ENOMEM, "there is not enough memory");
    }
    tzset();
    int found = xw_local_time_find(local, first, last);
    if (*zone) {
        unsetenv("TZ");
        tzset();
    }
    return found;
}
