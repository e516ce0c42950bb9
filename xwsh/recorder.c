#include "xwsh/recorder.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/paths.h"
#include "xwsh/cast.h"
#include "xwsh/recordings.h"
#include "xwsh/replay.h"
#include "xwsh/settings.h"
#include "xwsh/target.h"
#include "xwsh/tty.h"

enum { SCREEN_BYTES = 65536 };

struct xw_recorder {
    const struct xw_session *session;
    char target[XW_TARGET_SIZE]; /* firewall:@blue/web */
    char what[4 * XW_NAME_SIZE]; /* firewall-@blue-web */
    char name[XW_RECORDING_NAME_SIZE];
    struct xw_cast *cast; /* NULL: nothing is recorded */
    int fd;
    bool failed; /* and not told yet */
    struct xw_error why;
    size_t used;
    char bytes[2 * SCREEN_BYTES]; /* what the machine wrote last; at least SCREEN_BYTES of it */
};

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct xw_recorder *xw_recorder_new(const struct xw_session *session,
                                    const struct xw_request *request)
{
    struct xw_recorder *recorder = calloc(1, sizeof(*recorder));

    if (!recorder)
        return NULL;
    recorder->session = session;
    recorder->fd = -1;
    xw_target_format(request, recorder->target);
    snprintf(recorder->what, sizeof(recorder->what), "%s%s%s-%s", request->lab,
             *request->owner ? "-" : "", request->owner, request->machines[0]);
    return recorder;
}

static void close_file(struct xw_recorder *recorder)
{
    xw_cast_free(recorder->cast);
    recorder->cast = NULL;
    xw_cleanup_close(&recorder->fd);
    recorder->fd = -1;
}

/* The mark at the end tells a player how long it lasted, and can be missed. */
static void stop(struct xw_recorder *recorder)
{
    (void)xw_cast_end(recorder->cast, now_us());
    close_file(recorder);
}

void xw_recorder_free(struct xw_recorder *recorder)
{
    if (!recorder)
        return;
    if (recorder->cast)
        stop(recorder);
    free(recorder);
}

static int open_directory(struct xw_recordings_limits *limits, struct xw_error *err)
{
    struct xw_settings settings;
    int rc = xw_settings_read(XW_CONFIG_PATH, &settings, err);

    if (rc < 0)
        return rc;
    *limits = settings.recordings;
    if (limits->one == 0)
        return xw_fail(err, -EPERM, "recording is switched off on the lab's host");
    return xw_recordings_open(NULL, true, err);
}

int xw_recorder_check(struct xw_error *err)
{
    struct xw_recordings_limits limits;
    XW_AUTO_CLOSE int directory = open_directory(&limits, err);

    if (directory < 0)
        return directory;
    int64_t room = xw_recordings_room(directory, &limits, err);
    return room < 0 ? (int)room : 0;
}

/* What a line that could not be written means: the recording ends with the one before. */
static void end_early(struct xw_recorder *recorder, int rc)
{
    unsigned long long size = (unsigned long long)xw_cast_size(recorder->cast);

    stop(recorder);
    recorder->failed = true;
    recorder->why = (struct xw_error){0};
    if (rc == -EFBIG)
        xw_fail(&recorder->why, rc,
                "the recording has ended: with %llu KiB it is as large as it may be", size / 1024);
    else
        xw_fail(&recorder->why, rc, "the recording has ended, with what was written until now: %s",
                strerror(-rc));
}

static void done(struct xw_recorder *recorder, int rc)
{
    if (rc < 0)
        end_early(recorder, rc);
}

/* The screen is drawn as for who comes to a console (history.h); where it can't be, it is left out.
 */
void xw_recorder_redraw(struct xw_recorder *recorder)
{
    size_t first = recorder->used > SCREEN_BYTES ? recorder->used - SCREEN_BYTES : 0;
    const char *bytes = recorder->bytes + first;
    size_t count = recorder->used - first;
    size_t whole = xw_replay_whole(bytes, count);
    struct xw_replay replay;
    int rows;
    int columns;

    if (!recorder->cast || count == 0)
        return;
    xw_tty_size(STDOUT_FILENO, &rows, &columns);
    if (xw_replay_make(bytes, whole, rows, columns, XW_CHARSET_UTF8, "", "", &replay) < 0)
        return;
    int rc = xw_cast_output(recorder->cast, now_us(), replay.text, strlen(replay.text));
    free(replay.text);
    if (rc == 0 && count > whole)
        rc = xw_cast_output(recorder->cast, now_us(), bytes + whole, count - whole);
    done(recorder, rc);
}

