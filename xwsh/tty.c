#include "xwsh/tty.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "xwsh/signals.h"

enum { SETTLE_MS = 1000 };

void xw_tty_size(int fd, int *rows, int *columns)
{
    struct winsize size = {0};

    *rows = 24;
    *columns = 80;
    if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0)
        return;
    *rows = size.ws_row < XW_TTY_ROWS_MAX ? size.ws_row : XW_TTY_ROWS_MAX;
    *columns = size.ws_col < XW_TTY_COLUMNS_MAX ? size.ws_col : XW_TTY_COLUMNS_MAX;
}

int xw_tty_raw(int fd, struct termios *saved)
{
    struct termios raw;

    if (tcgetattr(fd, saved) < 0)
        return -errno;
    raw = *saved;
    cfmakeraw(&raw);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    return tcsetattr(fd, TCSANOW, &raw) < 0 ? -errno : 0;
}

void xw_tty_restore(int fd, const struct termios *saved)
{
    tcsetattr(fd, TCSAFLUSH, saved);
}

int xw_write_all(int fd, const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size > 0) {
        ssize_t written = write(fd, at, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -errno;
        at += written;
        size -= (size_t)written;
    }
    return 0;
}

static void write_text(int fd, const char *text)
{
    /* A terminal that is gone needs no reset. */
    (void)xw_write_all(fd, text, strlen(text));
}

void xw_tty_enter_guest(int fd)
{
    write_text(fd, "\x1b[22;0t");
}

static void undo_guest(int fd, const char *term, bool alternate)
{
    /* CAN ends a control sequence, ST a string that was never closed. */
    write_text(fd, "\x18\x1b\\");
    /* 7-bit answers; ASCII in G0 and G1, G0 shifted in. */
    write_text(fd, "\x1b F\x1b(B\x1b)B\x0f");
    /*
     * 1049 puts the cursor back to where it was before the alternate screen, and some terminals
     * move it even where there was none: then 47, which leaves it.
     */
    write_text(fd, alternate ? "\x1b[?1049l" : "\x1b[?47l");
    /* Margins and origin mode move the cursor, which is saved (ESC 7) and restored (ESC 8). */
    write_text(fd, "\x1b\x37\x1b[?69l\x1b[r\x1b[?6l\x1b\x38");
    write_text(fd, "\x1b[?9;1000;1001;1002;1003;1004;1005;1006;1015;1016l");
    write_text(fd, "\x1b[?2004l\x1b[?2026l\x1b[?2031l\x1b[?2048l\x1b[>4;0m\x1b[=0u");
    write_text(fd, "\x1b[?1l\x1b>\x1b[?5l\x1b[?7h\x1b[?25h\x1b[?66l");
    write_text(fd, "\x1b[2l\x1b[4l\x1b[20l\x1b[12h\x1b[0m\x1b[0 q");
    /* DECSTR for the rest; by the manual it also switches wrapping off. */
    write_text(fd, "\x1b[!p\x1b[?7h\x1b[?25h");
    /* The Linux console takes what follows "ESC ]" for something else (console_codes(4)). */
    if (strncmp(term, "linux", 5) != 0)
        write_text(fd, "\x1b]8;;\x1b\\\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\\x1b]112\x1b\\");
}

void xw_tty_leave_guest(int fd, const char *term, const struct xw_guest *guest)
{
    if (guest->touched)
        undo_guest(fd, term, guest->alternate);
    write_text(fd, "\x1b[23;0t");
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads until `answer` has gone by, byte for byte, or the time is over. */
static void read_up_to(int fd, const char *answer)
{
    int64_t deadline = now_ms() + SETTLE_MS;
    size_t matched = 0;

    while (answer[matched]) {
        int64_t left = deadline - now_ms();
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        char byte;

        if (left <= 0 || poll(&wait, 1, (int)left) <= 0 || read(fd, &byte, 1) != 1)
            return;
        if (byte != answer[matched])
            matched = 0;
        if (byte == answer[matched])
            matched++;
    }
}

void xw_tty_settle(int in, int out)
{
    unsigned char chance[2] = {0};
    char question[48];
    char answer[16];
    int rows;
    int columns;

    xw_tty_size(out, &rows, &columns);
    if (rows > 255)
        rows = 255;
    if (columns > 255)
        columns = 255;
    if (getrandom(chance, sizeof(chance), GRND_NONBLOCK) != (ssize_t)sizeof(chance))
        return;
    int row = 1 + chance[0] % rows;
    int column = 1 + chance[1] % columns;
    snprintf(question, sizeof(question), "\x1b\x37\x1b[%d;%dH\x1b[6n\x1b\x38", row, column);
    snprintf(answer, sizeof(answer), "\x1b[%d;%dR", row, column);
    write_text(out, question);
    read_up_to(in, answer);
    tcflush(in, TCIFLUSH);
}

/* Waits for input. Returns 0, -EINTR, -EPIPE or -ETIMEDOUT as xw_tty_read_line_until() does. */
static int wait_for_input(int signal_fd, int64_t deadline)
{
    for (;;) {
        struct pollfd wait[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
                                 {.fd = signal_fd, .events = POLLIN}};
        int64_t left = deadline - now_ms();
        if (deadline >= 0 && left <= 0)
            return -ETIMEDOUT;
        if (poll(wait, 2, deadline >= 0 ? (int)left : -1) < 0 && errno != EINTR)
            return -errno;
        enum xw_signal signal = wait[1].revents ? xw_signals_next(signal_fd) : XW_SIGNAL_NONE;
        if (signal == XW_SIGNAL_INTERRUPT)
            return -EINTR;
        if (signal == XW_SIGNAL_HANGUP)
            return -EPIPE;
        if (wait[0].revents)
            return 0;
    }
}

int xw_tty_read_line(int signal_fd, const char *prompt, bool fresh, char *line, size_t size)
{
    return xw_tty_read_line_until(signal_fd, prompt, fresh, -1, line, size);
}

int xw_tty_read_line_until(int signal_fd, const char *prompt, bool fresh, int64_t deadline,
                           char *line, size_t size)
{
    size_t used = 0;
    bool too_long = false;

    if (fresh)
        tcflush(STDIN_FILENO, TCIFLUSH);
    fputs(prompt, stdout);
    fflush(stdout);
    for (;;) {
        char byte;
        int rc = wait_for_input(signal_fd, deadline);
        if (rc < 0)
            return rc;
        if (read(STDIN_FILENO, &byte, 1) != 1)
            return -EPIPE;
        if (byte == '\n')
            break;
        if (used + 1 < size)
            line[used++] = byte;
        else
            too_long = true;
    }
    line[used] = '\0';
    if (strlen(line) != used)
        line[0] = '\0';
    return too_long ? -EMSGSIZE : 0;
}

int xw_tty_read_secret(int signal_fd, const char *prompt, int64_t deadline, char *line, size_t size)
{
    struct termios saved;
    struct termios hidden;

    if (tcgetattr(STDIN_FILENO, &saved) < 0)
        return -EPIPE;
    hidden = saved;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    hidden.c_lflag |= ICANON | ISIG;
    hidden.c_iflag |= ICRNL;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) < 0)
        return -EPIPE;
    int rc = xw_tty_read_line_until(signal_fd, prompt, false, deadline, line, size);
    xw_tty_restore(STDIN_FILENO, &saved);
    putchar('\n');
    fflush(stdout);
    if (rc < 0)
        explicit_bzero(line, size);
    return rc;
}
