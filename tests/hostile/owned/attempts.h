/*
 * What a part of the helper that has been taken over may try. Linked into test builds of the gate,
 * the keeper (for the reader) and the relay, and into a program of its own, tests/hostile/owned/
 * alone.c, that does the same without any confinement: as the student, to see what is no gain, and
 * as root, to see that the attempt works where it is allowed.
 */
#ifndef XW_HOSTILE_OWNED_ATTEMPTS_H
#define XW_HOSTILE_OWNED_ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { IN_GATE = 1, IN_READER = 2, IN_RELAY = 4, IN_ALL = 7 };

/* Besides 0 (had) and negative errnos: the keeper was reached and has refused. */
enum { KEEPER_REFUSED = 1 };

enum {
    OWN_FILE = 1,   /* of its own program's file: the immutable flag matters */
    ITS_UID = 2,    /* worth what its uid is worth: no comparison with the student */
    DISTURBS = 4,   /* had, it may end another's request under way, and nothing more */
    AS_A_GATE = 16, /* its control is not root, but the other student's gate */
    AS_ITS_UID = 32 /* its control is not root, but a process of its own uid */
};

/* Whom and what to try it on. */
struct scene {
    int part;         /* IN_... */
    pid_t victim;     /* the same part at work for another student */
    pid_t caller;     /* a process of its student's */
    uid_t other;      /* the other student */
    const char *uuid; /* of the other student's running machine */
    bool alone;       /* in the program that is confined by nothing */
};

struct attempt {
    const char *name;
    int parts;
    int notes;
    int (*run)(const struct scene *scene);
    const char *words; /* for the table */
};

extern const struct attempt attempts_identity[];
extern const struct attempt attempts_kernel[];
extern const struct attempt attempts_files[];
extern const struct attempt attempts_sockets[];
extern const struct attempt attempts_processes[];

/* All of them, one table after the other; ends with NULL. */
const struct attempt *attempt_at(size_t index);

/* The words that carry out an attempt: NAME PART VICTIM CALLER OTHER UUID. */
struct order {
    const char *name;
    struct scene scene;
};
bool order_read(const char *const words[6], struct order *order);

/* Splits a line at its spaces, in place; false unless there are six words. */
bool order_split(char *line, const char *words[6]);

/* Carries it out: "had", "refused ERRNO", "keeper", or "unknown". The text is static. */
const char *order_carry_out(const struct order *order);

/* Reports the number of each open descriptor, with a blank behind it. */
void tell_held(void (*report)(const char *text));

/* 0 or the negative errno, for calls in the style of the C library. */
int outcome(long returned);

#endif
