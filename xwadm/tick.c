#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/paths.h"
#include "xwadm/closing.h"
#include "xwadm/command.h"
#include "xwadm/due.h"
#include "xwadm/files.h"
#include "xwadm/patience.h"
#include "xwadm/say.h"
#include "xwadm/tick.h"
#include "xwhelper/keeper/host.h"

/* Worlds that are stopped at the same time: nearly all that each does is to wait. */
enum { AT_ONCE = 32 };

struct due_world {
    struct xw_world_name name;
    struct xw_window window;
    const struct xw_idle_world *idle; /* it is to be suspended; NULL: stopped */
};

/* Freed by tick(). */
struct due_worlds {
    size_t count;
    struct due_world *items;
};

struct child {
    pid_t pid;
    int fd;
    const struct due_world *world;
};

struct pass {
    int labs;
    bool dry_run;
    struct xw_domains domains;
    struct xw_idle_look idle; /* the worlds that are to be suspended */
    size_t running;           /* of the children, the first ones */
    struct child children[AT_ONCE];
    struct xw_tick_report report;
};

/* Whether this domain begins the machines of a world; they are sorted. */
static bool is_next_world(const struct xw_domain *domain, const struct xw_world_name *world)
{
    return domain->running &&
           (strcmp(domain->lab, world->lab) != 0 || strcmp(domain->owner, world->owner) != 0);
}

static void judge(struct pass *pass, struct xw_closing *closing, const struct xw_world_name *world,
                  struct due_worlds *due)
{
    struct xw_window window;

    int rc = xw_closing_window(closing, world, &window);
    if (rc == 0 && xw_due_stop(&window)) {
        rc = xw_closing_instructs(closing, world);
        if (rc == 0)
            due->items[due->count++] = (struct due_world){*world, window, NULL};
    }
    pass->report.failed = pass->report.failed || rc < 0;
}

/* The worlds that have machines on and whose time is up. */
static int find_due(struct pass *pass, struct due_worlds *due, struct xw_error *err)
{
    struct xw_closing closing = {.labs = pass->labs, .now = xw_clock_now()};
    struct xw_world_name world = {0};

    due->items = calloc(pass->domains.count + pass->idle.count + 1, sizeof(*due->items));
    if (!due->items)
        return xw_fail(err, -ENOMEM, "there is not enough memory");
    for (size_t i = 0; i < pass->domains.count; i++) {
        const struct xw_domain *domain = &pass->domains.items[i];
        if (!is_next_world(domain, &world))
            continue;
        memcpy(world.lab, domain->lab, sizeof(world.lab));
        memcpy(world.owner, domain->owner, sizeof(world.owner));
        judge(pass, &closing, &world, due);
    }
    return 0;
}

static bool is_due(const struct due_worlds *due, const struct xw_idle_world *world)
{
    for (size_t i = 0; i < due->count; i++) {
        if (strcmp(due->items[i].name.lab, world->lab) == 0 &&
            strcmp(due->items[i].name.owner, world->owner) == 0)
            return true;
    }
    return false;
}

/* Behind those that are to be stopped; what has closed needs no saving. */
static void add_idle(const struct pass *pass, struct due_worlds *due)
{
    for (size_t i = 0; i < pass->idle.count; i++) {
        const struct xw_idle_world *world = &pass->idle.worlds[i];
        if (is_due(due, world))
            continue;
        struct due_world *item = &due->items[due->count++];
        *item = (struct due_world){.idle = world};
        memcpy(item->name.lab, world->lab, sizeof(world->lab));
        memcpy(item->name.owner, world->owner, sizeof(world->owner));
    }
}

static const struct xw_window *window_of(const struct due_world *world)
{
    return world->idle ? NULL : &world->window;
}

/* Asks libvirt once; its connection is closed before there are other processes. */
static int read_domains(struct xw_domains *domains, struct xw_error *err)
{
    struct xw_host *host = NULL;

    xw_patience_begin();
    int rc = xw_host_open_read_only(&host, err);
    if (rc == 0)
        rc = xw_domains_read(host, domains, err);
    xw_host_close(host);
    xw_patience_end();
    return rc;
}

static void cannot_begin(struct pass *pass, const struct due_world *world)
{
    xw_note("%s/%s can't be stopped: %s", world->name.lab, world->name.owner, strerror(errno));
    pass->report.failed = true;
}

static void start_child(struct pass *pass, const struct due_world *world)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        cannot_begin(pass, world);
        return;
    }
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        _exit(world->idle ? xw_tick_suspend(world->idle, pass->labs, ends[1])
                          : xw_tick_stop(&world->name, pass->labs, ends[1]));
    }
    close(ends[1]);
    if (pid < 0) {
        cannot_begin(pass, world);
        close(ends[0]);
        return;
    }
    pass->children[pass->running++] = (struct child){pid, ends[0], world};
}

