#include "xwsh/settings.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/config_file.h"

enum { MIB = 1 << 20 };

/* The name of the real uid: that of the login. unix_chkpwd(8) finds it by the same look-up. */
static int find_user(char user[XW_USER_MAX + 1], struct xw_error *err)
{
    errno = 0;
    const struct passwd *entry = getpwuid(getuid());

    if (!entry && errno != 0)
        return xw_fail_errno(err, -errno, "your account can't be looked up; try again in a minute");
    if (!entry || !*entry->pw_name || strlen(entry->pw_name) > XW_USER_MAX)
        return xw_fail(err, -ENOENT, "your account is not known; tell an administrator");
    snprintf(user, XW_USER_MAX + 1, "%s", entry->pw_name);
    return 0;
}

/* Whether the session has the group, by the kernel's word. A group that isn't there has nobody. */
static bool has_group(const char *name, const gid_t *groups, int count)
{
    const struct group *entry = getgrnam(name);

    if (!entry)
        return false;
    for (int i = 0; i < count; i++) {
        if (groups[i] == entry->gr_gid)
            return true;
    }
    return entry->gr_gid == getgid();
}

static int find_by_word(const struct xw_config *config, bool *by_word, struct xw_error *err)
{
    *by_word = false;
    if (config->no_password_count == 0)
        return 0;
    int count = getgroups(0, NULL);
    gid_t *groups = count < 0 ? NULL : calloc((size_t)count + 1, sizeof(*groups));
    count = groups ? getgroups(count, groups) : -1;
    for (unsigned int i = 0; i < config->no_password_count && count >= 0 && !*by_word; i++)
        *by_word = has_group(config->no_password[i], groups, count);
    free(groups);
    if (count < 0)
        return xw_fail(err, -EAGAIN, "your groups can't be read; try again in a minute");
    return 0;
}

int xw_settings_read(const char *path, struct xw_settings *settings, struct xw_error *err)
{
    struct xw_config config;
    struct xw_error why = {0};

    *settings = (struct xw_settings){0};
    int rc = xw_config_load(path, &config, &why);
    if (rc < 0)
        return xw_fail(err, rc,
                       "the lab's configuration can't be used; tell an administrator: %.300s",
                       why.text);
    settings->guarded = config.reauthenticate;
    settings->lock_ms = (int64_t)config.lock_after * 1000;
    settings->recordings =
        (struct xw_recordings_limits){.one = (uint64_t)config.recording_size * MIB,
                                      .all = (uint64_t)config.recording_space * MIB};
    if (settings->guarded == 0 && settings->lock_ms == 0)
        return 0;
    rc = find_user(settings->user, err);
    return rc < 0 ? rc : find_by_word(&config, &settings->by_word, err);
}

bool xw_settings_guard(const struct xw_settings *settings, enum xw_verb verb)
{
    return (settings->guarded & 1U << verb) != 0;
}
