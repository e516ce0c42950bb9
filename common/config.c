#include "common/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/lines.h"
#include "common/names.h"
#include "common/request.h"

enum { LOCK_AFTER_MIN = 5, LOCK_AFTER_MAX = 86400 };

/* A number of the configuration: its key, where it goes and its bounds. */
struct number_key {
    const char *key;
    unsigned int *value;
    unsigned long min;
    unsigned long max;
    bool may_be_none; /* the word "none" is 0: no limit */
};

enum { MIB_MAX = 1 << 30 }; /* a pebibyte */

static char *trim(char *text)
{
    static const char blank[] = " \t\r\n";

    text += strspn(text, blank);
    size_t length = strlen(text);
    while (length > 0 && strchr(blank, text[length - 1]))
        length--;
    text[length] = '\0';
    return text;
}

static void set_accelerator(struct xw_config *config, const char *word)
{
    snprintf(config->accelerator, sizeof(config->accelerator), "%s", word);
}

void xw_config_init(struct xw_config *config)
{
    *config =
        (struct xw_config){.audit_required = true,
                           .stop_grace = 30,
                           .keep_closed = 30,
                           .per_user = 32,
                           .in_all = 512,
                           .user = {.machines = 32, .memory = 8192, .vcpus = 32, .checkpoints = 8},
                           .checkpoint_space = 16384,
                           .memory_reserve = 512,
                           .disk_reserve = 512,
                           .disk_rate = 100,
                           .disk_operations = 2000,
                           .recording_size = 16,
                           .recording_space = 64,
                           .suspend_warning = 5,
                           .suspend_cpu = 5};
    set_accelerator(config, "auto");
}

static int set_maintenance(struct xw_config *config, const char *value, const char *where,
                           unsigned int line, struct xw_error *err)
{
    if (strcmp(value, "off") == 0)
        value = "";
    else if (strlen(value) > XW_MAINTENANCE_MAX || !xw_text_ok(value))
        return xw_fail(err, -EBADMSG,
                       "%s:%u: maintenance is off or one sentence of plain text, %d bytes at most",
                       where, line, XW_MAINTENANCE_MAX);
    snprintf(config->maintenance, sizeof(config->maintenance), "%s", value);
    return 0;
}

/* Returns 1 where the key is none of these. */
static int set_number(struct xw_config *config, const char *key, const char *value,
                      const char *where, unsigned int line, struct xw_error *err)
{
    const struct number_key numbers[] = {
        {"stop-grace", &config->stop_grace, 1, 3600, false},
        {"keep-closed", &config->keep_closed, 0, XW_KEEP_CLOSED_MAX, false},
        {"per-user", &config->per_user, 1, 65536, false},
        {"in-all", &config->in_all, 1, 65536, false},
        {"machines-per-user", &config->user.machines, 1, 65536, true},
        {"memory-per-user", &config->user.memory, 1, MIB_MAX, true},
        {"vcpus-per-user", &config->user.vcpus, 1, 65536, true},
        {"checkpoints-per-machine", &config->user.checkpoints, 1, 160, true},
        {"checkpoint-space", &config->checkpoint_space, 1, MIB_MAX, true},
        {"memory-reserve", &config->memory_reserve, 0, MIB_MAX, false},
        {"disk-reserve", &config->disk_reserve, 0, MIB_MAX, false},
        {"disk-rate-per-machine", &config->disk_rate, 1, 65536, true},
        {"disk-operations-per-machine", &config->disk_operations, 10, 10000000, true},
        {"disk-per-world", &config->world_disk, 16, MIB_MAX, true},
        {"recording-size", &config->recording_size, 0, XW_RECORDING_SIZE_MAX, false},
        {"recording-space", &config->recording_space, 1, MIB_MAX, true},
        {"suspend-after", &config->suspend_after, 1, XW_SUSPEND_AFTER_MAX, true},
        {"suspend-warning", &config->suspend_warning, 1, XW_SUSPEND_WARNING_MAX, false},
        {"suspend-cpu", &config->suspend_cpu, 1, 100, false},
    };

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        const struct number_key *number = &numbers[i];
        unsigned long read = 0;

        if (strcmp(key, number->key) != 0)
            continue;
        if (!(number->may_be_none && strcmp(value, "none") == 0) &&
            (xw_number(value, number->max, &read) != 0 || read < number->min))
            return xw_fail(err, -EBADMSG, "%s:%u: %s is a number from %lu to %lu%s, not \"%s\"",
                           where, line, key, number->min, number->max,
                           number->may_be_none ? " or none" : "", value);
        *number->value = (unsigned int)read;
        return 0;
    }
    return 1;
}

/*
 * Whether a student can be asked for the password before this verb: listing is never worth it, and
 * to watch a console or take it over counts as `console`.
 */
static bool is_guardable(enum xw_verb verb)
{
    const struct xw_verb_info *info = xw_verb_info(verb);

    return info->role == XW_ROLE_STUDENT && (info->changes || verb == XW_VERB_CONSOLE);
}

