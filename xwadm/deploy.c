#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/exitcode.h"
#include "common/names.h"
#include "common/paths.h"
#include "common/record.h"
#include "xwadm/choice.h"
#include "xwadm/command.h"
#include "xwadm/files.h"
#include "xwadm/patience.h"
#include "xwadm/people.h"
#include "xwadm/progress.h"
#include "xwadm/say.h"
#include "xwadm/worlds.h"
#include "xwhelper/keeper/host.h"
#include "xwhelper/keeper/image.h"
#include "xwhelper/keeper/plan.h"
#include "xwhelper/keeper/world.h"

enum { JOBS_DEFAULT = 4, JOBS_MAX = 64 };

/* What became of one world. */
struct outcome {
    bool tried;
    int rc;
    enum xw_deploy_result result;
    struct xw_error err;
};

/* What the threads share. Fixed once they run, but for what the lock guards. */
struct deployment {
    const struct xw_plan *plan;
    const struct xw_people *people;
    struct outcome *outcomes; /* one for each of people; written by the thread that took it */
    struct xw_progress *progress;
    pthread_mutex_t lock;
    size_t next; /* guarded */
    bool stop;   /* guarded: nothing more can succeed: the disk is full, libvirt is gone */
};

/* The next person's index, or the count when there is nothing more to do. */
static size_t take_next(struct deployment *deployment)
{
    pthread_mutex_lock(&deployment->lock);
    size_t index = deployment->people->count;
    if (!deployment->stop && !xw_interrupted() && deployment->next < index)
        index = deployment->next++;
    pthread_mutex_unlock(&deployment->lock);
    return index;
}

static void stop_all(struct deployment *deployment)
{
    pthread_mutex_lock(&deployment->lock);
    deployment->stop = true;
    pthread_mutex_unlock(&deployment->lock);
}

static const char *result_text(const struct outcome *outcome)
{
    static const char *const texts[] = {
        [XW_DEPLOY_MADE] = "made",
        [XW_DEPLOY_MENDED] = "mended",
        [XW_DEPLOY_PRESENT] = "there already",
    };

    return outcome->rc < 0 ? "failed" : texts[outcome->result];
}

/*
 * Deploys one world. A connection that broke is given up, so that the next world gets a new one:
 * *host is NULL then.
 */
static void deploy_one(struct deployment *deployment, size_t index, struct xw_host **host)
{
    const struct xw_person *person = &deployment->people->items[index];
    struct outcome *outcome = &deployment->outcomes[index];
    char what[2 * XW_NAME_SIZE];

    snprintf(what, sizeof(what), "%s/%s", deployment->plan->lab, person->name);
    xw_progress_begin(deployment->progress, what);
    outcome->tried = true;
    if (!*host)
        outcome->rc = xw_host_open(host, &outcome->err);
    /* One message says it: the other worlds would fail in the same way. */
    if (!*host)
        stop_all(deployment);
    if (outcome->rc == 0)
        outcome->rc = xw_world_deploy(*host, deployment->plan, person->name, person->number,
                                      &outcome->result, &outcome->err);
    xw_patience_begin();
    xw_progress_done(deployment->progress, what, result_text(outcome));
    if (outcome->rc == -ENOSPC || outcome->rc == -EDQUOT)
        stop_all(deployment);
    if (outcome->rc == -EAGAIN && *host) {
        xw_host_close(*host);
        *host = NULL;
    }
}

static void *work(void *data)
{
    struct deployment *deployment = data;
    struct xw_host *host = NULL;
    size_t index;

    while ((index = take_next(deployment)) < deployment->people->count)
        deploy_one(deployment, index, &host);
    if (host)
        xw_host_close(host);
    return NULL;
}

