/* links: xwsh/boots.c xwsh/log_lines.c xwsh/log_mark.c xwsh/safe_text.c common/error.c */
/*
 * Waiting for login prompts: of this boot and not of the last one, however much of it was missed;
 * machines that stop, that can't be looked at, and more of them than are looked at at once. The
 * consoles are the test's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xwsh/boots.h"
#include "xwsh/pump.h"

enum { CONSOLES = 12 };

/* A machine's console, as the lab gives it to the next one who looks. */
static struct console {
    char machine[XW_NAME_SIZE];
    const char *history;
    const char *live;
    enum xw_exit refusal; /* it does not open */
    bool stops;           /* after what it has said */
    int late;             /* how often nothing is there yet of what was announced */
    int opened;           /* times */
} consoles[CONSOLES];
static int at_once;
static int most_at_once;
static int64_t now_ms;
static int closed;

/* Stands for a gate; the console is found by it. */
static struct console *of(const struct xw_watcher *watcher)
{
    return (struct console *)(void *)watcher->gate;
}

int64_t xw_pump_now(void)
{
    return now_ms;
}

int xw_watcher_open(struct xw_watcher *watcher, const struct xw_request *about, const char *machine,
                    bool quiet, struct xw_error *err)
{
    (void)quiet;
    *watcher = XW_WATCHER_NONE;
    assert_string_equal(about->lab, "fw");
    for (int i = 0; i < CONSOLES; i++) {
        if (strcmp(consoles[i].machine, machine) != 0)
            continue;
        watcher->gate = (struct xw_gate *)(void *)&consoles[i];
        watcher->history = strlen(consoles[i].history);
        consoles[i].opened++;
        at_once++;
        most_at_once = at_once > most_at_once ? at_once : most_at_once;
        return 0;
    }
    return xw_fail(err, -ENOENT, "no such machine");
}

ssize_t xw_watcher_take(struct xw_watcher *watcher, char *bytes, size_t size, bool *live)
{
    struct console *console = of(watcher);
    const char *from = console->history + strlen(console->history) - watcher->history;
    size_t most = watcher->history < size ? watcher->history : size;

    if (console->refusal != XW_EXIT_OK) {
        watcher->code = console->refusal;
        xw_fail(&watcher->err, -EIO, "it does not open");
        return -ENODATA;
    }
    watcher->opened = true;
    *live = watcher->history == 0;
    if (console->late > 0 && console->late-- > 0)
        return 0;
    if (*live) {
        from = console->live;
        most = strlen(from) < size ? strlen(from) : size;
        console->live += most;
    } else {
        watcher->history -= most;
    }
    memcpy(bytes, from, most);
    return most > 0 ? (ssize_t)most : console->stops ? -ENODATA : 0;
}

const char *xw_watcher_words(const struct xw_watcher *watcher)
{
    return *watcher->err.text ? watcher->err.text : "the machine has stopped";
}

bool xw_watcher_is_live(const struct xw_watcher *watcher)
{
    return watcher->opened && watcher->history == 0;
}

void xw_watcher_wait(const struct xw_watcher *watcher, struct pollfd wait[XW_WATCHER_WAITS])
{
    (void)watcher;
    wait[0].fd = wait[1].fd = 7;
}

void xw_watcher_close(struct xw_watcher *watcher, int patience)
{
    (void)patience;
    if (watcher->gate)
        at_once--;
    closed += watcher->gate != NULL;
    *watcher = XW_WATCHER_NONE;
}

static struct xw_boots boots;

static void console(int index, const char *history, const char *live)
{
    struct console *console = &consoles[index];

    *console = (struct console){.history = history, .live = live};
    snprintf(console->machine, sizeof(console->machine), "m%d", index);
}

static int begin(void **state)
{
    (void)state;
    boots = (struct xw_boots){.world = {.lab = "fw"}};
    at_once = most_at_once = closed = 0;
    now_ms = 1000;
    for (int i = 0; i < CONSOLES; i++)
        console(i, "", "");
    return 0;
}

static int end(void **state)
{
    (void)state;
    xw_boots_end(&boots, 0);
    return at_once;
}

/* Sets the mark of m0 in this log. */
static void mark(const char *log)
{
    console(0, log, "");
    assert_int_equal(xw_boots_add(&boots, "m0", false), 0);
    xw_boots_mark(&boots);
    xw_boots_step(&boots);
    assert_true(xw_boots_step(&boots));
    assert_int_equal(at_once, 0);
}

static enum xw_boot_state await(const char *history, const char *live)
{
    console(0, history, live);
    consoles[0].late = 3;
    xw_boots_await(&boots);
    for (int i = 0; i < 6; i++)
        xw_boots_step(&boots);
    return boots.boot[0].state;
}

static void a_prompt_that_comes(void **state)
{
    (void)state;
    mark("");
    assert_int_equal(await("", "boot\r\n\r\ntiny login: "), XW_BOOT_READY);
    assert_int_equal(boots.boot[0].done_at, 1000);
    assert_int_equal(xw_boots_ready(&boots), 1);
    assert_null(xw_boots_coming(&boots));
    assert_false(boots.busy);
}