static int set_reauthenticate(struct xw_config *config, char *value, const char *where,
                              unsigned int line, struct xw_error *err)
{
    unsigned int verbs = 0;
    char *rest = NULL;
    bool off = strcmp(value, "off") == 0;

    for (char *word = off ? NULL : strtok_r(value, ", \t", &rest); word;
         word = strtok_r(NULL, ", \t", &rest)) {
        enum xw_verb verb;
        if (xw_verb_find(word, &verb) < 0 || !is_guardable(verb))
            return xw_fail(err, -EBADMSG,
                           "%s:%u: reauthenticate is off or commands of xwsh(1) that change a "
                           "world or open a console; \"%s\" is none",
                           where, line, word);
        verbs |= 1U << verb;
    }
    if (!off && verbs == 0)
        return xw_fail(err, -EBADMSG, "%s:%u: reauthenticate names no command", where, line);
    config->reauthenticate = verbs;
    return 0;
}

static int set_lock_after(struct xw_config *config, const char *value, const char *where,
                          unsigned int line, struct xw_error *err)
{
    unsigned long seconds = 0;

    if (strcmp(value, "off") != 0 &&
        (xw_number(value, LOCK_AFTER_MAX, &seconds) != 0 || seconds < LOCK_AFTER_MIN))
        return xw_fail(err, -EBADMSG,
                       "%s:%u: lock-after is off or seconds, from %d to %d, not \"%s\"", where,
                       line, LOCK_AFTER_MIN, LOCK_AFTER_MAX, value);
    config->lock_after = (unsigned int)seconds;
    return 0;
}

static int set_no_password(struct xw_config *config, char *value, const char *where,
                           unsigned int line, struct xw_error *err)
{
    char *rest = NULL;

    config->no_password_count = 0;
    if (strcmp(value, "off") == 0)
        return 0;
    for (char *word = strtok_r(value, ", \t", &rest); word; word = strtok_r(NULL, ", \t", &rest)) {
        if (!xw_owner_ok(word) || word[0] == '@' || config->no_password_count == XW_GROUPS_MAX)
            return xw_fail(err, -EBADMSG,
                           "%s:%u: no-password is off or names of Unix groups, %d at most; \"%s\" "
                           "is too many or none",
                           where, line, XW_GROUPS_MAX, word);
        snprintf(config->no_password[config->no_password_count++], XW_NAME_SIZE, "%s", word);
    }
    return 0;
}

static int set_value(struct xw_config *config, const char *key, char *value, const char *where,
                     unsigned int line, struct xw_error *err)
{
    if (strcmp(key, "accelerator") == 0) {
        if (strcmp(value, "auto") != 0 && strcmp(value, "kvm") != 0 && strcmp(value, "tcg") != 0)
            return xw_fail(err, -EBADMSG, "%s:%u: accelerator is auto, kvm or tcg, not \"%s\"",
                           where, line, value);
        set_accelerator(config, strcmp(value, "tcg") == 0 ? "qemu" : value);
        return 0;
    }
    if (strcmp(key, "audit") == 0) {
        if (strcmp(value, "require") != 0 && strcmp(value, "prefer") != 0)
            return xw_fail(err, -EBADMSG, "%s:%u: audit is require or prefer, not \"%s\"", where,
                           line, value);
        config->audit_required = strcmp(value, "require") == 0;
        return 0;
    }
    if (strcmp(key, "suspend-on-logout") == 0) {
        if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
            return xw_fail(err, -EBADMSG, "%s:%u: suspend-on-logout is yes or no, not \"%s\"",
                           where, line, value);
        config->suspend_on_logout = strcmp(value, "yes") == 0;
        return 0;
    }
    if (strcmp(key, "maintenance") == 0)
        return set_maintenance(config, value, where, line, err);
    if (strcmp(key, "reauthenticate") == 0)
        return set_reauthenticate(config, value, where, line, err);
    if (strcmp(key, "lock-after") == 0)
        return set_lock_after(config, value, where, line, err);
    if (strcmp(key, "no-password") == 0)
        return set_no_password(config, value, where, line, err);
    int rc = set_number(config, key, value, where, line, err);
    if (rc <= 0)
        return rc;
    return xw_fail(err, -EBADMSG, "%s:%u: \"%s\" is not a setting; see xworlds.conf(5)", where,
                   line, key);
}

int xw_config_line(struct xw_config *config, char *line, const char *where, unsigned int number,
                   struct xw_error *err)
{
    char *comment = strchr(line, '#');
    if (comment)
        *comment = '\0';
    char *text = trim(line);
    if (!text[0])
        return 0;

    char *equals = strchr(text, '=');
    if (!equals)
        return xw_fail(err, -EBADMSG, "%s:%u: a line is \"key = value\"", where, number);
    *equals = '\0';
    return set_value(config, trim(text), trim(equals + 1), where, number, err);
}
