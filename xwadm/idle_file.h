/*
 * What `xwadm tick` has seen of running worlds, kept from one pass to the next: one file of lines,
 * written aside and renamed.
 *
 *   xworlds-idle 1
 *   taken 81234567                     milliseconds of CLOCK_MONOTONIC
 *   world firewall alice               then what belongs to it, in this order
 *   idle 60000                         milliseconds
 *   warned 0                           milliseconds; no such line: not warned
 *   machine router                     as often as machines run
 *   run 7
 *   cpu 9812345678
 *   network 1432
 *   log 2918
 *   open 0
 *   traffic 1796133600123456789
 *   end
 */
#ifndef XW_XWADM_IDLE_FILE_H
#define XW_XWADM_IDLE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "xwadm/idle.h"

/* Worlds and their machines, sorted by lab and owner, and by name. xw_idle_free() frees. */
struct xw_idle_look {
    int64_t taken;
    size_t count;
    struct xw_idle_world *worlds;
};

void xw_idle_free(struct xw_idle_look *look);
#define XW_AUTO_IDLE __attribute__((cleanup(xw_idle_free))) struct xw_idle_look

/* Adds a world without machines, or a machine to the world added last. False: memory is short. */
bool xw_idle_add_world(struct xw_idle_look *look, const char *lab, const char *owner);
bool xw_idle_add_machine(struct xw_idle_look *look, const struct xw_idle_machine *machine);

/* The world of that name, or NULL. */
struct xw_idle_world *xw_idle_find(const struct xw_idle_look *look, const char *lab,
                                   const char *owner);

/* Parses the file's text. Returns 0, -EBADMSG with the line, or -ENOMEM; *look is whole or empty.
 */
int xw_idle_parse(const char *text, size_t length, struct xw_idle_look *look, struct xw_error *err);

/* Reads the file `name` in a directory; none is an empty look. Returns 0 or a negative errno. */
int xw_idle_read(int directory, const char *name, struct xw_idle_look *look, struct xw_error *err);

/* Writes it aside, onto the disk, and renames it into place. Returns 0 or a negative errno. */
int xw_idle_write(int directory, const char *name, const struct xw_idle_look *look,
                  struct xw_error *err);

#endif