/* Runs the threads; this one works, too, so that one job needs no other. */
static void run_threads(struct deployment *deployment, unsigned int jobs)
{
    pthread_t threads[JOBS_MAX];
    unsigned int started = 0;

    if (jobs > deployment->people->count)
        jobs = (unsigned int)deployment->people->count;
    while (started + 1 < jobs && pthread_create(&threads[started], NULL, work, deployment) == 0)
        started++;
    work(deployment);
    for (unsigned int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
}

struct summary {
    size_t made, mended, present, failed, untried;
    bool try_again; /* libvirt was not answering, at least once */
};

static struct summary sum_up(const struct deployment *deployment)
{
    struct summary summary = {0};

    for (size_t i = 0; i < deployment->people->count; i++) {
        const struct outcome *outcome = &deployment->outcomes[i];
        if (!outcome->tried)
            summary.untried++;
        else if (outcome->rc < 0)
            summary.failed++;
        else if (outcome->result == XW_DEPLOY_MADE)
            summary.made++;
        else if (outcome->result == XW_DEPLOY_MENDED)
            summary.mended++;
        else
            summary.present++;
        summary.try_again = summary.try_again || outcome->rc == -EAGAIN;
    }
    return summary;
}

static void add_part(char *text, size_t size, size_t count, const char *what)
{
    size_t used = strlen(text);

    if (count > 0)
        snprintf(text + used, size - used, "%s%zu %s", used ? ", " : "", count, what);
}

static int report(const struct deployment *deployment)
{
    const struct summary summary = sum_up(deployment);
    char parts[160] = "";

    for (size_t i = 0; i < deployment->people->count; i++) {
        if (deployment->outcomes[i].rc < 0)
            xw_note("%s/%s: %s", deployment->plan->lab, deployment->people->items[i].name,
                    deployment->outcomes[i].err.text);
    }
    add_part(parts, sizeof(parts), summary.made, "made");
    add_part(parts, sizeof(parts), summary.mended, "mended");
    add_part(parts, sizeof(parts), summary.present, "there already");
    add_part(parts, sizeof(parts), summary.failed, "failed");
    add_part(parts, sizeof(parts), summary.untried, "not tried");
    xw_say("%zu world%s: %s.", deployment->people->count, deployment->people->count == 1 ? "" : "s",
           parts);
    if (summary.try_again)
        return XW_EXIT_TRY_AGAIN;
    return summary.failed || summary.untried ? XW_EXIT_FAILED : XW_EXIT_OK;
}

/* Checks every image of a plan once; names the worlds that stand on one that is not as it was. */
static int check_images(const struct xw_plan *plan)
{
    int worst = 0;

    for (size_t i = 0; i < plan->machine_count; i++) {
        XW_AUTO_WORLDS worlds = {0};
        struct xw_error err = {0};
        struct xw_image image;
        char text[XW_WORLDS_TEXT_SIZE];
        const char *name = plan->machines[i].image;
        bool seen = false;
        for (size_t j = 0; j < i && !seen; j++)
            seen = strcmp(plan->machines[j].image, name) == 0;
        int rc = seen ? 0 : xw_image_check(name, plan->machines[i].image_id, &image, &err);
        if (rc == 0)
            continue;
        worst = rc;
        xw_worlds_on_image(name, &worlds, NULL);
        xw_worlds_text(&worlds, text);
        xw_note("%s. Worlds that stand on it: %s", err.text, worlds.count ? text : "none");
    }
    return worst;
}

/* A user outside the lab's groups may have a world, but won't see it. */
static void tell_outsiders(const struct xw_people *people, const struct xw_access *access)
{
    for (size_t i = 0; i < people->count; i++)
        xw_person_note_outsider(&people->items[i], access);
}

static int deploy_people(const struct xw_plan *plan, const struct xw_people *people,
                         unsigned int jobs)
{
    struct deployment deployment = {.plan = plan, .people = people};

    deployment.outcomes = calloc(people->count, sizeof(*deployment.outcomes));
    if (!deployment.outcomes) {
        xw_note("there is not enough memory");
        return XW_EXIT_FAILED;
    }
    pthread_mutex_init(&deployment.lock, NULL);
    deployment.progress = xw_progress_start(people->count);
    xw_patience_begin();
    run_threads(&deployment, jobs);
    xw_patience_end();
    xw_progress_end(deployment.progress);
    int code = report(&deployment);
    pthread_mutex_destroy(&deployment.lock);
    free(deployment.outcomes);
    return code;
}

/* What deployment reads: the lab's records. */
static int read_lab(int labs_fd, const char *lab, struct xw_access *access, struct xw_plan *plan,
                    struct xw_error *err)
{
    int rc = xw_access_read(labs_fd, lab, access, err);

    if (rc == 0)
        rc = xw_plan_read(labs_fd, lab, plan, err);
    if (rc == -ENOENT)
        xw_fail(err, rc, "there is no lab \"%s\"; `xwadm lab list` shows them all", lab);
    return rc;
}

static int deploy_chosen(const char *lab, const struct xw_choice *choice, unsigned int jobs,
                         struct xw_plan *plan, int labs_fd)
{
    struct xw_error err = {0};
    struct xw_access access;
    XW_AUTO_PEOPLE people = {0};

    int rc = read_lab(labs_fd, lab, &access, plan, &err);
    if (rc < 0) {
        xw_complain(&err);
        return rc == -ENOENT ? XW_EXIT_REFUSED : XW_EXIT_FAILED;
    }
    rc = xw_choice_people(choice, &access, &people, &err);
    if (rc < 0) {
        xw_complain(&err);
        return rc == -ENOENT ? XW_EXIT_REFUSED : XW_EXIT_FAILED;
    }
    if (people.count == 0) {
        xw_say("Nobody is in the groups of the lab \"%s\" yet: nothing to do.", lab);
        return XW_EXIT_OK;
    }
    if (check_images(plan) < 0)
        return XW_EXIT_FAILED;
    tell_outsiders(&people, &access);
    return deploy_people(plan, &people, jobs);
}

/* Holds labs and images as they are while worlds are being made of them. */
static int deploy(const char *lab, const struct xw_choice *choice, unsigned int jobs)
{
    struct xw_error err = {0};
    XW_AUTO_CLOSE int images = xw_directory_open(XW_IMAGES_DIR, &err);
    XW_AUTO_CLOSE int labs = images < 0 ? -1 : xw_directory_open(XW_LABS_DIR, &err);

    if (labs < 0)
        return xw_complain(&err);
    XW_AUTO_CLOSE int images_lock = xw_directory_lock(images, XW_LOCK_SHARED, "images", &err);
    XW_AUTO_CLOSE int labs_lock =
        images_lock < 0 ? -1 : xw_directory_lock(labs, XW_LOCK_SHARED, "labs", &err);
    if (labs_lock < 0)
        return xw_complain(&err);
    struct xw_plan *plan = calloc(1, sizeof(*plan));
    if (!plan) {
        xw_note("there is not enough memory");
        return XW_EXIT_FAILED;
    }
    int code = deploy_chosen(lab, choice, jobs, plan, labs);
    free(plan);
    return code;
}

static bool read_jobs(const char *text, unsigned int *jobs)
{
    unsigned long number;

    if (xw_number(text, JOBS_MAX, &number) < 0 || number == 0) {
        xw_note("deploy: --jobs takes a number from 1 to %d", JOBS_MAX);
        return false;
    }
    *jobs = (unsigned int)number;
    return true;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {
        XW_CHOICE_OPTIONS, {"jobs", required_argument, NULL, 'j'}, {0}};
    XW_AUTO_CHOICE choice = {0};
    unsigned int jobs = JOBS_DEFAULT;
    int option;

    while ((option = xw_option(argc, argv, options)) != -1) {
        if (option == '?' || (option == 'j' && !read_jobs(optarg, &jobs)))
            return XW_EXIT_USAGE;
        if (option != 'j' && !xw_choice_add(&choice, option, optarg))
            return XW_EXIT_FAILED;
    }
    if (!xw_operands_ok(argc, argv, 1, 1, "the lab's name") || !xw_choice_ok(&choice, argv[0]))
        return XW_EXIT_USAGE;
    if (!xw_name_ok(argv[optind]))
        return xw_bad_name("a lab", argv[optind]);
    return deploy(argv[optind], &choice, jobs);
}

const struct xw_command xw_command_deploy = {
    .name = "deploy",
    .arguments = "LAB (--user USER... | --group GROUP... | --all) [--jobs N]",
    .summary = "make the worlds of a lab",
    .help =
        "Make a world of LAB for each of these people; what is there already stays as it is\n"
        "and what is missing is made, so the command can be repeated at any time. Nothing is\n"
        "started.\n"
        "\n"
        "  --user USER    for this user, or @TEAM; can be repeated\n"
        "  --group GROUP  for the members of this group; can be repeated\n"
        "  --all          for everybody in the student groups of the lab or named in its file,\n"
        "                 and its teams\n"
        "  --jobs N       this many worlds at the same time (default: 4)\n"
        "\n"
        "One failure doesn't stop the others; each is named at the end. Exit status 1 means\n"
        "that some failed, 75 that libvirt was not answering: the same command completes what\n"
        "is missing.\n"
        "\n"
        "Examples:\n"
        "  xwadm deploy firewall --all\n"
        "  xwadm deploy firewall --user alice --user bob\n",
    .run = run,
};
