#include "xwsh/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "xwsh/draw.h"
#include "xwsh/render.h"

enum { SEQUENCE_MAX = 64, CPU_SECONDS = 2 };

/* What the renderer is given; it is forked, so the bytes are its own. */
struct task {
    const char *bytes;
    size_t count;
    int rows;
    int columns;
    struct xw_screen *screen; /* shared */
    void *memory;
    size_t size;
};

/* Whether the bytes from ESC on are the beginning of a sequence; strings aren't looked at. */
static bool is_unfinished(const char *bytes, size_t count)
{
    size_t i = 1;

    if (count == 1)
        return true;
    bool csi = bytes[1] == '[';
    if (csi)
        i++;
    while (i < count && bytes[i] >= ' ' && bytes[i] < (csi ? '@' : '0'))
        i++;
    return i == count;
}

size_t xw_replay_whole(const char *bytes, size_t count)
{
    for (size_t back = 1; back <= SEQUENCE_MAX && back <= count; back++) {
        if (bytes[count - back] == '\x1b')
            return is_unfinished(bytes + count - back, back) ? count - back : count;
    }
    return count - xw_utf8_unfinished(bytes, count);
}

/* Ends without a word; exit_group() is not among what strict mode leaves. */
static _Noreturn void leave(void)
{
    for (;;)
        syscall(SYS_exit, 0);
}

/* The renderer. in: the end of a pipe that closes with it. */
static _Noreturn void be_renderer(const struct task *task, int in)
{
    static const struct rlimit time = {CPU_SECONDS, CPU_SECONDS};

    if (dup2(in, 0) == 0 && close_range(1, ~0U, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
        setrlimit(RLIMIT_CPU, &time) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0) {
        xw_render(task->bytes, task->count, task->rows, task->columns, task->screen, task->memory,
                  task->size);
        task->screen->whole = true;
    }
    leave();
}

/* Waits until the renderer has ended; one that doesn't is ended. */
static int wait_for(pid_t renderer, int end)
{
    struct pollfd wait = {.fd = end};
    int rc;

    do
        rc = poll(&wait, 1, XW_REPLAY_MS);
    while (rc < 0 && errno == EINTR);
    if (rc > 0)
        return 0;
    kill(renderer, SIGKILL);
    return -ETIMEDOUT;
}

static int run_renderer(const struct task *task)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    pid_t renderer = fork();
    if (renderer == 0)
        be_renderer(task, ends[1]);
    int rc = renderer < 0 ? -errno : 0;
    close(ends[1]);
    if (rc == 0)
        rc = wait_for(renderer, ends[0]);
    close(ends[0]);
    return rc < 0 ? rc : task->screen->whole ? 0 : -EPROTO;
}

static void *map(size_t size, int flags)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

    return at == MAP_FAILED ? NULL : at;
}

static int draw(const struct task *task, enum xw_charset charset, const char *words,
                const char *if_blank, struct xw_replay *replay)
{
    const struct xw_screen *screen = task->screen;
    bool blank = xw_draw_is_blank(screen, task->rows, task->columns);

    *replay = (struct xw_replay){
        .text = xw_draw(screen, task->rows, task->columns, charset, blank ? if_blank : words),
        .touches = xw_draw_touches(screen, task->rows),
        .alternate = screen->alternate,
    };
    return replay->text ? 0 : -ENOMEM;
}

int xw_replay_make(const char *bytes, size_t count, int rows, int columns, enum xw_charset charset,
                   const char *words, const char *if_blank, struct xw_replay *replay)
{
    struct task task = {.bytes = bytes, .count = count, .rows = rows, .columns = columns};

    if (rows < XW_RENDER_ROWS_MIN || columns < XW_RENDER_COLUMNS_MIN)
        return -ENOTSUP;
    const size_t size = xw_screen_size(rows, columns);
    task.size = xw_render_memory(rows, columns);
    task.screen = map(size, MAP_SHARED);
    task.memory = map(task.size, MAP_PRIVATE | MAP_NORESERVE);
    int rc = task.screen && task.memory ? run_renderer(&task) : -ENOMEM;
    if (rc == 0)
        rc = draw(&task, charset, words, if_blank, replay);
    if (task.screen)
        munmap(task.screen, size);
    if (task.memory)
        munmap(task.memory, task.size);
    return rc;
}
