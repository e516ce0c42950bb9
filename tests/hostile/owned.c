/*
 * Class J, J3 and J4: gate, reader and relay taken over, from where they first read hostile input,
 * with each layer of their confinement off in turn. What is no gain is what their student's own
 * process can do as well; each attempt is also made where it is allowed, so that it is known to be
 * able to succeed.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/landlock.h"
#include "common/paths.h"
#include "tests/hostile/layers.h"
#include "tests/hostile/parts.h"
#include "tests/hostile/proxy.h"
#include "tests/hostile/talk.h"

enum { ROWS_MAX = 96, LANDLOCK_SIGNALS = 6 /* the version that has a word on them */ };

static struct row rows[ROWS_MAX];
static size_t row_count;
static char uuid[64]; /* bob's machine */

static bool flag_works;

/* --- the stage -------------------------------------------------------------------------------- */

static void prepare_stage(void)
{
    FILE *file = fopen("/tmp/bob.uuid", "re");

    if (!file || fscanf(file, "%63s", uuid) != 1)
        fail("bob's machine has no uuid");
    if (file)
        fclose(file);
    MUST("install", "-m", "0755", "build/hostile/owned/alone", "/tmp/alone");
    exits("alice's machine",
          &(struct drive_call){.argv = ARGV("start", "hostile", "m1"), .user = people.alice}, 0);
    exits("bob's machine",
          &(struct drive_call){.argv = ARGV("start", "hostile", "m1"), .user = people.bob}, 0);
}

static pid_t start_caller(void)
{
    fflush(NULL);
    pid_t pid = drive_fork_as(people.alice);

    if (pid == 0) {
        prctl(PR_SET_DUMPABLE, 1);
        for (;;)
            pause();
    }
    return pid;
}

static void begin_rows(int part)
{
    const struct attempt *attempt;

    memset(rows, 0, sizeof(rows));
    row_count = 0;
    for (size_t i = 0; (attempt = attempt_at(i)) != NULL; i++) {
        if (!(attempt->parts & part))
            continue;
        if (row_count == ROWS_MAX)
            abort();
        rows[row_count++].attempt = attempt;
    }
}

/* The victim at hand; only attempts on processes need it. */
static void set_victim(struct scene *scene, const struct attempt *attempt)
{
    bool needed = false;

    for (const struct attempt *one = attempts_processes; one->name; one++)
        needed = needed || one == attempt;
    if (needed)
        scene->victim = parts_victim(scene->part);
}

static bool lacks(struct outcome control)
{
    return control.what == REFUSED &&
           (control.error == EAFNOSUPPORT || control.error == ENOSYS || control.error == ENODEV ||
            control.error == EPROTONOSUPPORT || control.error == ENXIO);
}

/* As the student, and where it is allowed: by the product, without the flag. */
static void without_confinement(struct scene scene)
{
    const struct drive_user bobs_gate = taken_over(people.bob);
    const struct drive_user *itself = drive_user(scene.part == IN_GATE     ? XW_HELPER_USER
                                                 : scene.part == IN_READER ? XW_READER_USER
                                                                           : XW_RELAY_USER);

    for (size_t i = 0; i < row_count; i++) {
        struct row *row = &rows[i];
        int notes = row->attempt->notes;
        const struct drive_user *allowed_user = notes & AS_A_GATE    ? &bobs_gate
                                                : notes & AS_ITS_UID ? itself
                                                                     : people.root;
        set_victim(&scene, row->attempt);
        row->student = parts_attempt_alone(row->attempt, &scene, people.alice);
        row->control = parts_attempt_alone(row->attempt, &scene, allowed_user);
        row->here = !lacks(row->control);
        if (row->here && row->control.what != HAD)
            fail("the control of \"%s\": %d, errno %d", row->attempt->name, row->control.what,
                 row->control.error);
    }
}

static void fill_column(struct scene scene, enum column column)
{
    for (size_t i = 0; i < row_count; i++) {
        struct row *row = &rows[i];
        if (!row->here)
            continue;
        set_victim(&scene, row->attempt);
        row->cell[column] = parts_attempt(row->attempt, &scene);
        if (row->cell[column].what == BROKEN)
            fail("\"%s\", column %d, came to nothing", row->attempt->name, (int)column);
    }
    parts_end_victim();
}

/* Whether the layer of a column is there to be relied on, where this one is off. */
static bool is_claimed(int part, const struct row *row, enum column column)
{
    bool own = (row->attempt->notes & OWN_FILE) != 0;

    if (!row->here || (column == WITHOUT_FLAG && part != IN_GATE))
        return false;
    if (column != WITHOUT_SECCOMP)
        return true;
    return xw_landlock_version() > 0 && (part != IN_GATE || !own || flag_works);
}

/* The claim: with all, and with each one off. */
static void nothing_is_gained(int part)
{
    for (size_t i = 0; i < row_count; i++) {
        const struct row *row = &rows[i];
        for (enum column column = WITH_ALL; column < PERMISSIONS_ALONE; column++) {
            if (is_claimed(part, row, column) && layers_gained(row, column))
                fail("\"%s\" succeeds, column %d, and its student can't", row->attempt->name,
                     (int)column);
        }
        /* With a filter it reaches nobody else's process at all. */
        if (row->here && (row->attempt->notes & DISTURBS) &&
            (row->cell[WITH_ALL].what == HAD || row->cell[WITHOUT_LANDLOCK].what == HAD))
            fail("\"%s\" succeeds with the filter on", row->attempt->name);
    }
}

