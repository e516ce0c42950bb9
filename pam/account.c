#include "pam/account.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/access.h"
#include "common/cleanup.h"
#include "common/names.h"
#include "common/paths.h"
#include "common/record.h"
#include "xwsh/when.h"

#define NO_LAB_TEXT                                                                                \
    "No lab is open to your account yet; ask your instructor to add you to the course's group."
#define MAINTENANCE_TEXT "The lab is closed for maintenance; try again later."

static int parse_config(char *text, size_t length, const char *path, struct xw_config *config,
                        struct xw_error *err)
{
    char *rest = text;
    char *line;

    if (strlen(text) != length)
        return xw_fail(err, -EBADMSG, "%s holds a NUL", path);
    for (unsigned int number = 1; (line = strsep(&rest, "\n")) != NULL; number++) {
        int rc = xw_config_line(config, line, path, number, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/*
 * Reads the configuration as strictly as a record: it decides who gets in. None where nobody has
 * named one says nothing (xworlds.conf(5)).
 */
static int read_config(const struct xw_pam_options *options, struct xw_config *config,
                       struct xw_error *err)
{
    XW_AUTO_FREE char *text = NULL;
    char directory[PATH_MAX];
    size_t length = 0;
    const char *name = strrchr(options->config, '/') + 1;

    xw_config_init(config);
    if (snprintf(directory, sizeof(directory), "%.*s", (int)(name - 1 - options->config),
                 options->config) >= (int)sizeof(directory))
        return xw_fail(err, -ENAMETOOLONG, "config= is too long");
    XW_AUTO_CLOSE int fd = xw_record_directory(directory);
    if (fd < 0 && (fd != -ENOENT || options->config_named))
        return xw_fail_errno(err, fd, "%s can't be opened", directory);
    int rc = fd < 0 ? fd : xw_record_read(fd, name, &text, &length, err);
    if (rc == -ENOENT && !options->config_named) {
        *err = (struct xw_error){0};
        return 0;
    }
    return rc < 0 ? rc : parse_config(text, length, options->config, config, err);
}

int xw_pam_suspends(const struct xw_pam_options *options, struct xw_error *err)
{
    struct xw_config config;
    int rc = read_config(options, &config, err);

    return rc < 0 ? rc : config.suspend_on_logout;
}

/* What is looked for among the labs, and what has been found. */
struct search {
    const struct xw_pam_person *person;
    time_t now;
    struct xw_owner owner;    /* whose extension counts; an empty record where there is none */
    id_t known;               /* the number of its owner, where one has been read */
    bool team;                /* it is a team's */
    bool closed;              /* a lab is theirs and not open: this one */
    char lab[XW_NAME_SIZE];   /* of those, which the person is told about */
    struct xw_window nearest; /* its window */
};

/*
 * Reads the record of the person, or of a team of theirs, for an extension in it; the person's,
 * which is asked for at each lab, once. Another's, of the same uid, is nobody's.
 */
static int know_owner(struct search *search, gid_t team, struct xw_error *err)
{
    const struct xw_pam_person *person = search->person;
    const id_t number = team ? team : person->caller.uid;

    if (search->known == number && search->team == (team != 0))
        return 0;
    XW_AUTO_CLOSE int owners = xw_record_directory(XW_OWNERS_DIR);
    if (owners < 0)
        return xw_fail_errno(err, owners, XW_OWNERS_DIR " can't be opened");
    int rc = team ? xw_owner_read_group(owners, team, &search->owner, err)
                  : xw_owner_read(owners, person->caller.uid, &search->owner, err);
    if (rc < 0 && rc != -ENOENT)
        return rc;
    if (rc < 0 || (!team && strcmp(search->owner.name, person->name) != 0))
        search->owner = (struct xw_owner){0};
    search->known = number;
    search->team = team != 0;
    return 0;
}

/* Whether this window is more worth telling than the one that was found before. */
static bool is_nearer(const struct xw_window *window, const struct search *search)
{
    const bool opens = window->state == XW_WINDOW_BEFORE;
    const struct xw_window *other = &search->nearest;

    if (!search->closed || opens != (other->state == XW_WINDOW_BEFORE))
        return !search->closed || opens;
    return opens ? window->opens < other->opens : window->closes > other->closes;
}

/*
 * Whether a lab that is the person's by group or name, or their team's, is open for them or it: 1,
 * 0, or a negative errno.
 */
static int is_open(struct search *search, const struct xw_access *access, gid_t team,
                   struct xw_error *err)
{
    struct xw_window window = xw_access_window(NULL, access, search->now);

    if (window.state == XW_WINDOW_GRACE || window.state == XW_WINDOW_CLOSED) {
        int rc = know_owner(search, team, err);
        if (rc < 0)
            return rc;
        window = xw_access_window(&search->owner, access, search->now);
    }
    if (window.state == XW_WINDOW_OPEN)
        return 1;
    if (is_nearer(&window, search)) {
        search->nearest = window;
        snprintf(search->lab, sizeof(search->lab), "%s", access->lab);
    }
    search->closed = true;
    return 0;
}

/*
 * Whether one of the lab's teams that the person is in may use it now: 1, 0, or a negative errno if
 * none may and one's record is broken.
 */
static int is_open_for_team(struct search *search, const struct xw_access *access,
                            struct xw_error *err)
{
    int broken = 0;

    for (size_t i = 0; i < access->team_count; i++) {
        if (!xw_access_grants_team(&search->person->caller, access, access->teams[i]))
            continue;
        int rc = is_open(search, access, access->teams[i], err);
        if (rc > 0)
            return rc;
        if (rc < 0)
            broken = rc;
    }
    return broken;
}

/*
 * Whether a lab admits: 1, 0, or a negative errno, of which the first stays in *err. A lab that is
 * being removed admits nobody.
 */
static int lab_admits(int labs, const char *lab, struct search *search, struct xw_error *err)
{
    const struct xw_pam_person *person = search->person;
    struct xw_access access;
    struct xw_error why = {0};
    int rc = xw_access_read(labs, lab, &access, &why);

    if (rc == -ENOENT)
        return 0;
    if (rc == 0 && xw_access_instructs(&person->caller, &access))
        return 1;
    /* A name beyond the grammar of owners can't have a world (common/names.h). */
    if (rc == 0 && xw_owner_ok(person->name) && xw_access_grants(&person->caller, &access))
        rc = is_open(search, &access, 0, &why);
    if (rc == 0)
        rc = is_open_for_team(search, &access, &why);
    if (rc < 0 && err->code == 0)
        *err = why;
    return rc;
}

/* Goes through the labs until one admits: 1, 0, or a negative errno if none does and one is broken.
 */
static int some_lab_admits(DIR *labs, struct search *search, struct xw_error *err)
{
    const struct dirent *entry;
    int broken = 0;

    while (errno = 0, (entry = readdir(labs)) != NULL) {
        if (!xw_name_ok(entry->d_name))
            continue;
        int rc = lab_admits(dirfd(labs), entry->d_name, search, err);
        if (rc > 0)
            return rc;
        if (rc < 0 && broken == 0)
            broken = rc;
    }
    if (errno != 0)
        return xw_fail_errno(err, -errno, XW_LABS_DIR " can't be read");
    return broken;
}

static int look_through_labs(struct search *search, struct xw_error *err)
{
    XW_AUTO_CLOSEDIR DIR *labs = NULL;
    int fd = xw_record_directory(XW_LABS_DIR);

    if (fd < 0)
        return xw_fail_errno(err, fd, XW_LABS_DIR " can't be opened");
    labs = fdopendir(fd);
    if (!labs) {
        int rc = -errno;
        close(fd);
        return xw_fail_errno(err, rc, XW_LABS_DIR " can't be read");
    }
    return some_lab_admits(labs, search, err);
}

static void say(char why[XW_PAM_SENTENCE_SIZE], const char *sentence)
{
    snprintf(why, XW_PAM_SENTENCE_SIZE, "%s", sentence);
}

/* When the lab that is nearest opens, or that it has closed. */
static void say_when(char why[XW_PAM_SENTENCE_SIZE], const struct search *search)
{
    char when[XW_WHEN_SIZE];

    xw_when_text(&search->nearest, search->now, when);
    if (search->nearest.state == XW_WINDOW_BEFORE)
        snprintf(why, XW_PAM_SENTENCE_SIZE, "Your lab %s %s; log in again then.", search->lab,
                 when);
    else
        snprintf(why, XW_PAM_SENTENCE_SIZE,
                 "Your lab %s is %s; ask your instructor if you need more time.", search->lab,
                 when);
}

int xw_pam_account(const struct xw_pam_options *options, const struct xw_pam_person *person,
                   time_t now, enum xw_pam_verdict *verdict, char why[XW_PAM_SENTENCE_SIZE],
                   struct xw_error *err)
{
    struct xw_config config;
    int rc = read_config(options, &config, err);

    if (rc < 0)
        return rc;
    if (options->maintenance || *config.maintenance) {
        *verdict = XW_PAM_MAINTENANCE;
        say(why, options->maintenance_text ? options->maintenance_text
                 : *config.maintenance     ? config.maintenance
                                           : MAINTENANCE_TEXT);
        return 0;
    }
    struct search search = {.person = person, .now = now};
    rc = look_through_labs(&search, err);
    if (rc < 0)
        return rc;
    *verdict = rc > 0 ? XW_PAM_ADMIT : search.closed ? XW_PAM_CLOSED : XW_PAM_NO_LAB;
    if (*verdict == XW_PAM_CLOSED)
        say_when(why, &search);
    else
        say(why, rc > 0 ? "" : NO_LAB_TEXT);
    return 0;
}
