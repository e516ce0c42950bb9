/*
 * What a console's relay sends to a viewer's: frames, so that the guest's bytes and words about who
 * is there keep their order and can't be taken for each other. In the other direction there are
 * the viewer's keys and nothing else. Both ends are ours; each checks what it gets all the same.
 *
 * A frame is a kind, the length in two bytes (the higher first), and that many bytes. Before the
 * first one comes XW_RELAY_ACCEPTS, which the keeper reads.
 */
#ifndef XW_RELAY_FRAME_H
#define XW_RELAY_FRAME_H

enum {
    XW_FRAME_HEAD = 3,
    XW_FRAME_MAX = 8192,      /* bytes of the guest in one frame, at least 1 */
    XW_FRAME_WORDS_MAX = 160, /* of a line with its newline */
    XW_FRAME_GUEST = 'g',
    XW_FRAME_WORDS = 'w'
};

#define XW_RELAY_ACCEPTS '+'

/*
 * How much of what the guest wrote before a viewer came they are given first, in bytes: enough for
 * any window's text with its colours.
 */
enum { XW_RELAY_HISTORY_MAX = 65536 };

/* The words that say why the machine goes: no others are needed when it has gone. */
#define XW_RELAY_SUSPENDS "progress - the world is being suspended"
#define XW_RELAY_STAYS    "progress - the world could not be suspended"

#endif
