/*
 * Bytes between a terminal (or pipes) and the socket of a console.
 */
#ifndef XW_XWSH_PUMP_H
#define XW_XWSH_PUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xwsh/escape.h"
#include "xwsh/guest.h"

enum { XW_PUMP_CHUNK = 4096, XW_PUMP_WAITING_MAX = 65536 };

enum xw_pump_end {
    XW_PUMP_GOES_ON,
    XW_PUMP_ESCAPE, /* ^] was typed, and perhaps a key with it; the console goes on */
    XW_PUMP_LEFT,   /* to leave was asked for */
    XW_PUMP_CLOSED, /* the other side has closed */
    XW_PUMP_GONE    /* the terminal, or whoever reads our output, is gone */
};

/* Start with { .in_tty = ..., .socket = ... } and now for moved_at and typed_at. */
struct xw_pump {
    int socket; /* non-blocking */
    bool in_tty;
    bool watching;      /* nothing is sent to the guest, and the end of input is none */
    bool in_ended;      /* standard input has ended */
    size_t passed_over; /* bytes of the guest that are still to come and are not shown */
    int64_t moved_at;   /* when the guest last took something; milliseconds, monotonic */
    int64_t typed_at;   /* when input last came */
    int64_t quiet;      /* the longest time without any, as noted */
    struct xw_escape escape;
    char key; /* that came with ^]; '\0' for none */
    struct xw_guest guest;
    /* NULL, or what is told each byte of the guest that was given to the terminal. */
    void (*saw)(void *data, const char *bytes, size_t count);
    void *data;
    size_t start; /* of what waits for the guest */
    size_t count;
    char waiting[XW_PUMP_WAITING_MAX];
};

/* Milliseconds of the monotonic clock. */
int64_t xw_pump_now(void);

/*
 * Whether standard input is to be polled. Once as much waits as can, input is left where it is;
 * when the guest has then taken nothing for three seconds, input is read and dropped until it
 * takes again, so that a guest that hangs does not take ^] away.
 */
bool xw_pump_wants_input(const struct xw_pump *pump);

/* Milliseconds after which to look again although no descriptor is ready; -1 for never. */
int xw_pump_timeout(const struct xw_pump *pump);

/* Notes the time since input last came, if no longer one was noted; each input does. */
void xw_pump_note_quiet(struct xw_pump *pump);

/* Each moves what is there. */
enum xw_pump_end xw_pump_from_guest(struct xw_pump *pump);
enum xw_pump_end xw_pump_from_input(struct xw_pump *pump);
enum xw_pump_end xw_pump_to_guest(struct xw_pump *pump);

/* Shows bytes of the guest. */
enum xw_pump_end xw_pump_show(struct xw_pump *pump, const char *bytes, size_t count);

/* How much of what one read(2) of at most XW_PUMP_CHUNK bytes gave is ^] (escape.h). */
size_t xw_pump_escape(struct xw_pump *pump, const char *bytes, size_t count);

/* Puts bytes behind what waits for the guest, if they have room, and sends what it takes. */
enum xw_pump_end xw_pump_type(struct xw_pump *pump, const char *bytes, size_t count);

#endif
