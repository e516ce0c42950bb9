/*
 * What xwsh and the program in a machine say to each other when files are copied
 * (docs/protocols.md). Both directions are frames: a kind, the length in two bytes (the higher
 * first), and that many bytes. Compiled into xwsh and into that program; the keeper and the relay
 * take the sizes alone. No I/O.
 *
 * The channel knows no connections: what one transfer has left behind on its way into the machine
 * comes before the next request. So bytes of 0 between frames mean nothing, and a request follows
 * XW_COPY_LEAD of them, which end whatever frame had been begun; and every answer repeats the
 * token of its request, so that what is left of others can be told from it.
 */
#ifndef XW_COMMON_COPY_FRAME_H
#define XW_COMMON_COPY_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The channel as the machine sees it, below /dev/virtio-ports or /sys/class/virtio-ports. */
#define XW_COPY_CHANNEL "org.xworlds.copy.0"

enum {
    XW_COPY_HEAD = 3,
    XW_COPY_CHUNK =
        4096, /* bytes in one frame, at most; every frame of data but the last is full */
    XW_COPY_FRAME = XW_COPY_HEAD + XW_COPY_CHUNK,
    XW_COPY_LEAD = XW_COPY_FRAME,
    XW_COPY_TOKEN = 16,
    XW_COPY_ANSWER = 256,                                   /* bytes of an answer, always */
    XW_COPY_PATH_SIZE = XW_COPY_CHUNK - XW_COPY_TOKEN - 2,  /* with its end */
    XW_COPY_WORDS_SIZE = XW_COPY_ANSWER - XW_COPY_TOKEN - 1 /* the same */
};

enum xw_copy_kind {
    XW_COPY_NOTHING = 0,
    XW_COPY_REQUEST = 'r', /* to the machine; XW_COPY_CHUNK bytes */
    XW_COPY_DATA = 'd',
    XW_COPY_END = 'e',   /* of the data; no bytes */
    XW_COPY_READY = 'a', /* from the machine, before any data; XW_COPY_ANSWER bytes */
    XW_COPY_DONE = 'z'   /* from the machine, the last; as many */
};

struct xw_copy_request {
    unsigned char token[XW_COPY_TOKEN]; /* drawn anew for each */
    bool put;                           /* into the machine; else out of it */
    bool tar;                           /* an archive of what is at the path, or for below it */
    char path[XW_COPY_PATH_SIZE];       /* absolute */
};

struct xw_copy_answer {
    unsigned char token[XW_COPY_TOKEN];
    bool good;
    char words[XW_COPY_WORDS_SIZE]; /* why not; raw bytes of the machine's */
};

struct xw_copy_frame {
    enum xw_copy_kind kind;
    size_t length;
    const unsigned char *bytes; /* in the reader, until it is fed again */
};

/* Start with { 0 }. */
struct xw_copy_reader {
    size_t used;
    unsigned char bytes[XW_COPY_FRAME];
};

/*
 * Feeds the reader from bytes, up to the end of one frame. *frame is that, or of the kind
 * XW_COPY_NOTHING where more is needed. Returns how many bytes were taken, or -EPROTO where they
 * are no frame: the reader is as new then.
 */
int xw_copy_feed(struct xw_copy_reader *reader, const unsigned char *bytes, size_t count,
                 struct xw_copy_frame *frame);

/* Writes a frame of at most XW_COPY_CHUNK bytes. Returns its length. */
size_t xw_copy_write(unsigned char out[XW_COPY_FRAME], enum xw_copy_kind kind, const void *bytes,
                     size_t length);

/* A request with its head; the lead is not part of it. Returns its length. */
size_t xw_copy_write_request(unsigned char out[XW_COPY_FRAME],
                             const struct xw_copy_request *request);

/* Reads a frame of that kind. Returns 0 or -EPROTO. */
int xw_copy_read_request(const struct xw_copy_frame *frame, struct xw_copy_request *request);

/* The same of answers: XW_COPY_READY or XW_COPY_DONE. */
size_t xw_copy_write_answer(unsigned char out[XW_COPY_FRAME], enum xw_copy_kind kind,
                            const struct xw_copy_answer *answer);
int xw_copy_read_answer(const struct xw_copy_frame *frame, struct xw_copy_answer *answer);

/*
 * How many bytes pass in each direction when so many are copied, at most: exactly, where the
 * channel was empty. With put: into the machine.
 */
struct xw_copy_passage {
    uint64_t to_machine;
    uint64_t from_machine;
};
struct xw_copy_passage xw_copy_passage(bool put, uint64_t bytes);

#endif
