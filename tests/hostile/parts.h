/*
 * The parts of the helper taken over (tests/hostile/owned): puts their test builds in the place of
 * the installed programs and has them carry out attempts.
 */
#ifndef XW_HOSTILE_PARTS_H
#define XW_HOSTILE_PARTS_H

#include <stdbool.h>

#include "tests/hostile/owned/attempts.h"
#include "tests/hostile/suite.h"

/* What is left of the confinement. */
enum layers { ALL_LAYERS, NO_SECCOMP, NO_LANDLOCK, PERMISSIONS };

/* The test build of the gate, or of keeper and relay, with the layers. */
void parts_install_gate(enum layers layers);
void parts_install_keeper(enum layers layers);

/* The keeper whose requests are taken over before they are parsed (owned/parser.c). */
void parts_install_parser(void);

/* The immutable flag of the gate's file (chattr(1)); false where the filesystem has none. */
bool parts_set_flag(bool on);

/* The product again. */
void parts_restore(void);

struct outcome {
    enum { HAD, REFUSED_BY_KEEPER, REFUSED, KILLED, BROKEN } what;
    int error; /* the errno of REFUSED */
};

/* In alice's gate, reader or relay. */
struct outcome parts_attempt(const struct attempt *attempt, const struct scene *scene);

/* In a process of the user's that nothing confines. */
struct outcome parts_attempt_alone(const struct attempt *attempt, const struct scene *scene,
                                   const struct drive_user *user);

/* Runs alice's gate with these orders; out is what it says. */
void parts_gate(const char *const argv[], int viewer, struct drive_result *result);

/* Gives alice's reader or relay one line; what it says, to its end. */
void parts_say(int part, const char *line, char *text, size_t size);

/* The same part at work for bob, waiting: returns its pid. */
pid_t parts_victim(int part);
void parts_end_victim(void);

#endif
