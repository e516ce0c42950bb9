/*
 * What is listed, for people and for programs. On a terminal a table with a heading; anywhere
 * else one line an item, its fields separated by tabs, without a heading and never to change but
 * by new fields at the end (the title, which is free text, is a field like any other).
 */
#ifndef XW_XWSH_PRINT_H
#define XW_XWSH_PRINT_H

#include "xwsh/groups.h"
#include "xwsh/model.h"
#include "xwsh/session.h"

/*
 * world, owner, machines, running, title; open, before, grace or closed; when it opens and closes,
 * in RFC 3339, or "-"
 */
void xw_print_worlds(const struct xw_session *session, const struct xw_model *model);

/* The worlds of a lab, for who looks after them: the same with the last use in the title's place.
 */
void xw_print_members(const struct xw_session *session, const struct xw_model *model);

/*
 * Who may use a lab: role, group, members joined by commas; then "extended", owner, until when.
 * groups has model->grant_count entries.
 */
void xw_print_grants(const struct xw_session *session, const struct xw_model *model,
                     const char *lab, const struct xw_group_view *groups);

/* machine, state, memory in MiB, addresses joined by commas or "-" */
void xw_print_machines(const struct xw_session *session, const struct xw_model *model,
                       const char *lab);

/*
 * The topology of a world: drawn as wide as the terminal, or 80 columns where it is none, in the
 * characters of the locale. In sentences if asked for (plain), and on a terminal that can't place
 * its cursor or is narrower than the drawing. Returns 0 or -ENOMEM.
 */
int xw_print_topology(const struct xw_session *session, const struct xw_model *model,
                      const char *lab, bool plain);

/* machine, checkpoint, when it was made in RFC 3339, memory or disk, size in bytes, text */
void xw_print_checkpoints(const struct xw_session *session, const struct xw_model *model);

/*
 * The status line of a running request on standard error: one line that is rewritten where the
 * terminal can, lines otherwise, nothing where it is no terminal.
 */
struct xw_progress {
    const struct xw_session *session;
    int columns; /* of the line that stands there now */
};

/* subject is "firewall/router" or "firewall"; text is made safe. */
void xw_progress_show(struct xw_progress *progress, const char *subject, const char *text);

/* Removes the line, so that something else can be printed. */
void xw_progress_clear(struct xw_progress *progress);

#endif