/* Waits for the next process to end. What one says fits into its socket: none waits for us. */
static void end_child(struct pass *pass)
{
    int status;
    pid_t pid = waitpid(-1, &status, 0);

    for (size_t i = 0; pid > 0 && i < pass->running; i++) {
        struct child *child = &pass->children[i];
        if (child->pid != pid)
            continue;
        xw_tick_report_stopped(&pass->report, &child->world->name, window_of(child->world),
                               child->fd, status);
        close(child->fd);
        *child = pass->children[--pass->running];
        break;
    }
}

static void stop_all(struct pass *pass, const struct due_worlds *due)
{
    size_t next = 0;

    while (pass->running > 0 || (next < due->count && !xw_interrupted())) {
        if (next < due->count && pass->running < AT_ONCE && !xw_interrupted())
            start_child(pass, &due->items[next++]);
        else
            end_child(pass);
    }
    if (next < due->count) {
        xw_note("interrupted: %zu worlds are left to the next pass", due->count - next);
        pass->report.failed = true;
    }
}

static long seconds_now(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
        abort();
    return now.tv_sec;
}

static void do_pass(struct pass *pass, const struct due_worlds *due)
{
    const long began = seconds_now();

    for (size_t i = 0; pass->dry_run && i < due->count; i++)
        xw_tick_report_due(&pass->report, &due->items[i].name, window_of(&due->items[i]),
                           &pass->domains);
    if (!pass->dry_run)
        stop_all(pass, due);
    const long took = seconds_now() - began;
    if (took > XW_TICK_PERIOD)
        xw_note("this pass took %ld seconds, and the timer's next one should have begun after %d",
                took, XW_TICK_PERIOD);
}

static int end_code(const struct xw_tick_report *report)
{
    return report->try_again ? XW_EXIT_TRY_AGAIN : report->failed ? XW_EXIT_FAILED : XW_EXIT_OK;
}

static int tick(bool dry_run, bool json)
{
    struct xw_error err = {0};
    struct xw_error idle = {0};
    XW_AUTO_CLOSE int labs = xw_directory_open(XW_LABS_DIR, &err);
    struct pass pass = {.labs = labs, .dry_run = dry_run};
    struct due_worlds due = {0};

    int rc = labs < 0 ? labs : read_domains(&pass.domains, &err);
    if (rc == 0 && xw_tick_look(labs, dry_run, &pass.idle, &idle) < 0) {
        xw_note("which worlds are idle can't be told: %s", idle.text);
        pass.report.failed = true;
    }
    if (rc == 0)
        rc = find_due(&pass, &due, &err);
    if (rc == 0) {
        add_idle(&pass, &due);
        pass.report.worlds = json ? xw_json_need(json_object_new_array()) : NULL;
        do_pass(&pass, &due);
        if (json) {
            struct json_object *object = xw_json_new();
            xw_json_bool(object, "dry_run", dry_run);
            json_object_object_add(object, "worlds", pass.report.worlds);
            xw_json_print(object);
        }
    }
    free(due.items);
    xw_idle_free(&pass.idle);
    xw_domains_free(&pass.domains);
    return rc < 0 ? xw_complain(&err) : end_code(&pass.report);
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {
        {"dry-run", no_argument, NULL, 'n'}, {"json", no_argument, NULL, 'j'}, {0}};
    bool dry_run = false;
    bool json = false;
    int option;

    while ((option = xw_option(argc, argv, options)) != -1) {
        if (option == '?')
            return XW_EXIT_USAGE;
        if (option == 'n')
            dry_run = true;
        else
            json = true;
    }
    if (!xw_operands_ok(argc, argv, 0, 0, ""))
        return XW_EXIT_USAGE;
    return tick(dry_run, json);
}

const struct xw_command xw_command_tick = {
    .name = "tick",
    .arguments = "[--dry-run] [--json]",
    .summary = "stop the worlds whose time is up, suspend those that are idle",
    .help =
        "Stop the machines of every world that has closed: the lab's closing, its grace time and\n"
        "the owner's extension are past. As `stop` does it: the power button, stop-grace of\n"
        "xworlds.conf(5) for the machines of a world together, then off. Made for\n"
        "xworlds-tick.timer, which does it each minute: says what it has stopped, and nothing\n"
        "where all is as it should be. Labs that don't close are left alone, and so are the "
        "worlds\n"
        "of those who instruct the lab, whom its window doesn't bind.\n"
        "\n"
        "Suspend every world that has been idle for suspend-after of xworlds.conf(5) or of its "
        "lab:\n"
        "no byte on console or network and next to no CPU time in all of its machines, by what\n"
        "this and the passes before saw. Open consoles are warned before.\n"
        "\n"
        "  --dry-run  only say what would be stopped or suspended\n"
        "  --json     for programs\n"
        "\n"
        "A world that somebody works on is waited for for 10 seconds, and then left to the next\n"
        "pass. Exit status 1 means that some could not be stopped or judged, 75 that one was "
        "being\n"
        "worked on or that libvirt was not answering.\n"
        "\n"
        "Example:\n"
        "  xwadm tick --dry-run\n",
    .run = run,
};