static void the_prompt_of_the_last_boot(void **state)
{
    (void)state;
    mark("boot\r\ntiny login: ");
    assert_int_equal(await("boot\r\ntiny login: ", ""), XW_BOOT_COMING);
    assert_int_equal(await("boot\r\ntiny login: boot", "ing again"), XW_BOOT_COMING);
    assert_string_equal(boots.boot[0].last, "booting again");
    /* This one's had come before anybody looked, and the kernel has written behind it. */
    assert_int_equal(await("boot\r\ntiny login: boot\r\ntiny login: ", ""), XW_BOOT_READY);
    assert_int_equal(await("boot\r\ntiny login: b\r\ntiny login: [ 1.0] x\r\nmore", ""),
                     XW_BOOT_READY);
    assert_int_equal(await("boot\r\ntiny login: ", "b\r\nlogin: root\r\nLast login: never\r\n"),
                     XW_BOOT_COMING);
}

static void one_that_ran(void **state)
{
    (void)state;
    assert_int_equal(xw_boots_add(&boots, "m0", true), 0);
    xw_boots_mark(&boots);
    assert_true(xw_boots_step(&boots));
    assert_int_equal(consoles[0].opened, 0);
    assert_int_equal(await("boot\r\ntiny login: ", ""), XW_BOOT_READY);
    assert_int_equal(await("boot\r\ntiny login: root\r\n~ # ", ""), XW_BOOT_COMING);
    assert_string_equal(boots.boot[0].last, "~ #");
    assert_int_equal(await("boot\r\ntiny login: root\r\n~ # ", "exit\r\nlogin: "), XW_BOOT_READY);
}

static void one_that_stops(void **state)
{
    (void)state;
    mark("");
    console(0, "", "Kernel panic\r\n");
    consoles[0].stops = true;
    xw_boots_await(&boots);
    xw_boots_step(&boots);
    assert_true(xw_boots_step(&boots));
    assert_int_equal(boots.boot[0].state, XW_BOOT_FAILED);
    assert_string_equal(boots.boot[0].reason,
                        "the machine has stopped before it showed a login prompt");
    assert_string_equal(boots.boot[0].last, "Kernel panic");
}

static void one_that_can_not_be_looked_at(void **state)
{
    (void)state;
    /* A machine that has no log yet. */
    assert_int_equal(xw_boots_add(&boots, "m0", false), 0);
    consoles[0].refusal = XW_EXIT_FAILED;
    xw_boots_mark(&boots);
    xw_boots_step(&boots);
    assert_true(xw_boots_step(&boots));
    /* For the moment: tried again, and not all the time. */
    console(0, "", "login:");
    consoles[0].refusal = XW_EXIT_TRY_AGAIN;
    xw_boots_await(&boots);
    for (int i = 0; i < 5; i++)
        assert_false(xw_boots_step(&boots));
    assert_int_equal(consoles[0].opened, 1);
    assert_int_equal(xw_boots_timeout(&boots), XW_BOOTS_RETRY_MS);
    now_ms += XW_BOOTS_RETRY_MS;
    consoles[0].refusal = XW_EXIT_OK;
    assert_int_equal(xw_boots_timeout(&boots), 0);
    xw_boots_step(&boots);
    assert_int_equal(xw_boots_timeout(&boots), -1);
    assert_true(xw_boots_step(&boots));
    assert_int_equal(xw_boots_ready(&boots), 1);
    /* For good. */
    console(0, "", "");
    consoles[0].refusal = XW_EXIT_REFUSED;
    xw_boots_await(&boots);
    xw_boots_step(&boots);
    assert_true(xw_boots_step(&boots));
    assert_int_equal(boots.boot[0].state, XW_BOOT_FAILED);
    assert_string_equal(boots.boot[0].reason, "it does not open");
}

static void many(void **state)
{
    struct pollfd wait[XW_BOOTS_WAITS];
    char name[XW_NAME_SIZE];

    (void)state;
    for (int i = 0; i < CONSOLES; i++) {
        snprintf(name, sizeof(name), "m%d", i);
        assert_int_equal(xw_boots_add(&boots, name, false), 0);
    }
    xw_boots_drop(&boots, "m3");
    xw_boots_drop(&boots, "nobody");
    assert_int_equal(boots.count, CONSOLES - 1);
    xw_boots_await(&boots);
    assert_false(xw_boots_step(&boots));
    assert_int_equal(at_once, XW_BOOTS_AT_ONCE);
    xw_boots_wait(&boots, wait);
    assert_int_equal(wait[XW_BOOTS_WAITS - 1].fd, 7);
    assert_int_equal(xw_boots_timeout(&boots), -1);
    for (int i = 0; i < CONSOLES; i++) {
        consoles[i].live = "login: ";
        consoles[i].history = "";
    }
    for (int i = 0; i < 3; i++)
        xw_boots_step(&boots);
    assert_int_equal(xw_boots_ready(&boots), CONSOLES - 1);
    assert_int_equal(most_at_once, XW_BOOTS_AT_ONCE);
    assert_int_equal(closed, CONSOLES - 1);
    assert_int_equal(consoles[3].opened, 0);
    xw_boots_wait(&boots, wait);
    assert_int_equal(wait[0].fd, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_prompt_that_comes, begin, end),
        cmocka_unit_test_setup_teardown(the_prompt_of_the_last_boot, begin, end),
        cmocka_unit_test_setup_teardown(one_that_ran, begin, end),
        cmocka_unit_test_setup_teardown(one_that_stops, begin, end),
        cmocka_unit_test_setup_teardown(one_that_can_not_be_looked_at, begin, end),
        cmocka_unit_test_setup_teardown(many, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