/* The page is that of a kernel and a filesystem which have it all. */
static void compare_page(int part)
{
    if (flag_works && xw_landlock_version() >= LANDLOCK_SIGNALS)
        layers_compare(part, rows, row_count);
    else
        printf("# the table isn't compared: Landlock %d, the immutable flag %s\n",
               xw_landlock_version(), flag_works ? "works" : "doesn't");
}

/* What the mere permissions leave open shows that the layers are what stops it. */
static void layers_matter(const char *const names[])
{
    for (; *names; names++) {
        size_t i = 0;
        while (i < row_count && strcmp(rows[i].attempt->name, *names) != 0)
            i++;
        if (i == row_count || rows[i].cell[PERMISSIONS_ALONE].what != HAD)
            fail("\"%s\" isn't had by permissions alone: what stopped it is not known", *names);
    }
}

/* --- J3, the gate ----------------------------------------------------------------------------- */

static void flag_alone(struct scene scene)
{
    if (!flag_works)
        return;
    for (size_t i = 0; i < row_count; i++) {
        if (rows[i].attempt->notes & OWN_FILE)
            rows[i].flag = parts_attempt(rows[i].attempt, &scene);
    }
}

static void gate_and_its_layers(void)
{
    static const char *const open_by_permissions[] = {"own-chmod",   "exe-chmod", "own-acl",
                                                      "record-read", "signal",    "leave-setuid",
                                                      "execve",      NULL};
    static const enum layers kept[] = {
        [WITH_ALL] = ALL_LAYERS,           [WITHOUT_SECCOMP] = NO_SECCOMP,
        [WITHOUT_LANDLOCK] = NO_LANDLOCK,  [WITHOUT_FLAG] = ALL_LAYERS,
        [PERMISSIONS_ALONE] = PERMISSIONS,
    };
    struct scene scene = {
        .part = IN_GATE, .caller = start_caller(), .other = people.bob->uid, .uuid = uuid};

    begin_rows(IN_GATE);
    parts_install_gate(ALL_LAYERS);
    flag_works = parts_set_flag(true) && parts_set_flag(false);
    if (!flag_works)
        printf("# the immutable flag can't be set here: its part of the table isn't tried\n");
    without_confinement(scene);
    parts_end_victim();
    for (enum column column = WITH_ALL; column < COLUMNS; column++) {
        parts_install_gate(kept[column]);
        if (column != WITHOUT_FLAG && column != PERMISSIONS_ALONE)
            parts_set_flag(true);
        fill_column(scene, column);
        if (column == PERMISSIONS_ALONE) {
            parts_set_flag(true);
            flag_alone(scene);
        }
    }
    parts_restore();
    kill(scene.caller, SIGKILL);
    waitpid(scene.caller, NULL, 0);
    nothing_is_gained(IN_GATE);
    layers_matter(open_by_permissions);
    compare_page(IN_GATE);
}

/* --- J4, the reader and the relay ------------------------------------------------------------- */

static void kept_by_keeper(const int parts[], const char *const names[])
{
    static struct row kept[2][ROWS_MAX];
    static const enum column columns[] = {WITH_ALL, WITHOUT_SECCOMP, WITHOUT_LANDLOCK,
                                          PERMISSIONS_ALONE};
    struct scene scene = {.caller = start_caller(), .other = people.bob->uid, .uuid = uuid};
    size_t counts[2];

    for (size_t c = 0; c < 4; c++) {
        parts_install_keeper((enum layers)c);
        for (size_t p = 0; p < 2; p++) {
            scene.part = parts[p];
            begin_rows(parts[p]);
            if (c == 0)
                without_confinement(scene);
            else
                memcpy(rows, kept[p], sizeof(rows));
            fill_column(scene, columns[c]);
            memcpy(kept[p], rows, sizeof(rows));
            counts[p] = row_count;
        }
    }
    parts_restore();
    kill(scene.caller, SIGKILL);
    waitpid(scene.caller, NULL, 0);
    for (size_t p = 0; p < 2; p++) {
        memcpy(rows, kept[p], sizeof(rows));
        row_count = counts[p];
        nothing_is_gained(parts[p]);
        layers_matter(names);
        compare_page(parts[p]);
    }
}

static void reader_relay_and_their_layers(void)
{
    static const int parts[] = {IN_READER, IN_RELAY};
    static const char *const open_by_permissions[] = {"signal", "leave-setuid", "execve", NULL};

    kept_by_keeper(parts, open_by_permissions);
}

static void stage(void)
{
    prepare_stage();
}

const struct test suite_owned[] = {
    {"T-J3 T-J4 what is needed for taking parts over", stage},
    {"T-J3 the gate taken over, each layer off in turn", gate_and_its_layers},
    {"T-J4 reader and relay taken over, each layer off in turn", reader_relay_and_their_layers},
    {NULL, NULL},
};
