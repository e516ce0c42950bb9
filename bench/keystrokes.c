/*
 * keystrokes: how long a keystroke takes to come back from a guest's shell. Runs a program that
 * shows a serial console on a pseudo-terminal of its own, logs in as root where it must, types
 * capitals one at a time and prints, for each, the microseconds from the write to the echo. The
 * guest must be at its login or at an idle shell, and ^] must leave the console.
 *
 * With a command, it is that which is typed, and what is measured is how long the prompt takes.
 *
 * With --until, nothing is typed before a text shows; what is measured is the time from the start
 * of the program to that text. Then the keys that leave the program are typed.
 *
 * The next key follows an echo after 2 to 8 ms: the guest is idle again by then, as it is between
 * the keys of the fastest typist, and no beat with its clock builds up.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum {
    COUNT_MAX = 100000,
    KEYS_PER_LINE = 40, /* less than the terminal is wide */
    ECHO_MS = 20000,    /* a keystroke that takes longer is lost */
    BOOT_MS = 90000,    /* the guest may still be booting */
    SILENCE_MS = 1000   /* then the guest waits for somebody to type */
};

/* The guest as it is seen through the program. */
struct console {
    int master;
    pid_t pid;
    char seen[4096]; /* the last output, with an end */
    size_t length;
    unsigned int asked; /* how often the shell was asked for an answer */
};

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static _Noreturn void become(const char *terminal, char *const argv[])
{
    char *const environment[] = {(char[]){"TERM=xterm"}, (char[]){"LANG=C.UTF-8"}, NULL};

    setsid();
    int fd = open(terminal, O_RDWR); /* the session's first terminal is its controlling one */
    if (fd >= 0 && dup2(fd, 0) == 0 && dup2(fd, 1) == 1 && dup2(fd, 2) == 2) {
        if (fd > 2)
            close(fd);
        execve(argv[0], argv, environment);
    }
    _exit(127);
}

static int open_console(struct console *console, char *const argv[])
{
    const struct winsize size = {.ws_row = 24, .ws_col = 80};
    char terminal[64];

    console->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (console->master < 0 || grantpt(console->master) < 0 || unlockpt(console->master) < 0 ||
        ptsname_r(console->master, terminal, sizeof(terminal)) != 0 ||
        ioctl(console->master, TIOCSWINSZ, &size) < 0)
        return -errno;
    console->pid = fork();
    if (console->pid < 0)
        return -errno;
    if (console->pid == 0)
        become(terminal, argv);
    return 0;
}

/* Reads what is there, keeping the end of it. Returns a count, 0 after `timeout` ms, or an errno.
 */
static ssize_t take(struct console *console, int timeout)
{
    struct pollfd ready = {.fd = console->master, .events = POLLIN};
    char bytes[1024];

    int rc = poll(&ready, 1, timeout);
    if (rc <= 0)
        return rc < 0 ? -errno : 0;
    ssize_t got = read(console->master, bytes, sizeof(bytes));
    if (got <= 0)
        return got < 0 ? -errno : -EPIPE;
    size_t count = (size_t)got;
    size_t room = sizeof(console->seen) - 1 - console->length;
    if (count > room) {
        memmove(console->seen, console->seen + (count - room), console->length - (count - room));
        console->length -= count - room;
    }
    memcpy(console->seen + console->length, bytes, count);
    console->length += count;
    console->seen[console->length] = '\0';
    return got;
}

static void forget(struct console *console)
{
    console->length = 0;
    console->seen[0] = '\0';
}

static bool type(const struct console *console, const char *text)
{
    size_t length = strlen(text);

    return write(console->master, text, length) == (ssize_t)length;
}

static bool ends_with(const struct console *console, const char *text)
{
    size_t length = strlen(text);

    return console->length >= length &&
           memcmp(console->seen + console->length - length, text, length) == 0;
}

/*
 * Has the shell print a word that is not in what is typed, after a command that ends with ";" or
 * none, and waits for the prompt after it: what was typed and printed before is over by then.
 * Returns 0, -EAGAIN when the guest stays silent.
 */
static int ask_shell(struct console *console, const char *before)
{
    char text[256];
    char answer[32];

    console->asked++;
    snprintf(text, sizeof(text),
             "\x15"
             "%s echo asked-$((%u+0))\r",
             before, console->asked);
    snprintf(answer, sizeof(answer), "asked-%u\r\n", console->asked);
    forget(console);
    if (!type(console, text))
        return -EPIPE;
    for (;;) {
        ssize_t got = take(console, ECHO_MS);
        if (got <= 0)
            return got < 0 ? (int)got : -EAGAIN;
        if (strstr(console->seen, answer) && ends_with(console, "# "))
            return 0;
    }
}

/* Waits until the guest says no more, then does what gets it nearer to an answering shell. */
static int reach_shell(struct console *console)
{
    int64_t deadline = now_ns() + (int64_t)BOOT_MS * 1000000;

    forget(console);
    while (now_ns() < deadline) {
        ssize_t got = take(console, SILENCE_MS);
        if (got < 0)
            return (int)got;
        if (got > 0)
            continue;
        if (ends_with(console, "# ")) {
            int rc = ask_shell(console, "");
            if (rc != -EAGAIN)
                return rc;
            continue;
        }
        const char *text = ends_with(console, "login: ") ? "root\r" : "\r";
        forget(console);
        if (!type(console, text))
            return -EPIPE;
    }
    return -ETIMEDOUT;
}

