#include "xwadm/progress.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct xw_progress {
    pthread_mutex_t lock;
    bool on_terminal;
    size_t done;
    size_t total;
};

/* Whether lines can be rewritten. */
static bool is_terminal(void)
{
    const char *name = getenv("TERM");

    return isatty(STDERR_FILENO) && name && strcmp(name, "dumb") != 0;
}

struct xw_progress *xw_progress_start(size_t total)
{
    struct xw_progress *progress = calloc(1, sizeof(*progress));

    if (!progress)
        return NULL;
    pthread_mutex_init(&progress->lock, NULL);
    progress->on_terminal = is_terminal();
    progress->total = total;
    return progress;
}

/* Back to the beginning of the line, and erase it (ECMA-48: EL). */
static void show(const struct xw_progress *progress, const char *what)
{
    fprintf(stderr, "\r\033[K%zu/%zu  %s", progress->done, progress->total, what);
    fflush(stderr);
}

void xw_progress_begin(struct xw_progress *progress, const char *what)
{
    if (!progress)
        return;
    pthread_mutex_lock(&progress->lock);
    if (progress->on_terminal)
        show(progress, what);
    pthread_mutex_unlock(&progress->lock);
}

void xw_progress_done(struct xw_progress *progress, const char *what, const char *result)
{
    if (!progress)
        return;
    pthread_mutex_lock(&progress->lock);
    progress->done++;
    if (progress->on_terminal) {
        show(progress, what);
    } else {
        printf("%s: %s\n", what, result);
        fflush(stdout); /* whoever reads a pipe or a log sees it when it happens */
    }
    pthread_mutex_unlock(&progress->lock);
}

void xw_progress_end(struct xw_progress *progress)
{
    if (!progress)
        return;
    if (progress->on_terminal) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
    pthread_mutex_destroy(&progress->lock);
    free(progress);
}
