#include "pam/options.h"

#include <errno.h>
#include <string.h>

#include "common/config.h"
#include "common/lines.h"
#include "common/names.h"
#include "common/paths.h"

bool xw_pam_group_next(const char **rest, char name[XW_PAM_GROUP_NAME_SIZE])
{
    size_t length = strcspn(*rest, ",");

    if (length == 0 || length >= XW_PAM_GROUP_NAME_SIZE)
        return false;
    memcpy(name, *rest, length);
    name[length] = '\0';
    *rest += length;
    *rest += **rest == ',';
    return true;
}

/* Names as the data base of groups may hold them, none of them empty. */
static bool groups_ok(const char *groups)
{
    char name[XW_PAM_GROUP_NAME_SIZE];
    const char *rest = groups;
    size_t length = strlen(groups);

    while (xw_pam_group_next(&rest, name)) {
        if (!xw_text_ok(name) || strchr(name, ':'))
            return false;
    }
    return *rest == '\0' && length > 0 && groups[length - 1] != ',';
}

static int set_groups(struct xw_pam_options *options, const char *value, struct xw_error *err)
{
    if (!groups_ok(value))
        return xw_fail(err, -EINVAL,
                       "groups= is names of Unix groups joined by commas; \"%s\" is taken until "
                       "this is corrected",
                       options->groups);
    options->groups = value;
    return 0;
}

static int set_config(struct xw_pam_options *options, const char *value, struct xw_error *err)
{
    if (value[0] != '/')
        return xw_fail(err, -EINVAL, "config= is the absolute path of a file");
    options->config = value;
    options->config_named = true;
    return 0;
}

static int set_timeout(struct xw_pam_options *options, const char *value, struct xw_error *err)
{
    unsigned long seconds;

    if (xw_number(value, XW_PAM_WAIT_MAX, &seconds) != 0 || seconds == 0)
        return xw_fail(err, -EINVAL, "prepare_timeout= is a number of seconds from 1 to %d",
                       XW_PAM_WAIT_MAX);
    options->prepare_timeout = (unsigned int)seconds;
    return 0;
}

static int set_maintenance(struct xw_pam_options *options, const char *value, struct xw_error *err)
{
    options->maintenance = true;
    if (strlen(value) > XW_MAINTENANCE_MAX || !xw_text_ok(value))
        return xw_fail(err, -EINVAL, "maintenance= is one sentence of plain text, %d bytes at most",
                       XW_MAINTENANCE_MAX);
    options->maintenance_text = value;
    return 0;
}

/* The value of "KEY=value"; NULL where the argument is anything else. */
static const char *value_of(const char *argument, const char *key)
{
    size_t length = strlen(key);

    return strncmp(argument, key, length) == 0 && argument[length] == '=' ? argument + length + 1
                                                                          : NULL;
}

static int read_option(struct xw_pam_options *options, const char *argument, struct xw_error *err)
{
    static const struct {
        const char *key;
        int (*set)(struct xw_pam_options *, const char *, struct xw_error *);
    } with_value[] = {
        {"groups", set_groups},
        {"config", set_config},
        {"prepare_timeout", set_timeout},
        {"maintenance", set_maintenance},
    };

    for (size_t i = 0; i < sizeof(with_value) / sizeof(with_value[0]); i++) {
        const char *value = value_of(argument, with_value[i].key);
        if (value)
            return with_value[i].set(options, value, err);
    }
    if (strcmp(argument, "maintenance") == 0)
        options->maintenance = true;
    else if (strcmp(argument, "quiet") == 0)
        options->quiet = true;
    else if (strcmp(argument, "debug") == 0)
        options->debug = true;
    else
        return xw_fail(err, -EINVAL, "\"%.100s\" is not an option; see pam_xworlds(8)", argument);
    return 0;
}

int xw_pam_options_read(int argc, const char *const *argv, struct xw_pam_options *options,
                        struct xw_error *err)
{
    int result = 0;

    *options = (struct xw_pam_options){.groups = XW_PAM_GROUPS_DEFAULT,
                                       .config = XW_CONFIG_PATH,
                                       .prepare_timeout = XW_PAM_WAIT_DEFAULT};
    for (int i = 0; i < argc; i++) {
        int rc = read_option(options, argv[i], result == 0 ? err : NULL);
        if (result == 0)
            result = rc;
    }
    return result;
}