/* Whether the echo can only be the guest's: the terminal itself echoes nothing. */
static bool is_raw(const struct console *console)
{
    struct termios modes;

    return tcgetattr(console->master, &modes) == 0 && !(modes.c_lflag & (ECHO | ICANON));
}

static int measure_key(struct console *console, char key, int64_t *nanoseconds)
{
    const char text[] = {key, '\0'};
    ssize_t late;

    while ((late = take(console, 0)) > 0)
        continue;
    if (late < 0)
        return (int)late;
    forget(console);
    int64_t start = now_ns();
    if (!type(console, text))
        return -EPIPE;
    do {
        ssize_t got = take(console, ECHO_MS);
        if (got <= 0)
            return got < 0 ? (int)got : -ETIMEDOUT;
    } while (!strchr(console->seen, key));
    *nanoseconds = now_ns() - start;
    return 0;
}

static void pause_between_keys(void)
{
    struct timespec time = {.tv_nsec = 2000000 + random() % 6000000};

    nanosleep(&time, NULL);
}

static int measure(struct console *console, unsigned long count)
{
    int rc = reach_shell(console);

    for (unsigned long i = 0; rc == 0 && i < count; i++) {
        int64_t nanoseconds = 0;
        if (i % KEYS_PER_LINE == 0)
            rc = ask_shell(console, "");
        if (rc == 0 && !is_raw(console))
            rc = -EINVAL;
        if (rc < 0)
            break;
        pause_between_keys();
        rc = measure_key(console, (char)('A' + i % 26), &nanoseconds);
        if (rc == 0)
            printf("%.1f\n", (double)nanoseconds / 1e3);
    }
    return rc == 0 ? ask_shell(console, "") : rc;
}

static int measure_command(struct console *console, unsigned long count, const char *command)
{
    int rc = reach_shell(console);

    for (unsigned long i = 0; rc == 0 && i < count; i++) {
        int64_t start = now_ns();
        rc = ask_shell(console, command);
        if (rc == 0)
            printf("%.1f\n", (double)(now_ns() - start) / 1e3);
    }
    return rc;
}

/* From the start of the program, which was just now, until the text is on its terminal. */
static int measure_start(struct console *console, int64_t start, const char *text)
{
    while (!strstr(console->seen, text)) {
        ssize_t got = take(console, ECHO_MS);
        if (got <= 0)
            return got < 0 ? (int)got : -ETIMEDOUT;
    }
    printf("%.1f\n", (double)(now_ns() - start) / 1e3);
    return 0;
}

/* Leaves, and reads on until the program has closed the terminal. */
static int leave(struct console *console, const char *keys)
{
    int status;

    if (!type(console, keys))
        return -EPIPE;
    ssize_t got;
    while ((got = take(console, ECHO_MS)) > 0)
        forget(console);
    if (got == 0) {
        kill(console->pid, SIGKILL);
        waitpid(console->pid, &status, 0);
        return -ETIMEDOUT;
    }
    return waitpid(console->pid, &status, 0) == console->pid && status == 0 ? 0 : -ECHILD;
}

/* What is measured, from the command line. */
struct task {
    unsigned long count;
    const char *command; /* or NULL */
    const char *until;   /* or NULL */
    const char *keys;    /* that leave the program */
};

static int do_task(struct console *console, const struct task *task, char *argv[])
{
    const int64_t start = now_ns();
    int rc = open_console(console, argv);

    if (rc == 0 && task->until)
        rc = measure_start(console, start, task->until);
    else if (rc == 0 && task->command)
        rc = measure_command(console, task->count, task->command);
    else if (rc == 0)
        rc = measure(console, task->count);
    return rc == 0 ? leave(console, task->keys) : rc;
}

int main(int argc, char *argv[])
{
    static struct console console;
    struct task task = {.keys = "\x1d"};
    char *end = NULL;

    if (argc >= 4 && strcmp(argv[1], "--until") == 0) {
        task.until = argv[2];
        task.keys = argv[3];
        argv += 2;
        argc -= 2;
    } else if (argc >= 3 && strcmp(argv[1], "--command") == 0) {
        task.command = argv[2];
        argv += 2;
        argc -= 2;
    }
    task.count = argc >= 3 && !task.until ? strtoul(argv[1], &end, 10) : 1;
    if (argc < 3 || (end && *end) || task.count == 0 || task.count > COUNT_MAX ||
        argv[2][0] != '/') {
        fputs(
            "Usage: keystrokes [--command 'COMMAND;'] COUNT /PATH/OF/PROGRAM [ARGUMENT]...\n"
            "       keystrokes --until TEXT KEYS /PATH/OF/PROGRAM [ARGUMENT]...\n"
            "Prints the microseconds that each of COUNT keystrokes took to be echoed, or COUNT\n"
            "commands to be followed by the prompt; or the program, from its start, to show TEXT,\n"
            "after which KEYS leave it.\n",
            stderr);
        return 2;
    }
    int rc = do_task(&console, &task, argv + 2);
    if (rc < 0)
        fprintf(stderr, "keystrokes: %s: %s; the last output was:\n%s\n", argv[2], strerror(-rc),
                console.seen);
    return rc < 0 ? 1 : 0;
}