static int start(struct xw_recorder *recorder, struct xw_error *err)
{
    struct xw_recordings_limits limits;
    struct xw_cast_head head = {
        .when = xw_clock_now(), .title = recorder->target, .term = recorder->session->term};
    uint64_t room = 0;
    XW_AUTO_CLOSE int directory = open_directory(&limits, err);

    if (directory < 0)
        return directory;
    recorder->fd = xw_recordings_make(directory, &limits, recorder->what, head.when, recorder->name,
                                      &room, err);
    if (recorder->fd < 0) {
        recorder->name[0] = '\0';
        return recorder->fd;
    }
    xw_tty_size(STDOUT_FILENO, &head.rows, &head.columns);
    int rc = xw_cast_begin(recorder->fd, &head, room, now_us(), &recorder->cast);
    if (rc < 0) {
        close_file(recorder);
        (void)xw_recordings_remove(directory, recorder->name, NULL);
        return xw_fail_errno(err, rc, "the recording can't be written");
    }
    xw_recorder_redraw(recorder);
    return 0;
}

void xw_recorder_begin(struct xw_recorder *recorder, char text[XW_ERROR_TEXT_MAX])
{
    struct xw_error err = {0};

    recorder->why = (struct xw_error){0};
    if (start(recorder, &err) < 0)
        snprintf(text, XW_ERROR_TEXT_MAX, "not recorded: %.400s", err.text);
    else
        snprintf(text, XW_ERROR_TEXT_MAX, "recording what is shown here, not your keys%s",
                 recorder->session->in_tty ? "; ^] and r end it" : "");
}

void xw_recorder_end(struct xw_recorder *recorder, char text[XW_ERROR_TEXT_MAX])
{
    stop(recorder);
    snprintf(text, XW_ERROR_TEXT_MAX,
             "recorded; from your computer: ssh HOST recordings get %s >%s", recorder->name,
             recorder->name);
}

bool xw_recorder_close(struct xw_recorder *recorder, char text[XW_ERROR_TEXT_MAX])
{
    text[0] = '\0';
    if (recorder->cast)
        xw_recorder_end(recorder, text);
    else if (*recorder->why.text)
        snprintf(text, XW_ERROR_TEXT_MAX, "%.150s; from your computer: ssh HOST recordings get %s",
                 recorder->why.text, recorder->name);
    return text[0] != '\0';
}

bool xw_recorder_runs(const struct xw_recorder *recorder)
{
    return recorder->cast != NULL;
}

const char *xw_recorder_name(const struct xw_recorder *recorder)
{
    return recorder->name;
}

/* Keeps them for the screen, in place of the oldest. */
static void keep(struct xw_recorder *recorder, const char *bytes, size_t count)
{
    if (count > SCREEN_BYTES) {
        bytes += count - SCREEN_BYTES;
        count = SCREEN_BYTES;
    }
    if (count > sizeof(recorder->bytes) - recorder->used) {
        memmove(recorder->bytes, recorder->bytes + recorder->used - SCREEN_BYTES, SCREEN_BYTES);
        recorder->used = SCREEN_BYTES;
    }
    memcpy(recorder->bytes + recorder->used, bytes, count);
    recorder->used += count;
}

void xw_recorder_was(struct xw_recorder *recorder, const char *bytes, size_t count)
{
    recorder->used = 0;
    keep(recorder, bytes, count);
}

void xw_recorder_saw(struct xw_recorder *recorder, const char *bytes, size_t count)
{
    keep(recorder, bytes, count);
    if (recorder->cast)
        done(recorder, xw_cast_output(recorder->cast, now_us(), bytes, count));
}

void xw_recorder_resized(struct xw_recorder *recorder)
{
    int rows;
    int columns;

    if (!recorder->cast)
        return;
    xw_tty_size(STDOUT_FILENO, &rows, &columns);
    done(recorder, xw_cast_resize(recorder->cast, now_us(), columns, rows));
}

void xw_recorder_said(struct xw_recorder *recorder, const char *words)
{
    if (recorder->cast)
        done(recorder, xw_cast_mark(recorder->cast, now_us(), words));
}

bool xw_recorder_has_failed(struct xw_recorder *recorder, struct xw_error *err)
{
    bool failed = recorder->failed;

    recorder->failed = false;
    if (failed)
        *err = recorder->why;
    return failed;
}
